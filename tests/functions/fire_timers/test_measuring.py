"""Queues are measured the same by rounds that are on time, late, lost or repeated."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from switchboard.envelope import Envelope
from switchboard.errors import EventError, Unavailable
from switchboard.event import OWN_SOURCE, Event
from tests.functions.fire_timers.rig import Rig, messages
from tests.functions.route_events.bench import record
from tests.switchboard.interactions.stories import BEGAN, golden

EVERY_MINUTE = '{"rule": "queue_measured_every", "seconds": 60}'
NAMES = ("inbound", "abandon", "chat", "refused_offer", "missed")


def measuring() -> Rig:
    """A rig that measures from the minute before anything comes."""
    rig = Rig()
    rig.rule("board", EVERY_MINUTE)
    rig.round()
    return rig


def story() -> Sequence[tuple[str, Event]]:
    """Several interactions at once, in the order of time."""
    events = [
        (f"interaction:{name}", event.model_copy(update={"id": f"{name}-{number}"}))
        for name in NAMES
        for number, event in enumerate(golden(name)[0])
    ]
    return sorted(events, key=lambda one: one[1].time)


def told(rig: Rig) -> Mapping[str, Any]:
    """What was recorded of queues: the data by the event's id."""
    return {
        event_id: recorded.event.data
        for (_, event_id), recorded in rig.bench.events.kept.items()
        if recorded.event.type == "queue.measured"
    }


def live(rig: Rig, rounds: Sequence[int]) -> Mapping[str, Any]:
    """Live through the story with a round at each of these seconds; what was told of queues."""
    left = list(story())
    for second in rounds:
        while left and left[0][1].time.timestamp() <= BEGAN + second:
            group, event = left.pop(0)
            rig.arrive([record(Envelope(event=event, group=group), event)])
        rig.bench.clock.now = BEGAN + float(second)
        rig.round()
        rig.route_facts()
    assert left == []
    return told(rig)


ON_TIME = range(20, 1200, 60)


def test_a_board_sees_every_minute_until_nothing_is_left() -> None:
    rig = measuring()
    found = live(rig, ON_TIME)
    assert {data["queue"] for data in found.values()} == {"1162", "1188"}
    sums = {
        name: sum(data[name] for data in found.values())
        for name in ("answered", "handled", "abandoned")
    }
    assert sums == {"answered": 3, "handled": 3, "abandoned": 2}
    last = {data["queue"]: data for data in found.values()}
    assert {data["waiting"] + data["handling"] for data in last.values()} == {0}
    assert not any(bucket.startswith("queued") for bucket, _ in rig.timers.marks)
    assert live_again(rig) == found


def live_again(rig: Rig) -> Mapping[str, Any]:
    rig.minutes(10)
    return told(rig)


@pytest.mark.parametrize(
    "rounds",
    [
        [*range(20, 100, 60), *range(700, 1200, 60)],
        [1200],
        [second + late for second in ON_TIME for late in (0, 0, 37)],
        [second + (second * 7) % 55 for second in ON_TIME],
    ],
    ids=["lost", "all but one lost", "repeated", "late"],
)
def test_whatever_becomes_of_rounds_the_same_is_told(rounds: Sequence[int]) -> None:
    assert live(measuring(), rounds) == live(measuring(), ON_TIME)


def test_what_the_queue_does_not_take_is_told_by_the_next_round() -> None:
    rig = measuring()
    rig.arrive(messages("abandon", before=1))
    rig.bench.clock.forward(180)
    rig.ingest.failure = Unavailable("SQS is away")
    with pytest.raises(Unavailable):
        rig.round()
    rig.ingest.failure = None
    assert rig.minutes(1) == ["queue.measured"] * 3


def test_figures_of_a_queue_travel_in_their_order() -> None:
    rig = measuring()
    rig.arrive(messages("abandon", before=1))
    rig.bench.clock.forward(600)
    rig.round()
    groups = {message.group for message in rig.ingest.taken}
    assert groups == {"queue:1162:2026-09-01"}
    rig.route_facts()
    sent = [e.event for e in rig.bench.sent("crm") if e.event and e.event.source == OWN_SOURCE]
    assert sent == sorted(sent, key=lambda event: event.time)
    assert [event.data["longest_wait_seconds"] for event in sent] == list(range(50, 540, 60))


def test_an_interaction_that_cannot_be_folded_stops_no_other() -> None:
    rig = measuring()
    rig.arrive(messages("abandon", before=1))
    rig.arrive(messages("chat", before=1))
    (group,) = {group for group, _ in rig.bench.events.kept if "phone" in group}
    rig.failing[group] = EventError("it cannot be folded")
    rig.minutes(2)
    assert {data["queue"] for data in told(rig).values()} == {"1188"}
    # In both rounds.
    assert rig.bench.telemetry.counts["timers_failed", OWN_SOURCE] == 2


def test_a_round_without_time_says_so_and_the_next_goes_on() -> None:
    rig = measuring()
    rig.arrive(messages("abandon", before=1))
    rig.bench.clock.forward(180)
    with pytest.raises(Unavailable, match="1 interactions take too long"):
        rig.round(seconds=0)
    assert rig.minutes(1) == ["queue.measured"] * 3


def test_without_a_rule_nothing_is_marked_and_nothing_more_is_read() -> None:
    rig = Rig()
    rig.arrive(messages("abandon", before=1))
    assert not any(bucket.startswith("queued") for bucket, _ in rig.timers.marks)
    rig.round()
    reads = rig.timers.reads
    rig.rule("board", EVERY_MINUTE)
    rig.round()
    assert rig.timers.reads > reads * 2


def test_a_rule_adds_a_request_for_what_is_queued_and_for_nothing_else() -> None:
    rig = measuring()
    without, writes = Rig(), rig.timers.writes
    for one in (without, rig):
        one.arrive(messages("inbound", before=400))
    assert rig.timers.writes - writes == without.timers.writes + 1


def test_two_rules_measure_beside_each_other() -> None:
    rig = measuring()
    rig.rule("quarter", '{"rule": "queue_measured_every", "seconds": 300}')
    rig.round()
    live(rig, ON_TIME)
    every = [data for data in told(rig).values() if data["queue"] == "1162"]
    by_rule = {
        name: sum(data["handle_seconds"] for data in every if data["timer"]["name"] == name)
        for name in ("board", "quarter")
    }
    assert by_rule["board"] == by_rule["quarter"] > 0


def test_an_interaction_that_was_over_long_ago_is_not_counted_now() -> None:
    rig = measuring()
    rig.bench.clock.forward(86_400)
    rig.round()
    for event in golden("abandon")[0]:
        assert rig.bench.route(record(Envelope(event=event, group="interaction:one"), event)) == {}
    assert rig.minutes(3).count("queue.measured") == 0
    assert not any(bucket.startswith("queued") for bucket, _ in rig.timers.marks)


def test_one_whose_end_is_lost_waits_no_longer_when_it_is_given_up() -> None:
    rig = measuring()
    rig.arrive(messages("abandon", before=1))
    rig.minutes(70)
    found = sorted(told(rig).values(), key=lambda data: data["timer"]["since"])
    assert (found[0]["waiting"], found[-1]["waiting"]) == (1, 0)
    assert {data["abandoned"] for data in found} == {0}, "nobody knows when it was"
    assert not any(bucket.startswith("queued") for bucket, _ in rig.timers.marks)
