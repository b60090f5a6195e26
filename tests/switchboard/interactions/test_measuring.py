"""What queues are like: the same whoever measures it and when, and no second counted twice."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from switchboard.errors import ConfigurationError
from switchboard.event import OWN_SOURCE, Event
from switchboard.interactions import Steps, read_steps
from switchboard.measuring import (
    MOST_INTERVALS,
    SETTLE_SECONDS,
    Course,
    ends,
    measurements,
)
from switchboard.timers import Timer, compile_timer, queued_mark
from tests.switchboard.interactions.generated import generated
from tests.switchboard.interactions.stories import BEGAN, golden

MINUTE = BEGAN // 60 * 60
"""The goldens begin ten seconds after a minute."""


def rule(seconds: int = 60, when: str = "`true`") -> Timer:
    text = f'{{"rule": "queue_measured_every", "seconds": {seconds}, "when": "{when}"}}'
    return compile_timer("board", text)


def steps_of(name: str) -> Steps:
    return read_steps(golden(name)[0])


def figures(events: Iterable[Event]) -> Mapping[str, Mapping[str, Any]]:
    """Of each queue what is not nothing."""
    named = ("queue", "name", "timer")
    return {
        str(event.subject): {k: v for k, v in event.data.items() if v and k not in named}
        for event in events
    }


def minute(number: int, *groups: Steps, of: Timer | None = None) -> Mapping[str, Any]:
    """The figures of the minute that ends `number` minutes after the one of the beginning."""
    return figures(measurements(of or rule(), map(Course, groups), MINUTE + 60 * number))


def test_a_call_is_waiting_then_handled_and_then_nothing() -> None:
    inbound = steps_of("inbound")
    assert minute(0, inbound) == {}
    # Queued after 1 s, answered after 26: in its first minute nobody waits any more.
    assert minute(1, inbound) == {"1162": {"handling": 1, "answered": 1}}
    assert minute(2, inbound) == {"1162": {"handling": 1}}
    # It ends 232 s after it began, 174 s of talk and 30 of wrap-up.
    assert minute(5, inbound) == {"1162": {"handled": 1, "handle_seconds": 204}}
    assert minute(6, inbound) == {}


def test_the_longest_wait_is_that_of_whoever_waits_longest() -> None:
    waits, abandons = steps_of("refused_offer"), steps_of("abandon")
    first = frozenset(step for step in waits if step.name in ("created", "queued"))
    found = minute(1, first, abandons)
    assert found == {"1162": {"waiting": 1, "longest_wait_seconds": 50, "abandoned": 1}}
    assert minute(3, first, abandons) == {"1162": {"waiting": 1, "longest_wait_seconds": 170}}


def test_it_is_an_event_with_an_id_of_its_queue_and_interval() -> None:
    (one,) = measurements(rule(), [Course(steps_of("inbound"))], MINUTE + 60)
    assert (one.source, one.type, one.subject) == (OWN_SOURCE, "queue.measured", "1162")
    assert one.time == datetime.fromtimestamp(MINUTE + 60, UTC)
    assert one.data["timer"]["since"] == "2026-09-01T08:10:00.000Z"
    again, other = (
        measurements(rule(), [Course(steps_of("inbound"))], MINUTE + n)[0] for n in (60, 120)
    )
    assert again == one
    assert other.id != one.id


def test_the_predicate_chooses_queues() -> None:
    inbound = steps_of("inbound")
    assert minute(1, inbound, of=rule(when="data.queue == '7'")) == {}
    assert minute(1, inbound, of=rule(when="data.handling > `0`")).keys() == {"1162"}


def shifted(seed: int, seconds: int) -> list[Event]:
    later = timedelta(seconds=seconds)
    events = generated(seed).events
    return [event.model_copy(update={"time": event.time + later}) for event in events]


@pytest.mark.parametrize("seconds", [60, 300])
def test_every_interaction_is_counted_once_with_the_time_that_was_spent(seconds: int) -> None:
    dice = random.Random(seconds)
    timer, groups, true = rule(seconds), list[Course](), defaultdict[str, int](int)
    for seed in range(120):
        groups.append(Course(read_steps(shifted(seed, dice.randrange(1800)))))
        one = generated(seed)
        true["abandoned"] += one.outcome in ("abandoned", "missed", "refused")
        if one.outcome == "answered":
            true["answered"] += 1
            true["handled"] += 1
            true["handle_seconds"] += one.spent.get("talk", 0) + one.spent.get("wrap", 0)
    counted = defaultdict[str, int](int)
    for end in ends(MINUTE - 600, seconds, MINUTE + 60 * 60):
        for fact in measurements(timer, groups, end):
            for name in true:
                counted[name] += fact.data[name]
    assert all(course.is_over(MINUTE + 60 * 60) for course in groups)
    assert counted == true


def test_what_comes_after_an_interval_changes_nothing_of_it() -> None:
    for seed in range(60):
        whole = read_steps(shifted(seed, seed))
        for number in range(5):
            end = MINUTE + 60 * number
            until = frozenset(step for step in whole if step.at <= end * 1000)
            assert minute(number, whole) == minute(number, until)


def test_the_ends_of_what_is_to_be_measured() -> None:
    assert list(ends(None, 60, 600 + SETTLE_SECONDS)) == [600]
    assert list(ends(None, 60, 600 + SETTLE_SECONDS - 1)) == [540]
    assert list(ends(600, 60, 659 + SETTLE_SECONDS)) == []
    assert list(ends(600, 60, 725 + SETTLE_SECONDS)) == [660, 720]
    assert list(ends(600, 300, 1200 + SETTLE_SECONDS)) == [900, 1200]
    # A rule whose length was changed goes on at the next whole interval.
    assert list(ends(660, 300, 1200 + SETTLE_SECONDS)) == [900, 1200]
    long = ends(0, 60, 10**6)
    assert (len(long), long[-1]) == (MOST_INTERVALS, 999_960)


def test_only_what_is_queued_is_marked_and_only_if_a_rule_measures() -> None:
    created, queued, *_ = golden("inbound")[0]
    waiting = compile_timer("w", '{"rule": "waiting_longer_than", "seconds": 5}')
    mark = queued_mark(queued, "interaction:one", [waiting, rule()])
    assert mark is not None
    assert mark.place == "interaction:one"
    assert queued_mark(created, "interaction:one", [rule()]) is None
    assert queued_mark(queued, "interaction:one", [waiting]) is None


@pytest.mark.parametrize("seconds", [1, 59, 61, 90, 7200])
def test_an_interval_is_whole_minutes_up_to_an_hour(seconds: int) -> None:
    with pytest.raises(ConfigurationError, match="whole minutes"):
        rule(seconds)
