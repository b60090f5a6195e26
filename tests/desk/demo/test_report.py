import io
from typing import Any

from rich.console import Console

from desk.demo.report import show

DESTINATION: dict[str, Any] = {
    "delivered": 40100,
    "repeats_of_a_key": 1,
    "retried": 3100,
    "dead_lettered": 2,
    "possible_duplicates": 0,
    "order_violations": 0,
    "p50_seconds": 29.02,
    "p99_seconds": 188.35,
}
STREAM: dict[str, Any] = {
    "source": "contact-centre",
    "published": 2930,
    "captured": 2929,
    "lost": 1,
    "repeated_frames": 61,
    "stored_twice": 0,
    "kills": 2,
    "drops": 3,
    "p50_seconds": 16.02,
    "p99_seconds": 138.07,
}
AWS = {"requests": 5400, "requests_each": 5.44, "dollars_per_million": 5.05}
FOUND: dict[str, Any] = {
    "stream": STREAM,
    "sources": {"meetings": {"received": 161, "repeats": 2, "refused": {"401 expired": 1}}},
    "destinations": {"crm": DESTINATION},
    "aws": {
        "roles": {"switchboard-laptop-route-events-role": AWS, "switchboard-laptop-x-role": AWS},
        "routing and delivery": AWS,
        "sources": AWS,
    },
    "ready_made": {
        "recording-audit": {
            "type": "interaction.waiting_too_long",
            "destination": "warehouse",
            "as_written": True,
            "arrived": {},
        },
    },
    "sample": '{"type": "call.ended"}',
    "problems": {},
    "holds": True,
    "drained": True,
    "events": 405,
    "seconds": 70.1,
}


def shown(found: dict[str, Any]) -> str:
    console = Console(width=80, file=io.StringIO())
    show(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_column_is_whole_in_eighty_characters() -> None:
    said = shown(FOUND)
    assert "…" not in said
    for word in (
        "delivered",
        "repeats",
        "retried",
        "dead",
        "possible",
        "188.35",
        "40100",
        "138.07",
        "route-events",
        "5.05",
    ):
        assert word in said


def test_the_stream_is_the_first_line() -> None:
    lines = [line.split() for line in shown(FOUND).splitlines()]
    named = [line for line in lines if line and line[0] in {"contact-centre", "meetings", "crm"}]
    assert named[0] == [
        "contact-centre", "2930", "61", "2929", "1", "0", "2", "3", "16.02", "138.07",
    ]  # fmt: skip


def test_a_broken_promise_is_shown_with_its_cases() -> None:
    said = shown(FOUND | {"holds": False, "problems": {"lost": ["crm e1", "crm e2"]}})
    assert "lost: 2" in said
    assert "crm e1" in said
    assert "Every promise held" not in said


def test_a_denied_action_is_named_with_its_role() -> None:
    denied = {"AccessDenied": ["7 x to-crm-role: dynamodb:PutItem on table/ledger"]}
    said = shown(FOUND | {"holds": False, "problems": denied})
    assert "7 x to-crm-role: dynamodb:PutItem on table/ledger" in said


def test_a_ready_made_mapping_that_made_something_else_is_seen() -> None:
    assert "yes" in shown(FOUND)
    (one,) = FOUND["ready_made"].values()
    assert "NO" in shown(FOUND | {"ready_made": {"agent-state": one | {"as_written": False}}})
