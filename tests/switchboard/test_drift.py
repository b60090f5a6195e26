"""What is different for good is told once, and what only floats is not."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.drift import VANISHED_AFTER
from switchboard.errors import Unavailable
from switchboard.fingerprint import MOST_PATHS, masked
from switchboard.shape import LEARNING, Drift, Finding, Known, Shape
from switchboard.sources import KINDS
from tests.switchboard.drifting import TYPES, Stage, clean, event, told

USUAL: dict[str, Any] = {"agentId": "ag1", "deskId": 7, "ivr": {"menu": 1}}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=4), inner)
    ),
    max_leaves=12,
)


def learned(sandboxes: int = 3, kind: str = "stream") -> Stage:
    """A stage that knows the usual event."""
    stage = Stage(sandboxes)
    stage.see(kind, lambda _: told(USUAL), LEARNING + 60 * sandboxes)
    assert next(iter(stage.shapes.stored.values())).is_learned
    assert stage.findings == []
    return stage


def seen(stage: Stage, count: int, kind: str = "stream", **changes: Any) -> list[Finding]:
    """What is found in so many events with changes (None: without the field)."""
    given = {name: value for name, value in {**USUAL, **changes}.items() if value is not None}
    stage.see(kind, lambda _: told(given), count)
    return [one.model_copy(update={"found_at": ""}) for one in stage.findings]


def test_fifty_thousand_clean_events_give_none_and_the_drift_after_them_is_found() -> None:
    stage, dice = Stage(sandboxes=4), random.Random(8)
    stage.play(clean("stream", dice, 50_000))
    assert stage.findings == []
    assert stage.telemetry.counts == {}
    assert all(shape.is_learned for shape in stage.shapes.stored.values())
    stage.play(clean("stream", dice, 4_000, renamed={"deskId": "desk_id"}, more={"mood": "good"}))
    assert {(one.drift, one.before, one.path) for one in stage.findings} == {
        (Drift.RENAMED, "deskId", "desk_id"),
        (Drift.NEW, "", "mood"),
    }
    assert stage.telemetry.counts == {("drift", "cc"): 2 * len(TYPES)}


def test_a_new_field_is_told_once_with_a_masked_example() -> None:
    stage = learned()
    found = seen(stage, 300, mood="Very good 4 +12025550123")
    assert found == [
        Finding(
            drift=Drift.NEW, path="mood", kinds=("scalar",),
            example="xxxx xxxx 9 +99999999999",
        )
    ]  # fmt: skip
    assert stage.telemetry.counts == {("drift", "cc"): 1}


def test_of_a_new_object_only_itself_is_told() -> None:
    found = seen(learned(1), 20, place={"city": "Bonn", "floors": [1, 2]})
    assert [(one.drift, one.path, one.kinds) for one in found] == [
        (Drift.NEW, "place", ("object",))
    ]


def test_a_renamed_field_is_told_with_its_old_name() -> None:
    stage = learned()
    found = seen(stage, 3 * VANISHED_AFTER + 60, deskId=None, desk_id=7)
    assert [(one.drift, one.before, one.path) for one in found] == [
        (Drift.RENAMED, "deskId", "desk_id")
    ]
    assert stage.telemetry.counts == {("drift", "cc"): 1}


def drifts(found: list[Finding]) -> set[tuple[Drift, str, str]]:
    return {(one.drift, one.before, one.path) for one in found}


def test_a_field_of_quite_another_name_is_renamed_where_it_can_be_no_other() -> None:
    found = seen(learned(), 3 * VANISHED_AFTER + 60, deskId=None, workplace=7)
    assert drifts(found) == {(Drift.RENAMED, "deskId", "workplace")}


def test_two_that_are_renamed_at_once_are_told_apart_where_one_of_them_is_alike() -> None:
    found = seen(learned(), 400, deskId=None, agentId=None, desk_id=7, operator="ag1")
    assert drifts(found) == {
        (Drift.RENAMED, "deskId", "desk_id"),
        (Drift.RENAMED, "agentId", "operator"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"deskId": None, "workplace": 7, "mood": "good"},
        {"deskId": None, "agentId": None, "workplace": 7},
        {"deskId": None, "workplace": {"floor": 3}},
        {"deskId": None, "ivr": {"menu": 1, "workplace": 7}},
    ],
    ids=["two that are new", "two that are missing", "another type", "another parent"],
)
def test_what_may_be_another_is_new_and_the_other_has_vanished(changes: dict[str, Any]) -> None:
    found = drifts(seen(learned(), 4 * VANISHED_AFTER, **changes))
    assert {drift for drift, *_ in found} == {Drift.NEW, Drift.VANISHED}
    assert (Drift.VANISHED, "", "deskId") in found


def test_one_that_came_less_often_yet_may_be_the_one_as_well() -> None:
    stage = learned(1)
    given: dict[str, Any] = {"deskId": None, "workplace": 7}
    found = drifts(seen(stage, 1, mood="good", **given) + seen(stage, 10, **given))
    assert found == {(Drift.NEW, "", "workplace")}


@pytest.mark.parametrize("often", [2, 33])
def test_what_comes_in_the_place_of_another_now_and_then_is_new(often: int) -> None:
    stage = learned(1)
    instead = {**{name: value for name, value in USUAL.items() if name != "deskId"}, "mobile": 7}
    stage.see("stream", lambda number: told(USUAL if number % often else instead), 20 * often)
    assert drifts(stage.findings) == {(Drift.NEW, "", "mobile")}
    # And the other is missed when it is gone.
    assert (Drift.VANISHED, "", "deskId") in drifts(seen(stage, 2 * VANISHED_AFTER, deskId=None))


@pytest.mark.parametrize("name", ["ivrs", "menuTree"])
def test_of_a_renamed_object_only_itself_is_told(name: str) -> None:
    renamed: dict[str, Any] = {name: {"menu": 1}}
    found = seen(learned(), 4 * VANISHED_AFTER, ivr=None, **renamed)
    assert drifts(found) == {(Drift.RENAMED, "ivr", name)}


def test_a_vanished_field_is_told_once() -> None:
    stage = learned()
    found = seen(stage, 6 * VANISHED_AFTER, deskId=None)
    assert [(one.drift, one.path) for one in found] == [(Drift.VANISHED, "deskId")]


def test_of_a_vanished_object_only_itself_is_told() -> None:
    found = seen(learned(1), 2 * VANISHED_AFTER, ivr=None)
    assert [(one.drift, one.path) for one in found] == [(Drift.VANISHED, "ivr")]


def test_a_field_of_another_type_for_good_is_told_with_both() -> None:
    stage = learned()
    found = seen(stage, 200, deskId={"floor": 3})
    assert [(one.drift, one.path, one.before, one.kinds) for one in found] == [
        (Drift.RETYPED, "deskId", "scalar", ("object",))
    ]


def test_a_text_that_became_a_number_is_told_where_types_do_not_float() -> None:
    found = seen(learned(kind="hmac"), 200, kind="hmac", deskId="seven")
    retyped = [one for one in found if one.drift is Drift.RETYPED]
    assert [(one.path.rpartition(".")[2], one.before, one.kinds) for one in retyped] == [
        ("deskId", "number", ("text",))
    ]
    assert seen(learned(), 200, deskId="seven") == []


@pytest.mark.parametrize("kind", ["connect_chat_apps", "connect_sms", "jaas"])
def test_fields_of_our_own_beside_what_came_are_no_shape_of_the_senders(kind: str) -> None:
    stage = Stage(2)
    stage.see(kind, lambda _: event("message.received", {"ours": 1, "details": USUAL}), LEARNING)
    stage.see(kind, lambda n: event("message.received", {"new": n, "details": USUAL}), 300)
    (shape,) = stage.shapes.stored.values()
    assert set(shape.paths) == {"agentId", "deskId", "ivr", "ivr.menu"}
    assert stage.findings == []
    more = {**USUAL, "mood": "good"}
    stage.see(kind, lambda _: event("message.received", {"ours": 1, "details": more}), 300)
    assert [(one.drift, one.path) for one in stage.findings] == [(Drift.NEW, "mood")]


def test_a_sandbox_that_knows_less_tells_nothing_again() -> None:
    """Its shape is older than the finding: it meets that when it wants to write its own."""
    stage = learned(2)
    told_by_one = [("stream", told({**USUAL, "mood": 1}))] * 10
    stage.play(iter(told_by_one), batch=10)
    assert len(stage.findings) == 1
    stage.watches.reverse()
    stage.play(iter(told_by_one), batch=10)
    assert len(stage.findings) == 1
    assert stage.telemetry.counts == {("drift", "cc"): 1}


def test_what_is_now_this_and_now_that_is_learned_without_a_word() -> None:
    stage = learned(1, kind="hmac")
    stage.see("hmac", lambda number: told({**USUAL, "deskId": 7 if number % 5 else "x"}), 100)
    assert stage.findings == []
    assert seen(stage, 200, kind="hmac", deskId="seven") == []


def test_a_field_that_comes_back_is_no_news() -> None:
    stage = learned(1)
    seen(stage, 2 * VANISHED_AFTER, deskId=None)
    assert len(seen(stage, 300)) == 1


def test_one_odd_event_is_no_drift() -> None:
    stage = learned()
    for odd in ({"mood": 1}, {"deskId": [1]}, {"deskId": None}):
        assert seen(stage, 1, **odd) == []
        assert seen(stage, 60) == []


def test_a_field_that_8x8_documents_is_no_news() -> None:
    assert seen(learned(1), 50, promptingTimeout=30) == []


def test_what_is_learned_is_written_seldom_and_then_no_more() -> None:
    stage = learned()
    before = stage.shapes.writes
    assert before <= 3 * LEARNING / 50
    seen(stage, 2_000)
    assert stage.shapes.writes == before
    assert stage.shapes.reads <= before + 3


def test_a_rare_type_is_learned_as_well() -> None:
    stage = Stage()
    for _ in range(5):
        stage.see("stream", lambda _: told(USUAL), 2)
        stage.clock.now += 700
    stage.see("stream", lambda _: told(USUAL), 1)
    (shape,) = stage.shapes.stored.values()
    assert shape.seen == 11


def test_a_store_that_is_away_disturbs_nothing_and_is_tried_again() -> None:
    stage = learned()
    stage.shapes.failure = Unavailable("away")
    assert seen(stage, 30, mood="good") == []
    stage.see("stream", lambda _: told(USUAL, "interaction.accepted"), 3)
    stage.shapes.failure = None
    stage.clock.now += 31
    assert [one.path for one in seen(stage, 30, mood="good")] == ["mood"]


def test_a_payload_of_endless_keys_has_an_end() -> None:
    stage = Stage()
    stage.see("hmac", lambda n: event("x", {f"key{n}-{m}": m for m in range(40)}), 900)
    (shape,) = stage.shapes.stored.values()
    assert len(shape.paths) <= MOST_PATHS
    assert stage.findings == []


@settings(max_examples=40)
@given(values=st.lists(anything, max_size=4), kind=st.sampled_from(sorted(KINDS)))
def test_no_payload_disturbs_it(values: list[Any], kind: str) -> None:
    stage = Stage()
    known = Shape(seen=LEARNING, paths={"any": Known(kinds=("text",), seen=LEARNING)}, revision=1)
    stage.shapes.stored["cc", "interaction.queued"] = known
    for value in values:
        bare, within = event("x", value), told({"any": value})
        stage.see(kind, lambda _, bare=bare: bare, 1)  # type: ignore[misc]
        stage.see(kind, lambda _, within=within: within, 25)  # type: ignore[misc]
    assert len(stage.findings) <= MOST_PATHS


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Ana +49 30 1", "xxx +99 99 9"),
        (1788250530, "9999999999"),
        (True, "true"),
        ({"a": 1}, "an object"),
        ([1], "a list"),
        ("x" * 90, "x" * 40),
    ],
)
def test_examples_are_masked(value: Any, shown: str) -> None:
    assert masked(value) == shown
