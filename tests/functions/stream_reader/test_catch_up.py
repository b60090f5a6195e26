"""Live and bulk: a group is never in both queues, over restarts too."""

from collections import defaultdict, deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from functions.stream_reader.catch_up import (
    KEPT_GROUPS,
    SETTLED_SECONDS,
    CatchUp,
    CatchUpState,
)

OLD_AFTER = 600.0
GROUPS = ("a", "b")


def fresh(now: float = 1000.0, state: CatchUpState | None = None) -> CatchUp:
    return CatchUp(state or CatchUpState(), old_after=OLD_AFTER, now=now)


def test_an_event_is_live_while_it_is_young() -> None:
    catch_up = fresh()
    assert not catch_up.goes_to_bulk("a", "1", 1000.0 - OLD_AFTER, 1000.0)
    assert not catch_up.goes_to_bulk("a", "2", None, 1000.0)
    assert not catch_up.is_catching_up


def test_a_late_event_takes_its_group_to_bulk_until_its_last_was_routed() -> None:
    catch_up = fresh()
    assert catch_up.goes_to_bulk("a", "1", 0.0, 1000.0)
    assert catch_up.goes_to_bulk("a", "2", 1000.0, 1000.0)
    assert not catch_up.goes_to_bulk("b", "3", 1000.0, 1000.0)
    catch_up.routed([("a", "1")])
    assert catch_up.goes_to_bulk("a", "4", 1000.0, 1000.0)
    assert catch_up.to_ask(10) == [("a", "4")]
    catch_up.routed([("a", "4")])
    assert not catch_up.goes_to_bulk("a", "5", 1000.0, 1000.0)


def test_every_group_has_its_turn_to_be_asked_for() -> None:
    catch_up = fresh()
    for group in ("a", "b", "c"):
        catch_up.goes_to_bulk(group, group, 0.0, 1000.0)
    assert [group for group, _ in catch_up.to_ask(2)] == ["a", "b"]
    assert [group for group, _ in catch_up.to_ask(2)] == ["c", "a"]


def test_too_many_groups_are_kept_as_a_suspicion_of_all() -> None:
    catch_up = fresh()
    for number in range(KEPT_GROUPS + 1):
        catch_up.goes_to_bulk(f"g{number}", "1", 0.0, 1000.0)
    restarted = fresh(2000.0, catch_up.state())
    assert restarted.goes_to_bulk("never seen", "1", 2000.0, 2000.0)


def test_a_suspicion_ends_by_group_or_by_an_empty_queue() -> None:
    catch_up = fresh(1000.0, CatchUpState(everything=True))
    assert catch_up.goes_to_bulk("a", "1", 1000.0, 1000.0)
    catch_up.routed([("a", "1")])
    assert not catch_up.goes_to_bulk("a", "2", 1000.0, 1000.0)
    assert catch_up.goes_to_bulk("b", "3", 1000.0, 1000.0)
    catch_up.bulk_was_empty(1000.0 + SETTLED_SECONDS)
    assert catch_up.goes_to_bulk("c", "4", 1001.0, 1001.0), "SQS's counts may be a minute old"
    catch_up.bulk_was_empty(1001.0 + SETTLED_SECONDS)
    assert not catch_up.goes_to_bulk("d", "5", 1001.0, 1001.0)
    assert catch_up.goes_to_bulk("c", "6", 1001.0, 1001.0), "its own event may be on its way"


def test_a_group_whose_last_event_was_dead_lettered_comes_back_by_an_empty_queue() -> None:
    catch_up = fresh()
    catch_up.goes_to_bulk("a", "1", 0.0, 1000.0)
    catch_up.bulk_was_empty(1001.0 + SETTLED_SECONDS)
    assert not catch_up.goes_to_bulk("a", "2", 1200.0, 1200.0)


class TwoQueues(RuleBasedStateMachine):
    """A topic whose events come late or in time, two queues, a router, and restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100_000.0
        self.topic: list[tuple[str, float]] = []
        self.queues: dict[bool, dict[str, deque[int]]] = {
            lane: defaultdict(deque) for lane in (False, True)
        }
        self.routed: list[int] = []
        self.at = 0
        self.kept = (CatchUpState(), 0)
        self.catch_up = fresh(self.now)

    @rule(group=st.sampled_from(GROUPS), pause=st.sampled_from([0.0, 1.0, OLD_AFTER]))
    def publish(self, group: str, pause: float) -> None:
        """Time passes; what was live is routed long before it could be called late."""
        self.now += pause
        for live in self.queues[False].values() if pause == OLD_AFTER else ():
            self.routed.extend(live)
            live.clear()
        self.topic.append((group, self.now))

    @precondition(lambda self: self.at < len(self.topic))
    @rule()
    def read(self) -> None:
        """The next event is read, and SQS takes it; one it has seen lately it swallows."""
        group, published = self.topic[self.at]
        lane = self.catch_up.goes_to_bulk(group, str(self.at), published, self.now)
        queue = self.queues[lane][group]
        if self.at not in queue and self.at not in self.routed:
            queue.append(self.at)
        self.at += 1

    @precondition(lambda self: any(self.queues[True].values()) or any(self.queues[False].values()))
    @rule(lane=st.booleans(), group=st.sampled_from(GROUPS))
    def route(self, lane: bool, group: str) -> None:
        queue = self.queues[lane][group]
        if queue:
            self.routed.append(queue.popleft())

    @rule()
    def ask(self) -> None:
        asked = self.catch_up.to_ask(10)
        self.catch_up.routed(key for key in asked if int(key[1]) in self.routed)

    @rule()
    def look(self) -> None:
        if not any(self.queues[True].values()):
            self.catch_up.bulk_was_empty(self.now)

    @rule()
    def keep(self) -> None:
        """The state, and with it the place in the topic."""
        self.kept = (self.catch_up.state(), self.at)

    @rule()
    def keep_the_state_alone(self) -> None:
        """A crash comes before the marks of the same instant are written."""
        self.kept = (self.catch_up.state(), self.kept[1])

    @rule(forgets_names=st.booleans())
    def restart(self, forgets_names: bool) -> None:
        state, self.at = self.kept
        if forgets_names and state.groups:
            state = CatchUpState(everything=True)
        self.catch_up = fresh(self.now, state)

    def teardown(self) -> None:
        while self.at < len(self.topic):
            self.read()
        for lane in (False, True):
            for group in GROUPS:
                while self.queues[lane][group]:
                    self.route(lane, group)
        first = list(dict.fromkeys(self.routed))
        assert set(first) == set(range(len(self.topic)))
        for group in GROUPS:
            mine = [index for index in first if self.topic[index][0] == group]
            assert mine == sorted(mine), "an event overtook another of its group"


def test_no_restart_lets_an_event_overtake() -> None:
    run_state_machine_as_test(
        TwoQueues, settings=settings(max_examples=500, stateful_step_count=40, deadline=None)
    )
