"""`switchboard mappings diff`, against brute force, and against a stage's archive."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from desk.command.app import run
from desk.mappings.differing import FAILED, difference
from desk.sender.scenario import PAYLOADS
from switchboard.archive import RawLine
from switchboard.envelope import Raw
from switchboard.event import Event, as_document, utc_text
from switchboard.events import Recorded
from switchboard.guards import Fact
from switchboard.mapping import compile_mapping
from switchboard.testing.deliveries import make_event
from switchboard.testing.interpreter import Refused, interpret
from tests.desk.staged import AT, DAY, STAGE, Staged, staged

EVENTS = 5_000
OLD = {
    "id": "data.id",
    "phone": "e164(data.from)",
    "talk": "data.talk",
    "kind": "when(data.talk > `60`, 'long', 'short')",
    "gone": "data.queue",
}
NEW = {
    "id": "data.id",
    "phone": "e164(data.from, 'GB')",
    "talk": "hhmmss(data.talk)",
    "kind": "when(data.talk > `90`, 'long', 'short')",
    "queue": "upper(data.queue)",
}


def facts() -> Iterator[Fact]:
    return (Fact(event) for event in events())


def events() -> Iterator[Event]:
    """Events whose fields are of all the types that 8x8 sends, and some that it should not."""
    chance = random.Random(7)
    for number in range(EVENTS):
        talk: Any = chance.choice([30, 75, 200, "75", None, [], "soon"])
        data: dict[str, Any] = {"id": number, "talk": talk, "queue": chance.choice(["a", "B", 7])}
        if chance.random() < 0.8:
            data["from"] = chance.choice(["+14155552671", "020 7946 0958", "1001", {}])
        yield make_event(number, data=data)


def by_brute_force(fields: Mapping[str, str], event: Event) -> dict[str, Any] | None:
    """Each field by the library's interpreter; None: it cannot be mapped."""
    try:
        return {name: interpret(text, as_document(event)) for name, text in fields.items()}
    except Refused:
        return None


def test_it_finds_what_brute_force_finds_over_5000_events() -> None:
    found = difference(facts(), compile_mapping(OLD), compile_mapping(NEW), EVENTS * 9)
    wanted: list[tuple[str, str]] = []
    changed = broken = mended = 0
    for event in events():
        before, after = by_brute_force(OLD, event), by_brute_force(NEW, event)
        broken += before is not None and after is None
        mended += before is None and after is not None
        if before is None or after is None:
            names = [FAILED] if (before is None) != (after is None) else []
        else:
            names = [
                name
                for name in {**before, **after}
                if (name in before, json.dumps(before.get(name)))
                != (name in after, json.dumps(after.get(name)))
            ]
        changed += bool(names)
        wanted += [(event.id, name) for name in names]
    assert [(one.event_id, one.field) for one in found.first] == wanted
    assert (found.events, found.broken, found.mended) == (EVENTS, broken, mended)
    assert found.changed == changed
    assert 0 < broken < changed


def test_a_mapping_changes_nothing_against_itself() -> None:
    old = compile_mapping(OLD)
    found = difference(facts(), old, compile_mapping(dict(OLD)), 10)
    assert found.events == EVENTS
    assert (found.changed, found.broken, found.mended, found.first) == (0, 0, 0, [])


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    monkeypatch.setenv("COLUMNS", "200")
    with staged(monkeypatch) as stage:
        for number in range(6):
            archived(stage, number)
        stage.put("mappings/meeting", {"fields": {"room": "data.room", "session": "data.session"}})
        yield stage


def archived(stage: Staged, number: int) -> None:
    """An event whose raw payload says more than what was recorded of it."""
    event = make_event(number, source="meetings", time=AT, data={"room": "as it was recorded"})
    body = json.dumps(PAYLOADS["meetings"](f"e{number}", "one", number, 1_790_000_000, {}))
    raw = Raw(kind="jaas", body=body, received_at=utc_text(AT))
    refs = stage.archive.write([RawLine(event.id, "meetings", event.time, raw)])
    stage.events.append(
        Recorded("interaction:one", event, raw.received_at, refs[event.id], None, [], "")
    )


def diff(new: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, Any]:
    words = ["mappings", "diff", str(new), "--stage", STAGE, "--since", DAY, "--until", DAY]
    code = run([*words, "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_stored_events_are_read_from_their_raw_payloads(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    new = tmp_path / "meeting.json"
    new.write_text('{"fields": {"room": "upper(data.room)", "session": "data.session"}}')
    code, found = diff(new, capsys)
    assert (code, found["events"], found["changed"]) == (0, 6, 6)
    assert found["fields"] == {"room": 6}
    assert "as it was recorded" not in json.dumps(found["first"])


def test_what_cannot_be_mapped_any_more_is_no_success(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "meeting.json"
    new.write_text('{"fields": {"room": "hhmmss(data.room)"}}')
    code, found = diff(new, capsys, "--first", "1")
    assert (code, found["broken"], len(found["first"])) == (1, 6, 1)
    assert "mapping the field 'room'" in found["first"][0]["after"]
    predicates = {"crm": "`false`", "pager": "add(type, `1`) == `2`"}
    for name, when in predicates.items():
        stage.put(f"destinations/{name}", {"when": when, "url": "https://crm.example.com"})
        code, found = diff(new, capsys, "--destination", name)
        assert (code, found["events"]) == (0, 0)


def test_a_mapping_that_the_stage_does_not_have_needs_an_old_one(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    new = tmp_path / "other.json"
    new.write_text('{"fields": {"room": "data.room"}}')
    assert run(["mappings", "diff", str(new), "--stage", STAGE]) == 1
    assert "has no mappings/other" in capsys.readouterr().err
    code, found = diff(new, capsys, "--old", str(new))
    assert (code, found["events"], found["changed"]) == (0, 6, 0)


def test_what_is_looked_up_and_the_payload_are_mapped_too(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "meeting.json"
    session = json.dumps(PAYLOADS["meetings"]("e0", "one", 0, 1_790_000_000, {})["sessionId"])
    room = f"lookup('sessions', {session.replace(chr(34), chr(39))}, 'room')"
    new.write_text(json.dumps({"fields": {"room": room, "session": "raw().sessionId"}}))
    sessions = tmp_path / "sessions.csv"
    sessions.write_text(f"id,room\n{json.loads(session)},blue\n")
    code, found = diff(new, capsys, "--reference", str(sessions))
    assert (code, found["fields"]) == (0, {"room": 6})
    assert {one["after"] for one in found["first"]} == {'"blue"'}
    stage.put("destinations/crm", {"when": f"{room} == 'blue'", "url": "https://crm.example.com"})
    assert diff(new, capsys, "--destination", "crm")[1]["events"] == 0
    found = diff(new, capsys, "--destination", "crm", "--reference", str(sessions))[1]
    assert found["events"] == 6
