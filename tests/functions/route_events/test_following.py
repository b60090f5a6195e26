"""Facts of ours and a paused source: a fact goes after the held events of its interaction."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from switchboard.envelope import Envelope
from switchboard.event import OWN_SOURCE, Event, event_id
from switchboard.events import GroupSoFar
from switchboard.held import release_order
from switchboard.loop import Record
from switchboard.source_state import SourceState
from switchboard.testing.deliveries import make_event
from switchboard.testing.event_store import MemoryEvents
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived, numbers, record

SOURCE = make_event(1).source
OTHER = "another"
GROUP = "interaction:one"


class CountingEvents(MemoryEvents):
    """Counts the looks at a group, each of which is a request."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def group_so_far(self, group: str) -> GroupSoFar:
        self.looks += 1
        return super().group_so_far(group)


def bench_with(*paused: str) -> Bench:
    bench = Bench(events=CountingEvents())
    for source in paused:
        bench.states.sources[source] = SourceState(paused=True)
    bench.states.sources[OWN_SOURCE] = SourceState(follows=frozenset(paused))
    return bench


def looks(bench: Bench) -> int:
    assert isinstance(bench.events, CountingEvents)
    return bench.events.looks


def fact(number: int, *, group: str = GROUP, kind: str = "interaction.closed") -> Record:
    """A fact as `fire_timers` sends it."""
    event = make_event(number, data={"details": {"number": number}}).model_copy(
        update={"id": event_id(OWN_SOURCE, str(number)), "source": OWN_SOURCE, "type": kind}
    )
    return _later(record(Envelope(event=event, group=group), event), number)


def event(number: int, source: str = SOURCE) -> Record:
    one = _later(arrived(number), number)
    if source == SOURCE:
        return one
    other = make_event(number, data={"details": {"number": number}}, source=source)
    return _later(record(Envelope(event=other, group=GROUP), other), number)


def _later(one: Record, number: int) -> Record:
    return replace(one, sent_at=1_790_000_000.0 + number)


def released(bench: Bench, source: str, group: str = GROUP) -> list[Record]:
    """What `sources resume` sends through bulk: what a source holds of a group, in its order."""
    held = [(bench.events.held[key], key) for key in bench.events.held]
    mine = [key for _, key in sorted(held) if bench.events.held_by[key] == source]
    return [
        replace(record(Envelope(event=one, group=group, delivery=release_order("1")), one),
                queue_arn=BULK_ARN)
        for one in (bench.events.kept[key].event for key in mine)
    ]  # fmt: skip


def route_each(bench: Bench, records: Sequence[Record]) -> None:
    for one in records:
        assert bench.route(one) == {}


def test_a_fact_follows_what_its_group_holds_and_is_released_after_it() -> None:
    bench = bench_with(SOURCE)
    assert bench.route(event(1), event(2), fact(3)) == {}
    assert bench.sent("crm") == []
    assert bench.telemetry.counts["held", OWN_SOURCE] == 1
    route_each(bench, released(bench, SOURCE))
    assert numbers(bench.sent("crm")) == [1, 2, 3]
    assert bench.events.held == {}


def test_a_fact_of_another_interaction_goes_on() -> None:
    bench = bench_with(SOURCE)
    route_each(bench, [event(1), fact(2, group="interaction:two")])
    assert numbers(bench.sent("crm")) == [2]


def test_one_that_was_told_before_the_pause_goes_before_it() -> None:
    bench = bench_with(SOURCE)
    route_each(bench, [fact(1), event(2), fact(3)])
    assert numbers(bench.sent("crm")) == [1]
    route_each(bench, released(bench, SOURCE))
    assert numbers(bench.sent("crm")) == [1, 2, 3]


def test_an_event_that_comes_while_it_resumes_follows_the_fact_as_well() -> None:
    bench = bench_with(SOURCE)
    route_each(bench, [event(1), fact(2)])
    bench.states.sources[SOURCE] = SourceState(paused=True, resuming=True)
    bench.clock.forward(5)
    first, second = released(bench, SOURCE)
    route_each(bench, [first, event(3), fact(4), second])
    assert numbers(bench.sent("crm")) == [1, 2]
    route_each(bench, released(bench, SOURCE))
    assert numbers(bench.sent("crm")) == [1, 2, 3, 4]


@pytest.mark.parametrize("first", [SOURCE, OTHER])
def test_what_follows_two_sources_is_released_with_the_last_of_them(first: str) -> None:
    bench = bench_with(SOURCE, OTHER)
    last = OTHER if first == SOURCE else SOURCE
    route_each(bench, [event(1, first), event(2, last), fact(3)])
    for source in (first, last, first):
        route_each(bench, released(bench, source))
    assert numbers(bench.sent("crm")) == [1, 2, 3]
    assert bench.events.held == {}


def test_a_fact_that_is_held_stays_so_when_its_message_comes_again() -> None:
    bench = bench_with(SOURCE)
    route_each(bench, [event(1), fact(2), fact(2)])
    bench.states.sources.clear()
    bench.clock.forward(5)
    route_each(bench, [fact(2)])
    assert bench.sent("crm") == []


class TestRequests:
    def test_while_no_source_is_paused_a_fact_looks_at_nothing(self) -> None:
        bench = bench_with()
        route_each(bench, [event(1), fact(2), fact(3)])
        assert numbers(bench.sent("crm")) == [1, 2, 3]
        assert looks(bench) == 0
        assert bench.states.reads == 2, "its own state, and that of its source"

    def test_while_one_is_paused_a_fact_looks_at_its_group_once(self) -> None:
        bench = bench_with(OTHER)
        route_each(bench, [event(1), fact(2)])
        assert looks(bench) == 1

    def test_what_is_about_no_interaction_never_does(self) -> None:
        bench = bench_with(OTHER)
        route_each(
            bench, [fact(1, kind="queue.measured", group="queue:1"), fact(2, kind="source.silent")]
        )
        assert numbers(bench.sent("crm")) == [1, 2]
        assert looks(bench) == 0


def test_its_data_is_what_it_was() -> None:
    bench = bench_with(SOURCE)
    route_each(bench, [event(1), fact(2)])
    route_each(bench, released(bench, SOURCE))
    *_, last = bench.sent("crm")
    assert isinstance(last.event, Event)
    assert (last.event.source, last.event.type) == (OWN_SOURCE, "interaction.closed")
