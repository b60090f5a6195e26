"""The fold: the same record from every order, repetition and split of an interaction's events."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.event import OWN_SOURCE, Event
from switchboard.interactions import Interaction, Outcome, State, Steps, fold, read_steps, record_of
from tests.switchboard.interactions.generated import Generated, generated
from tests.switchboard.interactions.stories import golden, names

INTERACTIONS = 420
ORDERS = 30
SPLITS = 20
FOLDS = 20_000
PHASES = ("queue", "ring", "talk", "hold", "mute", "wrap")


def parts_of(events: Sequence[Event], dice: random.Random) -> list[list[Event]]:
    """The events dealt to 2 to 4 readers, some of them to more than one."""
    parts: list[list[Event]] = [[] for _ in range(dice.randrange(2, 5))]
    for event in events:
        for part in dice.sample(parts, 1 + (dice.random() < 0.2)):
            part.append(event)
    dice.shuffle(parts)
    return parts


def joined(parts: Sequence[Sequence[Event]]) -> Interaction:
    """The record of the union of partial folds."""
    partial = [read_steps(part) for part in parts]
    return record_of(reduce(frozenset.union, partial, Steps()))


def test_every_order_repetition_and_split_is_the_same_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folds, interactions = 0, set[str]()
    orders, splits = set[tuple[str, ...]](), set[tuple[tuple[str, ...], ...]]()
    for seed in range(INTERACTIONS):
        dice = random.Random(seed)
        events = list(generated(seed).events)
        whole = fold(events)
        interactions.add(whole.content_digest)
        for _ in range(ORDERS):
            again = [*events, *dice.choices(events, k=dice.randrange(4))]
            dice.shuffle(again)
            orders.add(tuple(event.id for event in again))
            assert fold(again) == whole
        for _ in range(SPLITS):
            parts = parts_of(events, dice)
            splits.add(tuple(tuple(event.id for event in part) for part in parts))
            assert joined(parts) == whole
        folds += 1 + ORDERS + SPLITS
    assert folds >= FOLDS
    assert len(interactions) == INTERACTIONS
    with capsys.disabled():
        sys.stdout.write(
            f"\n{folds} folds of {len(interactions)} distinct interactions: {len(orders)} distinct"
            f" orders, {len(splits)} distinct splits\n"
        )


@pytest.mark.parametrize("name", names())
def test_a_golden_folds_alike_in_every_order(name: str) -> None:
    events, _ = golden(name)
    whole, dice = fold(events), random.Random(name)
    for _ in range(50):
        assert fold(dice.sample([*events, *events], k=2 * len(events))) == whole
        assert joined(parts_of(events, dice)) == whole


def test_durations_are_those_of_the_stop_watch() -> None:
    for seed in range(INTERACTIONS):
        story = generated(seed)
        assert said_durations(fold(story.events)) == {
            phase: story.spent.get(phase, 0) for phase in PHASES
        }, seed
        assert outcome_fits(story), seed


def said_durations(record: Interaction) -> dict[str, int]:
    return {phase: getattr(record.durations, f"{phase}_seconds") for phase in PHASES}


def seen_seconds(record: Interaction) -> float:
    if record.first_event_at is None or record.last_event_at is None:
        return 0
    return (record.last_event_at - record.first_event_at).total_seconds()


def outcome_fits(story: Generated) -> bool:
    record = fold(story.events)
    return (record.outcome, record.state, record.unsure) == (story.outcome, State.ENDED, ())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_whatever_is_lost_the_rest_is_said(seed: int, data: st.DataObject) -> None:
    story = generated(seed)
    left = data.draw(st.lists(st.sampled_from(story.events), unique_by=lambda event: event.id))
    whole, record = fold(story.events), fold(left)
    assert record.events == len(left)
    assert all(0 <= seconds <= seen_seconds(record) for seconds in said_durations(record).values())
    assert seen_seconds(record) <= seen_seconds(whole)
    if record.state is State.OPEN:
        assert record.outcome is Outcome.OPEN


@pytest.mark.parametrize("missing", range(18))
def test_one_lost_event_shows_where_it_makes_a_duration_wrong(missing: int) -> None:
    events, _ = golden("inbound")
    whole = fold(events)
    record = fold(event for number, event in enumerate(events) if number != missing)
    wrong = {p for p in PHASES if said_durations(record)[p] != said_durations(whole)[p]}
    lost = events[missing].type
    if lost in {"interaction.hold.changed", "interaction.mute.changed"}:
        return  # two that follow each other look like one
    if lost in {"interaction.queued", "interaction.assigned"}:
        return  # an agent may be offered what never was in a queue, and take what never rang
    assert wrong <= set(record.unsure)


def test_it_waits_until_somebody_is_offered_it() -> None:
    events, _ = golden("refused_offer")
    waiting = [fold(events[:number]).waiting_since for number in range(len(events) + 1)]
    began, refused = events[1].time, events[3].time
    assert waiting[:6] == [None, None, began, None, refused, None]
    assert not any(waiting[6:])


def order_of_arrival(events: Sequence[Event]) -> Steps:
    """Broken: what comes first happened first."""
    steps = [next(iter(read_steps([event]))) for event in events]
    versions = [replace(step.version, milliseconds=n) for n, step in enumerate(steps)]
    return Steps(replace(step, version=v) for step, v in zip(steps, versions, strict=True))


def every_arrival_counts(events: Sequence[Event]) -> Steps:
    """Broken: what comes twice happened twice."""
    steps = [next(iter(read_steps([event]))) for event in events]
    versions = [replace(step.version, event_id=str(n)) for n, step in enumerate(steps)]
    return Steps(replace(step, version=v) for step, v in zip(steps, versions, strict=True))


@pytest.mark.parametrize("broken", [order_of_arrival, every_arrival_counts])
def test_a_fold_that_is_broken_on_purpose_is_noticed(
    broken: Callable[[Sequence[Event]], Steps],
) -> None:
    noticed = 0
    for seed in range(40):
        events, dice = list(generated(seed).events), random.Random(seed)
        again = dice.sample([*events, *events], k=2 * len(events))
        assert record_of(read_steps(again)) == fold(events)
        noticed += record_of(broken(again)) != fold(events)
    assert noticed == 40


def test_a_conference_leg_that_ends_ends_nothing() -> None:
    events, _ = golden("conference")
    second_leg = next(n for n, event in enumerate(events) if event.type == "interaction.deleted")
    assert fold(events[: second_leg + 1]).state is State.OPEN
    assert fold(events).state is State.ENDED


def test_it_is_not_over_while_an_agent_wraps_up() -> None:
    events, _ = golden("chat")
    deleted = next(n for n, event in enumerate(events) if event.type == "interaction.deleted")
    assert fold(events[: deleted + 1]).state is State.OPEN
    assert fold(events[: deleted + 2]).state is State.ENDED


def test_what_is_told_as_closed_is_closed_and_nothing_else_changes() -> None:
    events, _ = golden("inbound")
    told = events[-1].model_copy(
        update={"id": "told", "type": "interaction.closed", "source": OWN_SOURCE, "data": None}
    )
    before, after = fold(events), fold([*events, told])
    assert (before.state, after.state) == (State.ENDED, State.CLOSED)
    assert before.model_copy(update={"state": State.CLOSED}) == after
    assert before.content_digest == after.content_digest


def test_a_recording_that_can_be_fetched_changes_no_digest() -> None:
    events, _ = golden("inbound")
    assert events[-1].type == "interaction.recording.ready"
    assert fold(events[:-1]).content_digest == fold(events).content_digest
    assert fold(events[:-2]).content_digest != fold(events).content_digest


def test_the_same_fact_from_two_sources_counts_once() -> None:
    events, _ = golden("refused_offer")
    again = [
        event.model_copy(update={"id": f"{n}", "source": "sapi"}) for n, event in enumerate(events)
    ]
    one, both = fold(events), fold([*events, *again])
    assert both == one.model_copy(update={"events": 2 * one.events})
