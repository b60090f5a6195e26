"""Types of which an event comes now and then, each to another sandbox: drift is found as well."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from switchboard.drift import MOST_FRESH, NEW_AFTER, RETYPED_AFTER, VANISHED_AFTER
from switchboard.drift_watch import LESSON_SECONDS, DriftWatch
from switchboard.event import Event
from switchboard.shape import LEARNING, Drift, Shape
from tests.switchboard.drifting import TYPES, Stage, clean, event, told

HOURS = 3600.0
USUAL: dict[str, Any] = {"agentId": "ag1", "deskId": 7, "ivr": {"menu": 1}}


def seldom(
    stage: Stage,
    make: Callable[[int], Event],
    count: int,
    kind: str = "stream",
    *,
    apart: float = 2.4 * HOURS,
) -> None:
    """So many events, hours apart, each to a sandbox that has seen none before."""
    for number in range(count):
        stage.clock.forward(apart)
        watch = DriftWatch(stage.shapes, stage.clock, stage.telemetry)
        watch.observe(kind, make(number))
        watch.settle()


def learned(kind: str = "stream") -> Stage:
    stage = Stage()
    seldom(stage, lambda _: told(USUAL), LEARNING, kind)
    assert shape(stage).is_learned
    assert stage.findings == []
    return stage


def shape(stage: Stage) -> Shape:
    (found,) = stage.shapes.stored.values()
    return found


def without_desk(**more: Any) -> dict[str, Any]:
    return {**{name: value for name, value in USUAL.items() if name != "deskId"}, **more}


def test_nothing_is_written_of_what_is_as_usual() -> None:
    stage = learned()
    writes = stage.shapes.writes
    seldom(stage, lambda _: told(USUAL), 50)
    assert stage.shapes.writes == writes


@pytest.mark.parametrize(
    ("changed", "kind", "after", "wanted"),
    [
        ({**USUAL, "mood": "good"}, "stream", NEW_AFTER, (Drift.NEW, "", "mood")),
        (
            without_desk(workplace=7),
            "stream",
            NEW_AFTER,
            (Drift.RENAMED, "deskId", "workplace"),
        ),
        (
            {**USUAL, "deskId": "seven"},
            "hmac",
            RETYPED_AFTER,
            (Drift.RETYPED, "number", "details.deskId"),
        ),
        (without_desk(), "stream", VANISHED_AFTER, (Drift.VANISHED, "", "deskId")),
    ],
    ids=["new", "renamed", "retyped", "vanished"],
)
def test_what_is_different_for_good_is_found_as_soon_as_by_one_sandbox(
    changed: Any, kind: str, after: int, wanted: Any
) -> None:
    stage = learned(kind)
    seldom(stage, lambda _: told(changed), after - 1, kind)
    assert stage.findings == []
    seldom(stage, lambda _: told(changed), 1, kind)
    assert [(one.drift, one.before, one.path) for one in stage.findings] == [wanted]
    seldom(stage, lambda _: told(changed), 2 * after, kind)
    assert len(stage.findings) == 1


@pytest.mark.parametrize("kind", ["stream", "hmac"])
def test_what_is_as_usual_in_between_is_counted_anew(kind: str) -> None:
    stage = learned(kind)
    seldom(stage, lambda n: told(USUAL if n % 50 == 49 else without_desk()), 300, kind)
    seldom(stage, lambda n: told(USUAL if n % 2 else without_desk()), 1, kind)
    assert stage.findings == []


def test_what_is_suspected_is_written_once_in_ten_minutes() -> None:
    """Sixty sandboxes in half an hour, of which each sees something else than the one before."""
    stage = learned()
    stage.clock.forward(LESSON_SECONDS)
    writes = stage.shapes.writes
    for number in range(60):
        odd = without_desk() if number % 2 else USUAL
        seldom(stage, lambda _, odd=odd: told(odd), 1, apart=30.0)  # type: ignore[misc]
    assert 0 < stage.shapes.writes - writes <= 60 * 30.0 / LESSON_SECONDS + 1


def test_clean_events_of_seldom_types_give_none() -> None:
    stage, dice = Stage(), random.Random(9)
    stage.play(clean("stream", dice, 8_000))
    writes = stage.shapes.writes
    for kind, one in clean("stream", dice, 4_000):
        seldom(stage, lambda _, one=one: one, 1, kind)  # type: ignore[misc]
    assert stage.findings == []
    assert {name for _, name in stage.shapes.stored} == set(TYPES)
    assert 0 < stage.shapes.writes - writes < 4_000 / 2


def test_a_sandbox_that_sees_a_type_often_writes_nothing_of_it() -> None:
    stage, dice = Stage(), random.Random(5)
    stage.play(clean("stream", dice, 20_000))
    writes = stage.shapes.writes
    for _ in range(20):
        stage.clock.forward(LESSON_SECONDS)
        stage.play(clean("stream", dice, 100))
    assert stage.shapes.writes == writes


def test_of_endless_keys_and_odd_events_little_is_kept() -> None:
    stage = learned("hmac")
    seldom(
        stage, lambda n: event("interaction.queued", {f"k{n}-{m}": m for m in range(99)}), 9, "hmac"
    )
    assert len(shape(stage).suspects.fresh) <= MOST_FRESH
    many = {f"field{number}": number for number in range(40)}
    stage = Stage()
    seldom(stage, lambda _: told(many), LEARNING)
    seldom(stage, lambda _: told({"odd": 1}), 2)
    assert not shape(stage).suspects.fresh
