"""A paused source: taken from, archived, appended and held; released in order, never overtaken."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from switchboard.envelope import DeliveryOrder, Envelope
from switchboard.errors import Unavailable
from switchboard.event import Event
from switchboard.held import release_order
from switchboard.loop import Record
from switchboard.routing import Choice
from switchboard.source_state import NOTICE_SECONDS, SourceState
from switchboard.testing.deliveries import make_event
from switchboard.testing.event_store import MemoryEvents
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived, numbers, record

SOURCE = make_event(1).source


def paused(bench: Bench, **fields: object) -> None:
    state = SourceState.model_validate({"paused": True, **fields})
    bench.states.sources[SOURCE] = state
    bench.clock.forward(5)


def running(bench: Bench) -> None:
    del bench.states.sources[SOURCE]
    bench.clock.forward(5)


def released(bench: Bench, event: Event, group: str = "interaction:one", run: str = "1") -> Record:
    """What `sources resume` sends through bulk."""
    kept = bench.events.kept[group, event.id]
    order = release_order(run)
    envelope = Envelope(event=kept.event, group=group, raw_ref=kept.raw_ref, delivery=order)
    return replace(record(envelope, event), queue_arn=BULK_ARN)


def test_events_of_a_paused_source_are_archived_appended_and_held() -> None:
    bench = Bench()
    paused(bench)
    assert bench.route(arrived(1), arrived(2)) == {}
    assert bench.sent("crm") == bench.sent("lake") == []
    assert len(bench.bucket.objects) == 1
    assert len(bench.events.held) == len(bench.events.kept) == 2
    assert bench.telemetry.counts["held", SOURCE] == 2
    assert ("routed", SOURCE) not in bench.telemetry.counts


def test_a_source_beside_it_goes_on() -> None:
    bench = Bench()
    bench.states.sources["another"] = SourceState(paused=True)
    bench.route(arrived(1))
    assert len(bench.sent("crm")) == 1


def test_a_pause_begins_when_every_sandbox_has_read_it() -> None:
    bench = Bench()
    paused(bench, holds_from=bench.clock() + NOTICE_SECONDS)
    bench.route(arrived(1))
    bench.clock.forward(NOTICE_SECONDS)
    bench.route(arrived(2))
    assert numbers(bench.sent("crm")) == [1]
    assert len(bench.events.held) == 1


def test_what_was_routed_before_the_pause_is_fanned_out_on_its_second_try() -> None:
    bench = Bench()
    bench.outboxes["queue/crm"].refuse = lambda _: "down"
    bench.route(arrived(1))
    paused(bench)
    bench.outboxes["queue/crm"].refuse = lambda _: None
    assert bench.route(arrived(1)) == {}
    assert numbers(bench.sent("crm")) == [1]


def test_what_was_held_stays_held_when_its_message_comes_again() -> None:
    bench = Bench()
    paused(bench)
    bench.route(arrived(1))
    running(bench)
    assert bench.route(arrived(1)) == {}
    assert bench.sent("crm") == []
    assert len(bench.events.held) == 1


def test_a_state_that_was_never_read_and_cannot_be_lets_events_wait() -> None:
    bench = Bench()
    paused(bench)
    bench.states.failure = Unavailable("away")
    assert len(bench.route(arrived(1))) == 1
    assert bench.sent("crm") == []
    assert not bench.events.kept
    bench.states.failure = None
    assert bench.route(arrived(1)) == {}
    assert len(bench.events.held) == 1


@pytest.mark.parametrize("resuming", [False, True])
def test_while_the_state_cannot_be_read_the_last_view_serves(resuming: bool) -> None:
    bench = Bench()
    paused(bench)
    bench.route(arrived(1))
    paused(bench, resuming=resuming)
    bench.route(arrived(2))
    bench.states.failure = Unavailable("away")
    bench.clock.forward(60)
    assert bench.route(arrived(3)) == {}
    assert bench.sent("crm") == [], "it overtook what its group still holds"
    assert len(bench.events.held) == 3


def test_the_state_is_read_at_most_every_five_seconds() -> None:
    bench = Bench()
    for number in range(10):
        bench.route(arrived(number))
        bench.clock.forward(1)
    assert bench.states.reads == 2


def test_a_release_goes_to_those_that_take_it_now_and_is_held_no_more() -> None:
    bench = Bench()
    paused(bench)
    bench.route(arrived(1))
    bench.parameters.set("destinations/lake", '{"when": "`false`"}')
    bench.clock.forward(40)
    assert bench.route(released(bench, make_event(1))) == {}
    (envelope,) = bench.sent("crm")
    assert envelope.delivery == DeliveryOrder(only="crm")
    assert envelope.raw_ref is not None
    assert bench.sent("lake") == []
    assert bench.events.held == {}


def release_comes_back(bench: Bench, receive_count: int) -> None:
    """One queue is down while a held event is released."""
    paused(bench)
    bench.route(arrived(1, receive_count=receive_count))
    bench.outboxes["queue/lake"].refuse = lambda _: "down"
    release = replace(released(bench, make_event(1)), receive_count=receive_count)
    assert set(bench.route(release)) == {release.message_id}
    bench.outboxes["queue/lake"].refuse = lambda _: None
    bench.parameters.set("destinations/lake", '{"when": "`false`"}')
    bench.clock.forward(900)
    assert bench.route(release) == {}
    assert numbers(bench.sent("lake")) == [1]
    assert bench.events.held == {}


class MarkedBeforeTheFanOut(MemoryEvents):
    """A break: an event is held no more before any queue took it."""

    def choose_held(
        self, group: str, event_id: str, destinations: Sequence[Choice]
    ) -> Sequence[Choice] | None:
        chosen = super().choose_held(group, event_id, destinations)
        self.mark_released(group, event_id)
        return chosen


@pytest.mark.parametrize("receive_count", [1, 3])
def test_a_release_comes_back_until_every_queue_took_it_and_keeps_its_first_choice(
    receive_count: int,
) -> None:
    release_comes_back(Bench(), receive_count)


def test_marking_a_held_event_before_it_is_fanned_out_is_found() -> None:
    with pytest.raises(AssertionError):
        release_comes_back(Bench(events=MarkedBeforeTheFanOut()), 1)


def test_a_release_of_what_is_not_held_any_more_does_nothing() -> None:
    bench = Bench()
    paused(bench)
    bench.route(arrived(1))
    first, second = released(bench, make_event(1)), released(bench, make_event(1), run="2")
    assert bench.route(first) == bench.route(second) == {}
    assert len(bench.sent("crm")) == 1
    assert bench.dead.taken == []


def test_while_it_resumes_an_event_waits_for_those_of_its_own_group_alone() -> None:
    bench = Bench()
    paused(bench)
    bench.route(arrived(1))
    paused(bench, resuming=True)
    assert bench.route(arrived(2), arrived(3, group="interaction:two")) == {}
    assert numbers(bench.sent("crm")) == [3]
    bench.route(released(bench, make_event(1)))
    assert bench.route(arrived(4)) == {}
    assert numbers(bench.sent("crm")) == [3, 1]
    bench.route(released(bench, make_event(2)), released(bench, make_event(4)))
    assert bench.route(arrived(5)) == {}
    assert numbers(bench.sent("crm")) == [3, 1, 2, 4, 5]


def test_a_replay_to_a_destination_goes_on_while_its_source_is_paused() -> None:
    bench = Bench()
    paused(bench)
    event = make_event(1)
    order = DeliveryOrder(only="crm", replay="replay-1")
    bench.route(record(Envelope(event=event, group="g", delivery=order), event))
    assert len(bench.sent("crm")) == 1


def test_what_is_held_out_of_bulk_is_marked_so_that_its_sender_goes_back_to_live() -> None:
    bench = Bench()
    paused(bench)
    bench.route(replace(arrived(1), queue_arn=BULK_ARN))
    assert len(bench.events.held) == len(bench.events.routed) == 1


def test_a_held_event_has_the_place_that_sqs_gave_its_message() -> None:
    bench = Bench()
    paused(bench)
    first = replace(arrived(1), sent_at=1_790_000_000.001, sequence="18849496460467696128")
    bench.route(replace(arrived(2), sent_at=1_790_000_000.001, sequence="18849496460467696384"))
    bench.route(first)
    bench.route(replace(first, receive_count=2))
    events = {event: order for (_, event), order in bench.events.held.items()}
    assert sorted(events, key=lambda event: events[event]) == [make_event(1).id, make_event(2).id]
