"""An interaction whose end never came: closed once it was quiet for long, and said to be so."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.event import Event
from switchboard.interactions import Outcome, State, fold
from switchboard.timers import Waits, lost_end_due
from tests.switchboard.interactions.generated import generated
from tests.switchboard.interactions.stories import BEGAN, golden, names
from tests.switchboard.interactions.test_absence import GRACE, GROUP, LOST, kinds, looked, told

EVER = BEGAN + 10**6


def without(events: Sequence[Event], *lost: str) -> list[Event]:
    return [event for event in events if event.type.removeprefix("interaction.") not in lost]


def heard_last(events: Sequence[Event]) -> float:
    return max(event.time.timestamp() for event in events)


class TestWhatIsTold:
    EVENTS = without(golden("inbound")[0], "deleted", "deassigned", "wrap_up.ended")

    def test_it_is_closed_when_nothing_was_heard_for_so_long_and_not_again(self) -> None:
        last = heard_last(self.EVENTS)
        assert told(self.EVENTS, last + LOST - 1) == []
        found = told(self.EVENTS, last + LOST)
        assert kinds(found) == ["closed"]
        assert found[0].time.timestamp() == last + LOST
        assert told([*self.EVENTS, *found], EVER) == []

    def test_its_record_says_so_and_names_what_was_still_open(self) -> None:
        (closed,) = told(self.EVENTS, EVER)
        whole = fold(golden("inbound")[0])
        assert (closed.data["state"], closed.data["outcome"]) == ("closed", "answered")
        assert (closed.data["end_lost"], closed.data["ended_at"]) == (True, None)
        assert closed.data["unsure"] == ["wrap"]
        assert closed.data["durations"]["talk_seconds"] == whole.durations.talk_seconds
        spent = heard_last(self.EVENTS) - self.EVENTS[0].time.timestamp()
        assert closed.data["durations"]["total_seconds"] == round(spent)

    def test_what_was_told_is_what_its_events_and_this_fold_to(self) -> None:
        (closed,) = told(self.EVENTS, EVER)
        before, after = fold(self.EVENTS), fold([*self.EVENTS, closed])
        assert (before.state, before.end_lost) == (State.OPEN, False)
        assert (after.state, after.end_lost) == (State.CLOSED, True)
        assert {**closed.data, "digest": None} == {**after.model_dump(mode="json"), "digest": None}

    def test_one_that_ends_is_told_by_the_digest_that_it_always_had(self) -> None:
        record = fold(golden("inbound")[0])
        assert "end_lost" not in record.model_dump(exclude_defaults=True)
        assert record.content_digest == "8f185c1e75955062e5a941c117d469b155b783b3"

    @pytest.mark.parametrize(
        ("seen", "outcome", "said"),
        [
            (["created"], Outcome.UNKNOWN, []),
            (["recording.ready"], Outcome.UNKNOWN, []),
            (["created", "queued"], Outcome.ABANDONED, ["abandoned"]),
            (["queued", "assigned"], Outcome.MISSED, ["missed"]),
            (["accepted"], Outcome.ANSWERED, []),
        ],
    )
    def test_it_is_judged_by_what_was_seen(
        self, seen: list[str], outcome: Outcome, said: list[str]
    ) -> None:
        every = {e.type.removeprefix("interaction."): e for e in golden("inbound")[0]}
        found = told([every[name] for name in seen], EVER)
        assert kinds(found) == ["closed", *said]
        assert found[0].data["outcome"] == outcome

    def test_the_end_that_comes_after_all_revises_it_and_tells_what_it_was(self) -> None:
        events = without(golden("abandon")[0], "queued", "unqueued")
        first = without(events, "deleted")
        (closed,) = told(first, EVER)
        found = told([*events, closed], EVER)
        assert kinds(found) == ["revised", "abandoned"]
        assert found[0].data["end_lost"] is False
        assert found[0].time > closed.time, "it would be older than what it revises"
        assert told([*events, closed, *found], EVER) == []

    def test_one_that_is_heard_again_goes_on_and_is_given_up_again(self) -> None:
        first, later = self.EVENTS[:-1], self.EVENTS[-1]
        (closed,) = told(first, EVER)
        again = later.model_copy(update={"time": closed.time})
        events = [*first, closed, again]
        assert fold(events).state is State.OPEN
        until = closed.time.timestamp() + LOST
        assert told(events, until - 1) == []
        found = told(events, until)
        assert kinds(found) == ["revised"]
        assert told([*events, *found], EVER) == []


class TestWhenToLook:
    WAITS = Waits(GRACE, LOST)

    def test_what_goes_on_is_looked_at_again_until_it_is_given_up(self) -> None:
        events = TestWhatIsTold.EVENTS
        last = heard_last(events)
        again = looked(events, last + 5).again
        assert again == lost_end_due(GROUP, last, self.WAITS)
        assert again is not None
        look = looked(events, again)
        assert (kinds(list(look.facts)), look.again) == (["closed"], None)

    def test_what_is_over_or_was_never_heard_is_not(self) -> None:
        for events in (list(golden("inbound")[0]), []):
            assert looked(events, BEGAN + 500).again is None

    @given(st.text(max_size=20), st.floats(0, 2e9), st.integers(1, 168))
    def test_it_is_soon_after_and_never_before(self, group: str, heard: float, hours: int) -> None:
        waits = Waits(GRACE, hours * 3600)
        due = lost_end_due(group, heard, waits)
        assert waits.lost_end <= due - heard <= waits.lost_end * 25 / 24 + 1
        # Everything that is heard in that time is waited for by the same item.
        assert lost_end_due(group, due - waits.lost_end, waits) == due

    def test_groups_that_are_heard_at_once_are_not_looked_at_at_once(self) -> None:
        due = {lost_end_due(f"interaction:{n}", BEGAN, self.WAITS) // 60 for n in range(1000)}
        assert len(due) >= 60


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_whatever_was_lost_it_is_closed_once_and_the_last_that_is_told_is_true(
    seed: int, data: st.DataObject
) -> None:
    """Looks at any time while events come in any order; some come never, some after all."""
    events = data.draw(st.permutations(generated(seed).events))
    cut = data.draw(st.integers(1, len(events)))
    there: dict[str, Event] = {}
    under_way: list[Event] = []
    for event in events[:cut]:
        there[event.id] = event
        under_way += told(list(there.values()), BEGAN + data.draw(st.sampled_from([0, LOST, EVER])))
        arrive = data.draw(st.integers(0, len(under_way)))
        for fact in under_way[:arrive]:  # the table keeps the first of an id
            there.setdefault(fact.id, fact)
        under_way = under_way[arrive:]
    for _ in range(3):
        for fact in under_way:
            there.setdefault(fact.id, fact)
        under_way = told(list(there.values()), EVER)
    assert under_way == []
    told_of = [fact for fact in there.values() if "digest" in fact.data]
    assert kinds(told_of).count("closed") == 1
    record = fold(there.values())
    assert record.state is State.CLOSED
    assert record.content_digest in {fact.data["digest"] for fact in told_of}


@pytest.mark.parametrize("name", names())
def test_of_a_golden_any_one_event_alone_is_closed_in_the_end(name: str) -> None:
    for event in golden(name)[0]:
        assert kinds(told([event], EVER)).count("closed") == 1
