"""Whatever happens meanwhile: what a paused source holds arrives whole, once, and in its order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.sources.resuming import STEP, SourceControl
from switchboard.event import OWN_SOURCE
from switchboard.source_state import NOTICE_SECONDS, SourceState
from tests.desk.sources.world import SOURCE, Died, World, away

GROUPS = ("interaction:one", "interaction:two")


def paused_world() -> World:
    world = World()
    world.control.pause(SOURCE, refuse=False)
    world.clock.forward(NOTICE_SECONDS)
    return world


actions = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(GROUPS)),
    st.tuples(st.just("tell"), st.sampled_from(GROUPS)),
    st.tuples(st.just("route"), st.booleans(), st.integers(0, 1), st.integers(1, 3)),
    st.tuples(st.just("pass"), st.sampled_from([0.5, 3.0, 6.0])),
    st.tuples(st.just("die"), st.booleans(), st.integers(0, 1)),
    st.tuples(st.just("away"), st.booleans(), st.integers(0, 1)),
    st.tuples(st.just("refuse"), st.booleans()),
)
scripts = st.lists(actions, max_size=30)


def do(world: World, action: tuple[Any, ...]) -> None:
    match action:
        case ("arrive", group):
            world.arrive(group)
        case ("tell", group):
            world.tell(group)
        case ("route", bulk, sandbox, count):
            world.route(world.bulk if bulk else world.ingest, sandbox, count)
        case ("pass", seconds):
            world.clock.forward(seconds)
        case ("die", bulk, sandbox):
            world.events.next_call = Died()
            world.route(world.bulk if bulk else world.ingest, sandbox)
            world.events.next_call = None
        case ("away", bulk, sandbox):
            world.events.next_call = away()
            world.route(world.bulk if bulk else world.ingest, sandbox)
            world.events.next_call = None
        case ("refuse", refuses):
            world.outbox.refuse = lambda _: "throttled" if refuses else None


class Interleaved:
    """Plays a script while the operator's command sleeps, a few actions each time."""

    def __init__(self, world: World, script: list[Any]) -> None:
        self.world = world
        self.left = list(script)
        world.step = self.step

    def step(self) -> None:
        for action in self.left[:5]:
            do(self.world, action)
        del self.left[:5]
        if not self.left:
            self.world.outbox.refuse = lambda _: None
            self.world.settle()


@settings(max_examples=150, deadline=None)
@given(scripts, scripts, scripts, scripts)
def test_order_holds_and_nothing_is_lost_whatever_happens_between(
    before: list[Any], noticing: list[Any], paused: list[Any], resuming: list[Any]
) -> None:
    world = World()
    play(world, before)
    for run, while_resuming in enumerate((resuming, paused)):
        world.control.pause(SOURCE, refuse=False)
        play(world, noticing)
        world.clock.forward(NOTICE_SECONDS)
        play(world, paused)
        Interleaved(world, while_resuming)
        world.resume(str(run))
        # It runs: no sandbox is left that would hold what nobody releases.
        play(world, [("arrive", group) for group in GROUPS])
        play(world, [("route", False, sandbox, 1) for sandbox in (0, 1)])
        assert world.events.held == {}
    # What died in between comes back after its visibility.
    world.clock.forward(400)
    world.settle()
    assert world.delivered() == world.arrived
    assert world.bench.dead.taken == []


def play(world: World, script: list[Any]) -> None:
    for action in script:
        do(world, action)


def test_two_sandboxes_never_treat_two_events_of_a_group_differently() -> None:
    """One has read the state a moment before the pause, and the other not at all."""
    world = World()
    world.arrive(GROUPS[1])
    world.route(world.ingest, sandbox=0)
    world.control.pause(SOURCE, refuse=False)
    for sandbox in (1, 0):
        world.arrive(GROUPS[0])
        world.route(world.ingest, sandbox)
        world.clock.forward(1)
    world.clock.forward(NOTICE_SECONDS)
    assert world.resume() == 0
    assert world.delivered() == world.arrived


def test_a_router_that_has_not_heard_of_the_resuming_leaves_nothing_behind() -> None:
    world = paused_world()
    world.arrive(GROUPS[0])
    world.route(world.ingest, sandbox=1)
    held: list[int] = []

    def step() -> None:
        if not held:
            world.arrive(GROUPS[1])
            world.route(world.ingest, sandbox=1)
        held.append(len(world.events.held))
        world.settle()

    world.step = step
    assert world.resume() == 0
    assert held[0] == 2, "the second one was held although the source is resuming"
    assert world.events.held == {}
    assert world.delivered() == world.arrived


