"""SQS swallows an id for five minutes: what must arrive within them, and what must not after."""

import pytest

from switchboard.errors import Rejected
from switchboard.ledger import State
from switchboard.replays import ReplayStatus, Selected
from switchboard.testing.deliveries import make_event
from tests.functions.replay_events.rig import GROUP, ReplayRig

EVENT = make_event(1)
SELECTED = Selected(group=GROUP, event_id=EVENT.id)
MINUTE = 60.0

each_age = pytest.mark.parametrize("minutes", [1, 6])


def refused_once() -> ReplayRig:
    """The first send was refused for good."""
    rig = ReplayRig()
    rig.vendor.answers = [Rejected("422")]
    rig.arrive(EVENT)
    rig.deliver()
    assert rig.entry(EVENT).state is State.DEAD
    return rig


@each_age
def test_a_replay_arrives_however_soon_after_the_original(minutes: int) -> None:
    rig = refused_once()
    rig.clock.forward(minutes * MINUTE)
    replay = rig.plan(SELECTED)
    rig.invoke()
    rig.drain()
    assert (rig.entry(EVENT).state, rig.entry(EVENT).replay) == (State.DELIVERED, replay)
    first, again = rig.keys()
    assert first == again, "a dead letter keeps its generation"


@each_age
def test_a_replay_arrives_however_soon_after_an_earlier_replay(minutes: int) -> None:
    rig = refused_once()
    rig.vendor.answers = [Rejected("422 again")]
    for _ in range(2):
        rig.clock.forward(minutes * MINUTE)
        rig.plan(SELECTED)
        rig.invoke()
        rig.drain()
    assert rig.entry(EVENT).state is State.DELIVERED
    assert len(rig.vendor.sent) == 3


@each_age
def test_a_delivered_one_is_sent_again_only_under_a_higher_generation(minutes: int) -> None:
    rig = ReplayRig()
    rig.arrive(EVENT)
    rig.deliver()
    rig.clock.forward(minutes * MINUTE)
    rig.plan(SELECTED)
    rig.invoke()
    rig.drain()
    assert len(rig.vendor.sent) == 1
    rig.plan(SELECTED.model_copy(update={"generation": 1}))
    rig.invoke()
    rig.drain()
    assert len(set(rig.keys())) == 2
    assert rig.entry(EVENT).generation == 1


@pytest.mark.parametrize(("minutes", "swallowed"), [(1, True), (6, False)])
@pytest.mark.parametrize("outcome", [State.DELIVERED, State.DEAD])
def test_a_repeated_send_of_the_same_replay_is_swallowed_or_dropped(
    minutes: int, swallowed: bool, outcome: State
) -> None:
    rig = refused_once()
    replay = rig.plan(SELECTED)
    if outcome is State.DEAD:
        rig.vendor.answers = [Rejected("422 again")]
    rig.invoke()
    rig.drain()
    assert rig.entry(EVENT).state is outcome
    # It died before the note, and the next invocation sends the step again.
    before = rig.replays.replays[replay]
    undone = {"status": ReplayStatus.RUNNING, "position": 0}
    rig.replays.replays[replay] = before.model_copy(update=undone)
    rig.clock.forward(minutes * MINUTE)
    rig.invoke()
    arrived = rig.bulk.queue.counts()["ApproximateNumberOfMessages"]
    assert arrived == ("0" if swallowed else "1")
    rig.drain()
    assert len(rig.vendor.sent) == 2
    assert rig.entry(EVENT).state is outcome
    assert rig.crm.queue.counts()["ApproximateNumberOfMessages"] == "0"


def test_the_routers_repeated_fan_out_is_dropped_by_the_ledger_alone() -> None:
    """SQS took the fan-out, and the router died before its own message was deleted."""
    rig = refused_once()
    rig.plan(SELECTED)
    rig.invoke()
    rig.drain()
    rig.clock.forward(6 * MINUTE)
    rig.crm.send([rig.crm.sent[-1]])
    assert rig.crm.queue.counts()["ApproximateNumberOfMessages"] == "1"
    rig.deliver()
    assert len(rig.vendor.sent) == 2
