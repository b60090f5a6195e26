import io
from typing import Any

from rich.console import Console

from desk.drill.report import show

CALM: dict[str, Any] = {
    "stored": 650,
    "lost": 0,
    "twice": 0,
    "late": 0,
    "dead_lettered": 0,
    "most_ahead": 6,
    "trouble": ["killed"],
    "recovery": None,
}
DOWN = CALM | {
    "most_ahead": 301,
    "trouble": ["429", "503", "killed", "unanswered"],
    "recovery": {"waiting": 240, "noticed": 2.4, "drained": 5.1},
}
FOUND: dict[str, Any] = {
    "holds": True,
    "drained": True,
    "events": 485,
    "seed": 8,
    "seconds": 150.2,
    "problems": {},
    "destinations": {"crm": DOWN, "pager": DOWN | {"trouble": ["slow"]}, "lake": CALM},
    "retry_after": {"asked": 20, "next_try": 20.4},
    "functions": {"receive-webhook": ["killed"], "route-events": ["killed", "lost"]},
}


def shown(found: dict[str, Any]) -> str:
    console = Console(width=80, file=io.StringIO())
    show(console, found)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_row_says_what_was_lost_twice_and_late_and_how_soon_it_was_over() -> None:
    rows = [line.split() for line in shown(FOUND).splitlines()]
    (crm,) = [row for row in rows if row[:1] == ["crm"] and len(row) > 6 and row[1] == "650"]
    assert crm[:8] == ["crm", "650", "0", "0", "0", "301", "240", "5.1"]
    (lake,) = [row for row in rows if row[:1] == ["lake"]]
    assert lake == ["lake", "650", "0", "0", "0", "6", "-", "-", "killed"]


def test_what_the_others_went_through_and_the_verdict_are_told() -> None:
    said = shown(FOUND)
    assert "route-events: killed, an answer lost" in said
    assert "the next try came after 20.4 s" in said
    assert "Nothing lost, nothing twice, nothing late" in said
    assert "…" not in said


def test_a_broken_promise_is_shown_with_its_cases() -> None:
    said = shown(FOUND | {"holds": False, "problems": {"lost": ["crm e1"]}})
    assert "lost: 1" in said
    assert "crm e1" in said
    assert "Nothing lost" not in said