def test_three_days_paused_with_10_000_events_are_no_attempt_and_no_dead_letter() -> None:
    world = paused_world()
    for number in range(10_000):
        world.arrive(f"interaction:{number % 700}")
        if number % 1000 == 999:
            world.settle()
            world.clock.forward(3 * 86_400 / 10)
    assert world.delivered() == {}
    assert len(world.events.held) == 10_000
    assert world.bench.ledger.entries == {}
    read: list[int] = []
    control = world.control
    counting = Counting(control, read)
    assert counting.resume(SOURCE, "1", lambda _, __: None) == 0
    assert world.delivered() == world.arrived
    assert world.bench.dead.taken == []
    assert max(read) <= STEP, "the events are never read all at once"
    assert world.control.states.read_source(SOURCE) == SourceState()


class Counting(SourceControl):
    """The control, with every read of events counted."""

    def __init__(self, control: SourceControl, read: list[int]) -> None:
        class Events:
            def read(self, keys: Any) -> Any:
                read.append(len(keys))
                return control.events.read(keys)

        super().__init__(
            control.states, control.held, Events(), control.bulk, control.clock, control.sleep
        )


def test_live_events_go_on_while_it_resumes_but_for_those_of_a_group_that_still_holds() -> None:
    world = paused_world()
    world.arrive(GROUPS[0])
    world.settle()
    seen: list[dict[str, list[int]]] = []

    def step() -> None:
        if not seen:
            world.clock.forward(5)
            world.arrive(GROUPS[0])
            world.arrive(GROUPS[1])
            while world.route(world.ingest):
                pass
            seen.append(world.delivered())
        world.settle()

    world.step = step
    assert world.resume() == 0
    assert seen == [{GROUPS[1]: [3]}]
    assert world.delivered() == world.arrived


def test_a_busy_source_comes_to_its_end_while_events_keep_arriving() -> None:
    world = paused_world()
    for number in range(40):
        world.arrive(f"interaction:{number % 4}")
    world.settle()
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        world.arrive(f"interaction:{steps % 4}")
        world.arrive(f"interaction:new-{steps}")
        world.settle()

    world.step = step
    assert world.resume() == 0
    world.settle()
    assert world.delivered() == world.arrived


def test_an_interrupted_resume_is_done_again() -> None:
    world = paused_world()
    for _ in range(5):
        world.arrive(GROUPS[0])
    world.settle()

    def interrupted() -> None:
        if world.outbox.sends:
            raise KeyboardInterrupt

    world.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        world.resume()
    world.step = world.settle
    assert world.resume("2") == 0
    assert world.delivered() == world.arrived
    assert world.bench.dead.taken == []


def test_what_does_not_move_ends_the_command_and_the_source_keeps_holding() -> None:
    world = paused_world()
    world.arrive(GROUPS[0])
    world.settle()
    world.step = lambda: None
    assert world.resume() == 1
    assert world.control.states.read_source(SOURCE).resuming


def test_a_discard_is_counted_and_what_is_under_way_does_nothing() -> None:
    world = paused_world()
    for group in (*GROUPS, GROUPS[0]):
        world.arrive(group)
    world.settle()
    list(world.held.groups(SOURCE))
    assert world.control.discard(SOURCE) == 3
    assert world.events.held == {}
    state = world.control.states.read_source(SOURCE)
    assert (state.paused, state.discarded) == (True, 3)
    assert world.resume() == 0
    assert world.delivered() == {}
    world.arrive(GROUPS[0])
    world.settle()
    assert world.delivered() == {GROUPS[0]: [4]}


def test_facts_are_released_in_their_place_and_follow_nobody_afterwards() -> None:
    world = paused_world()
    follows = world.control.states.read_source(OWN_SOURCE).follows
    assert follows == {SOURCE}
    world.arrive(GROUPS[0])
    world.tell(GROUPS[0])
    world.arrive(GROUPS[0])
    world.tell(GROUPS[1])
    world.settle()
    assert world.delivered() == {GROUPS[1]: [4]}
    assert world.resume() == 0
    assert world.delivered() == world.arrived
    assert not world.control.states.read_source(OWN_SOURCE).follows


def test_facts_are_dropped_with_what_they_follow() -> None:
    world = paused_world()
    world.arrive(GROUPS[0])
    world.tell(GROUPS[0])
    world.settle()
    list(world.held.groups(SOURCE))
    assert world.control.discard(SOURCE) == 2
    assert world.resume() == 0
    assert world.delivered() == {}


def test_a_pause_that_is_said_again_does_not_begin_anew() -> None:
    world = paused_world()
    again = world.control.pause(SOURCE, refuse=True)
    assert again.refuse
    assert again.holds(world.clock())
