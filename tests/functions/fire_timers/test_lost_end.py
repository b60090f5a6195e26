"""Router and rounds: whichever event is lost, an interaction is told as closed, and once."""

import random
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.envelope import Envelope, decode
from switchboard.errors import Unavailable
from switchboard.event import Event
from switchboard.loop import Record
from switchboard.testing.timer_store import MemoryTimers
from switchboard.timers import Mark
from tests.functions.fire_timers.rig import WAITS, Rig, messages
from tests.functions.route_events.bench import record
from tests.switchboard.interactions.generated import generated
from tests.switchboard.interactions.stories import BEGAN, golden

UNTIL_LOST = WAITS.lost_end // 60 * 25 // 24 + 2
"""So many minutes after its last event it is given up."""
GROUP = "interaction:one"


def arrivals(events: Sequence[Event]) -> list[Record]:
    return [record(Envelope(event=event, group=GROUP), event) for event in events]


def without(name: str, *lost: str) -> list[Record]:
    events = golden(name)[0]
    return arrivals([e for e in events if e.type.removeprefix("interaction.") not in lost])


def shaken(rig: Rig, minutes: int, dice: random.Random) -> list[str]:
    """Rounds that come late, come twice or fail, and routers that begin anew; what was told."""
    told: list[str] = []
    for _ in range(minutes):
        rig.bench.clock.forward(60)
        chance = dice.random()
        if chance < 0.3:
            continue
        if chance < 0.4:
            rig.bench.router = rig.bench.sandbox()
        before = dict(rig.timers.marks)
        rig.ingest.failure = Unavailable("SQS is away") if chance > 0.9 else None
        try:
            rig.round()
        except Unavailable:
            continue
        if chance > 0.8:
            rig.timers.marks |= before
            rig.round()
        told += rig.route_facts()
    rig.ingest.failure = None
    return told


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_whatever_event_is_lost_it_is_closed_once(seed: int, data: st.DataObject) -> None:
    rig, dice = Rig(), random.Random(seed)
    rig.round()
    events = list(generated(seed).events)
    lost = data.draw(st.integers(0, len(events) - 1))
    told: list[str] = []
    for event in arrivals(events[:lost] + events[lost + 1 :]):
        rig.arrive([event])
        told += shaken(rig, data.draw(st.integers(0, 2)), dice)
    told += shaken(rig, 2 * UNTIL_LOST, dice) + rig.minutes(2)
    assert told.count("interaction.closed") == 1
    assert rig.minutes(3) == []
    assert set(rig.timers.marks) == {("bookmark", "finished")}


@pytest.mark.parametrize("name", ["inbound", "outbound", "abandon", "chat", "conference"])
def test_of_which_nothing_is_seen_but_one_event_that_is_closed_as_well(name: str) -> None:
    for event in golden(name)[0]:
        rig = Rig()
        rig.round()
        rig.arrive(arrivals([event]))
        told = rig.minutes(UNTIL_LOST + 5)
        assert told.count("interaction.closed") == 1, event.type
        assert set(rig.timers.marks) == {("bookmark", "finished")}


def test_one_that_is_long_is_not_given_up_as_long_as_it_is_heard() -> None:
    rig = Rig()
    rig.round()
    first, *rest = without("inbound", "deleted", "deassigned", "wrap_up.ended")
    rig.arrive([first])
    for one in rest:
        assert rig.minutes(50) == []
        moved = dict(rig.timers.marks)
        # Heard now: what is late is no sign of life.
        rig.arrive([_now(rig, one)])
        assert len(rig.timers.marks) <= len(moved) + 1
    assert rig.minutes(UNTIL_LOST) == ["interaction.closed"]


def _now(rig: Rig, one: Record) -> Record:
    event = decode(one.body).event
    assert event is not None
    now = event.model_copy(update={"time": datetime.fromtimestamp(rig.bench.clock(), UTC)})
    return record(Envelope(event=now, group=GROUP), now)


def test_an_end_that_comes_after_all_revises_it() -> None:
    rig = Rig()
    rig.round()
    *before, deleted = without("abandon")
    rig.arrive(before)
    assert rig.minutes(UNTIL_LOST) == ["interaction.closed", "interaction.abandoned"]
    rig.arrive([deleted])
    assert rig.minutes(5) == ["interaction.revised"]
    assert rig.minutes(UNTIL_LOST) == []


def test_one_that_is_heard_again_after_that_is_given_up_again() -> None:
    rig = Rig()
    rig.round()
    first, second, *_ = without("inbound")
    rig.arrive([first])
    assert rig.minutes(UNTIL_LOST) == ["interaction.closed"]
    rig.arrive([_now(rig, second)])
    assert rig.minutes(UNTIL_LOST) == ["interaction.revised", "interaction.abandoned"]


class TakesNothing(MemoryTimers):
    """A table that can be read and deleted from, and not written to."""

    def __init__(self, marks: dict[tuple[str, str], Mark]) -> None:
        super().__init__()
        self.marks = marks

    def put(self, marks: Collection[Mark], now: float) -> None:
        del marks, now
        raise Unavailable("DynamoDB is away")


def test_a_next_look_that_cannot_be_written_leaves_the_timer_that_is_due() -> None:
    rig = Rig()
    rig.rule("wait", '{"rule": "waiting_longer_than", "seconds": 30}')
    rig.round()
    rig.arrive(without("abandon", "unqueued", "deleted"))
    due = {key for key in rig.timers.marks if key[0] != "bookmark"}
    rig.bench.clock.forward(120)
    with pytest.raises(Unavailable):
        rig.round(timers=TakesNothing(rig.timers.marks))
    assert len(rig.ingest.taken) == 1
    assert due <= set(rig.timers.marks)


class TestRequests:
    def test_an_interaction_sets_one_however_many_its_events_are(self) -> None:
        rig = Rig()
        quiet = without("inbound", "deleted", "deassigned", "wrap_up.ended")
        for one in quiet:
            rig.bench.clock.now = float(BEGAN)
            rig.arrive([one])
        assert len(quiet) > 10
        assert rig.timers.writes == len(rig.timers.marks) == 1

    def test_a_router_that_does_not_know_of_it_writes_the_same_item(self) -> None:
        rig = Rig()
        quiet = without("inbound", "deleted", "deassigned", "wrap_up.ended")
        for one in quiet:
            rig.bench.router = rig.bench.sandbox()
            rig.arrive([one])
        assert rig.timers.writes == len(quiet)
        assert len(rig.timers.marks) <= 4

    def test_what_cannot_be_written_is_not_remembered_as_written(self) -> None:
        rig = Rig()
        first, second, *_ = messages("inbound")
        rig.timers.failure = Unavailable("DynamoDB is away")
        assert set(rig.bench.route(first)) == {first.message_id}
        rig.timers.failure = None
        assert rig.bench.route(second) == {}
        assert rig.timers.writes == 1

    def test_looks_of_a_batch_set_their_next_ones_in_one_request(self) -> None:
        rig = Rig()
        rig.rule("wait", '{"rule": "waiting_longer_than", "seconds": 30}')
        rig.round()
        created = golden("abandon")[0][:2]
        for number in range(20):
            for event in created:
                one = event.model_copy(update={"id": f"{event.id}-{number}"})
                group = f"interaction:{number}"
                rig.arrive([record(Envelope(event=one, group=group), one)])
        writes = rig.timers.writes
        told = rig.minutes(1)
        assert told.count("interaction.waiting_too_long") == 20
        # One for each bucket that had something, and the bookmark.
        assert rig.timers.writes <= writes + 4 + 1
