import hashlib
import json
from pathlib import Path
from typing import Any

from tests.faults.evidence import read_journal, read_sends, taken_of


def write(path: Path, *lines: dict[str, Any], rest: str = "") -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + rest)
    return path


def publication(name: str, timestamp: int) -> dict[str, Any]:
    return {
        "kind": "published",
        "interaction": name,
        "event": {"timestamp": timestamp},
        "sha256": f"sha of {timestamp}",
        "message_id": "CAE=",
        "sequence": 7,
        "publish_time": 1_000,
    }


def send(sequence: int, kind: str = "interaction.created", body: str = "{}") -> dict[str, Any]:
    envelope = {"event": {"type": kind}, "raw": {"body": body}}
    return {
        "queue": "ingest.fifo",
        "sequence": sequence,
        "group": "g",
        "deduplication_id": "e",
        "body": json.dumps(envelope),
    }


def test_an_agents_line_is_one_day_and_an_interactions_is_all_of_it(tmp_path: Path) -> None:
    names = [("int-1", 5), ("int-1", 86_400_005), ("ag1", 5), ("ag1", 86_400_005)]
    lines = [publication(*name) for name in names]
    found = read_journal(write(tmp_path / "log", {"kind": "opened"}, *lines))
    assert [one.line for one in found] == ["int-1", "int-1", "ag1 0", "ag1 1"]
    assert (found[0].sha256, found[0].place, found[0].at) == ("sha of 5", 7, 1_000)


def test_sends_come_in_the_order_in_which_the_queue_took_them(tmp_path: Path) -> None:
    path = write(tmp_path / "sends", send(3), send(1), send(2), rest='{"half": ')
    assert [one.sequence for one in read_sends(path)] == [1, 2, 3]


def test_a_send_is_known_by_the_payload_as_it_was_published() -> None:
    payload = '{"Interaction": {"name": "Jörg"}}'
    taken = taken_of(send(1, body=payload))
    assert taken.sha256 == hashlib.sha256(payload.encode()).hexdigest()
    assert (taken.group, taken.event_id, taken.span) == ("g", "e", None)


def test_a_gap_says_from_when_to_when() -> None:
    told = {"after_time": "2026-01-01T00:00:00.000Z", "until_time": None}
    span = taken_of(send(1, "stream.gap.detected", json.dumps(told))).span
    assert span is not None
    assert span[0] == told["after_time"]
    assert span[1] > "2999-12-31T23:59:59.999Z"
