"""The timeline as values: its order, and what came after a gap."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from desk.records.events import Kept, Key
from desk.records.ledger import GroupLedger
from desk.timeline.story import after_gaps, story
from switchboard.event import utc_text
from switchboard.ledger import Entry, State
from switchboard.routing import Choice
from switchboard.testing.deliveries import make_event

GROUP = "interaction:one"
START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
NOW = START.timestamp() + 3600


def kept(number: int, *destinations: str, held: bool = False, sequence: int = 0) -> Kept:
    event = make_event(number, time=START + timedelta(minutes=number), sequence=sequence)
    return Kept(
        key=Key(GROUP, event.id),
        source=event.source,
        type=event.type,
        time=utc_text(event.time),
        received_at=utc_text(event.time + timedelta(seconds=1)),
        choices=[Choice(name=name, version=1) for name in destinations],
        event=event,
        event_ref=None,
        raw_ref=None,
        held_by=event.source if held else "",
    )


def entry(of: Kept, destination: str, state: State, minute: float = 0, **more: object) -> Entry:
    at = START.timestamp() + minute * 60
    made = Entry(GROUP, of.key.event_id, destination, state, first_attempt_at=at, updated_at=at)
    return replace(made, **more)  # type: ignore[arg-type]


def test_events_and_deliveries_come_in_the_order_of_time() -> None:
    first, second = kept(0, "crm"), kept(1, "crm", "pager")
    entries = [
        entry(second, "crm", State.WAITING, 9, until=NOW + 60, reason="503", attempt=3),
        entry(first, "crm", State.DELIVERED, 0.5, remote_id="r-1"),
    ]
    entries[0] = replace(entries[0], first_attempt_at=START.timestamp() + 120)
    told = story(GROUP, [second, first], GroupLedger(entries), NOW)
    shown = [(one.what, one.event_id, one.who, one.state) for one in told.moments]
    one, two = first.key.event_id, second.key.event_id
    assert shown == [
        ("event", one, "meetings", ""),
        ("delivery", one, "crm", "delivered"),
        ("event", two, "meetings", ""),
        ("delivery", two, "pager", "queued"),
        ("attempt", two, "crm", ""),
        ("delivery", two, "crm", "waiting"),
    ]
    assert "r-1" in told.moments[1].text
    assert "3 attempts; 503" in told.moments[-1].text


def test_a_delivery_after_a_dead_one_of_its_destination_came_after_a_gap() -> None:
    first, second, third = kept(0), kept(1), kept(2)
    entries = [
        entry(first, "crm", State.DELIVERED),
        entry(first, "pager", State.DELIVERED),
        entry(second, "crm", State.DEAD),
        entry(second, "pager", State.DISCARDED),
        entry(third, "crm", State.DELIVERED),
        entry(third, "lake", State.DELIVERED),
    ]
    found = after_gaps([third, first, second], entries)
    assert found == {(third.key.event_id, "crm"): (second.key.event_id,)}
    mended = [replace(one, state=State.DELIVERED) for one in entries]
    assert after_gaps([first, second, third], mended) == {}


def test_order_within_a_moment_follows_the_sources_own_sequence() -> None:
    late, early = (replace(kept(0, sequence=one), time="same") for one in (2, 1))
    early = replace(early, key=Key(GROUP, "ffff"))
    entries = [
        entry(early, "crm", State.DEAD),
        entry(late, "crm", State.DELIVERED),
    ]
    assert after_gaps([late, early], entries) == {(late.key.event_id, "crm"): ("ffff",)}


def test_marks_are_shown_and_what_is_held_is_no_queue() -> None:
    event = kept(0, "crm", held=True)
    told = story(GROUP, [event], GroupLedger([], ["gap#crm"], ["x#crm"]), NOW)
    assert [one.state for one in told.moments] == ["held"]
    assert told.marks == ["gap#crm", "x#crm (a later release wrote it)"]
