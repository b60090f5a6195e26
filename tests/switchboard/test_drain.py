import json

import pytest

from desk.emulator.standard_queues import StandardQueue
from switchboard.breaker import paused
from switchboard.delivery import Execution, Time
from switchboard.destination import Delivery, ParcelSpec, Receipt, Repeat
from switchboard.drain import Drain, Drainage, Drained, DrainOrder, ahead_of, drain
from switchboard.envelope import DeliveryOrder, decode
from switchboard.errors import OutcomeUnknown, Unavailable
from switchboard.guards import Guard
from switchboard.ledger import Entry, State
from switchboard.loop import Batch
from switchboard.parcels import Parcels
from switchboard.testing.deliveries import ScriptedDestination, make_event, make_record
from switchboard.testing.draining import MemoryDrains
from switchboard.version import Version
from tests.switchboard.drain_bench import DAY, DrainBench, Emptied


@pytest.mark.parametrize("kind", [Drain.DISCARD, Drain.REDIRECT])
def test_what_calls_no_vendor_needs_no_time_for_one(kind: Drain) -> None:
    bench = DrainBench(ScriptedDestination())
    bench.remaining = 18.0
    bench.fill(1)
    assert not bench.drain(kind=kind, why="moved", to="lake").rest
    assert bench.waiting == 0


def test_a_scheduled_destination_is_delivered_in_order_until_its_queue_is_empty() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(*range(35), groups=3)
    drained = bench.drain()
    assert (drained.done, drained.left, drained.rest, bench.waiting) == (35, 0, False, 0)
    numbers = [int(one.event.data["number"]) for one in destination.sent]
    for group in range(3):
        mine = [n for n in numbers if n % 3 == group]
        assert mine == sorted(mine)
    assert bench.store.kept["crm"] == drained


def test_a_failing_head_keeps_its_followers_and_nobody_else() -> None:
    destination = ScriptedDestination(Unavailable("503"))
    bench = DrainBench(destination)
    bench.fill(*range(4), groups=1)
    bench.fill(101, 102)
    drained = bench.drain()
    assert (drained.done, bench.waiting) == (2, 4)
    bench.clock.forward(1000)
    assert bench.drain().done == 4
    numbers = [int(one.event.data["number"]) for one in destination.sent]
    assert [n for n in numbers if n < 100] == [0, 0, 1, 2, 3]


def test_what_there_is_no_time_for_is_recorded_and_stays() -> None:
    def slow(_: Delivery) -> Receipt:
        bench.remaining -= 10
        return Receipt("remote")

    bench = DrainBench(ScriptedDestination(*[slow] * 20))
    bench.fill(*range(20))
    drained = bench.drain()
    assert drained.rest
    assert drained.done == 4, "0.8 of 60 seconds, and 15 for the last one"
    assert bench.store.kept["crm"].rest
    bench.remaining = 10_000.0
    bench.clock.forward(400)
    assert bench.drain().done == 16


def test_what_the_work_has_no_time_for_is_received_once() -> None:
    """A parcel wants time for two requests where a drain goes on while there is time for one."""
    bench = DrainBench(ScriptedDestination())
    bench.remaining = 30.0
    bench.fill(*range(3))
    parcels = Parcels(bench.ports, ParcelSpec(Repeat.NATIVE, 10, 1000), ordered=True)

    def work(batch: Batch, execution: Execution, time: Time) -> None:
        bench.remaining -= 0.1
        parcels.deliver(batch, execution, time)

    time = Time(lambda: bench.remaining, needed=15.0)
    drained = drain(bench.drainage, DrainOrder(), work, bench.execution(), time)
    assert (drained.done, drained.rest, bench.waiting) == (0, True, 3)
    assert [record.receive_count for record in Emptied(bench.queue).receive()] == [2, 2, 2]


def carried_on(store: MemoryDrains) -> None:
    """A command that has no time for everything, carried on as long as its record says."""

    def slow(entry: Entry) -> None:
        bench.remaining -= 3 if entry.state is State.DISCARDED else 0

    bench = DrainBench(ScriptedDestination(), store=store)
    bench.fill(*range(30))
    bench.ledger.before_put = slow
    bench.drain(kind="discard", by="ana")
    assert 0 < bench.waiting < 30
    for _ in range(5):
        last = bench.store.kept["crm"]
        if not last.rest:
            break
        bench.clock.forward(400)
        bench.remaining = 60.0
        bench.drain(**ahead_of(DrainOrder(), last).model_dump())
    assert bench.waiting == 0
    assert {entry.state for entry in bench.ledger.entries.values()} == {State.DISCARDED}


class ForgetsTheRest(MemoryDrains):
    """A break: that something is left is not recorded."""

    def record(self, destination: str, drained: Drained) -> None:
        super().record(destination, drained.model_copy(update={"rest": False}))


def test_a_command_is_carried_on_until_nothing_is_left() -> None:
    carried_on(MemoryDrains())


def test_a_drain_that_forgets_the_rest_is_found() -> None:
    with pytest.raises(AssertionError):
        carried_on(ForgetsTheRest())


def test_an_order_may_ask_for_less_time() -> None:
    def slow(_: Delivery) -> Receipt:
        bench.remaining -= 10
        return Receipt("remote")

    bench = DrainBench(ScriptedDestination(*[slow] * 20))
    bench.fill(*range(20))
    assert bench.drain(seconds=26).done == 2


def test_one_drains_at_a_time() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.fill(1)
    held = bench.leases.take("drain#crm", "another", bench.clock(), 60)
    assert held is not None
    drained = bench.drain()
    assert (drained.busy, drained.done, bench.waiting) == (True, 0, 1)
    bench.leases.release(held)
    assert bench.drain().done == 1
    assert bench.leases.held == {}


def test_what_is_discarded_says_who_and_why() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(1, 2, 3)
    drained = bench.drain(kind="discard", by="ana", why="the old tenant")
    assert (drained.done, bench.waiting, destination.sent) == (3, 0, [])
    assert bench.entry(2).state is State.DISCARDED
    assert bench.entry(2).reason == "discarded by ana: the old tenant"
    assert bench.telemetry.counts["discarded", "crm"] == 3


def test_only_what_is_old_enough_is_discarded_and_the_rest_keeps_its_order() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(0, 1, groups=1)
    bench.clock.forward(DAY)
    bench.fill(2, 3, groups=1)
    drained = bench.drain(kind="discard", older_than_seconds=DAY / 2)
    assert (drained.done, bench.waiting) == (2, 2)
    bench.clock.forward(400)
    bench.drain()
    assert [int(one.event.data["number"]) for one in destination.sent] == [2, 3]


def test_a_delivery_that_another_execution_is_sending_is_not_discarded() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.fill(1)
    event = make_event(1)
    lease = bench.clock() + 90
    mine = Entry("interaction:1", event.id, "crm", State.SENDING, owner="x", lease_until=lease)
    bench.ledger.put(mine, expected=None)
    assert bench.drain(kind="discard").done == 0
    assert bench.entry(1).state is State.SENDING
    bench.clock.forward(1000)
    assert bench.drain(kind="discard", by="ana").done == 1
    assert bench.entry(1).reason == "discarded by ana; an earlier attempt may be stored"


def test_what_was_delivered_before_stays_delivered() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    record = make_record(make_event(1), group="interaction:1")
    bench.deliver(record)
    bench.fill(1)
    for kind in ("discard", "redirect"):
        bench.drain(kind=kind, to="spare")
        bench.fill(1, order=DeliveryOrder(only="crm", mapping_version=1))
    assert bench.entry(1).state is State.DELIVERED
    assert bench.through.taken == []


def test_what_cannot_be_read_can_be_discarded() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.queue.send("nonsense", "interaction:1", "1")
    assert bench.drain(kind="discard").done == 1
    assert bench.waiting == 0


def test_a_redirection_sends_on_in_order_and_is_in_the_ledger() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(*range(6), groups=2)
    drained = bench.drain(kind="redirect", to="spare", through="bulk", by="ana", why="moved")
    assert (drained.done, bench.waiting, destination.sent) == (6, 0, [])
    assert bench.entry(3).state is State.REDIRECTED
    assert bench.entry(3).reason == "redirected to spare by ana: moved"
    onward = [decode(message.body) for message in bench.through.taken]
    assert {one.delivery.only for one in onward if one.delivery} == {"spare"}
    for group in range(2):
        mine = [
            int(one.event.data["number"])
            for one in onward
            if one.event and one.group == f"interaction:{group}"
        ]
        assert mine == sorted(mine)
        assert len(mine) == 3


def test_a_redirection_that_is_refused_stays() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.through.refuse = lambda _: "no"
    bench.fill(1)
    assert bench.drain(kind="redirect", to="spare").done == 0
    assert bench.waiting == 1
    bench.through.refuse = lambda _: None
    bench.clock.forward(1000)
    assert bench.drain(kind="redirect", to="spare").done == 1


def test_a_crash_of_a_redirection_sends_the_same_delivery_on_once_more() -> None:
    class Killed(BaseException):
        pass

    def kill(entry: Entry) -> None:
        if entry.state is State.REDIRECTED:
            raise Killed

    bench = DrainBench(ScriptedDestination())
    bench.fill(1)
    bench.ledger.before_put = kill
    with pytest.raises(Killed):
        bench.drain(kind="redirect", to="spare")
    bench.ledger.before_put = None
    bench.clock.forward(1000)
    assert bench.drain(kind="redirect", to="spare").done == 1
    first, again = bench.through.taken
    assert first == again, "SQS, or else the ledger over there, knows it again"


def test_a_redirected_replay_stays_one() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.deliver(make_record(make_event(1), group="interaction:1"))
    bench.fill(1, order=DeliveryOrder(only="crm", replay="r1", generation=2))
    bench.drain(kind="redirect", to="spare")
    (message,) = bench.through.taken
    assert decode(message.body).delivery == DeliveryOrder(only="spare", replay="r1", generation=2)
    assert (bench.entry(1).state, bench.entry(1).replay) == (State.REDIRECTED, "r1")


def test_a_discarded_replay_leaves_its_delivery_as_it_was() -> None:
    bench = DrainBench(ScriptedDestination())
    bench.deliver(make_record(make_event(1), group="interaction:1"))
    bench.fill(1, order=DeliveryOrder(only="crm", replay="r1", generation=2))
    assert bench.drain(kind="discard", by="ana").done == 1
    assert (bench.entry(1).state, bench.waiting) == (State.DELIVERED, 0)


@pytest.mark.parametrize("kind", [Drain.DISCARD, Drain.REDIRECT, Drain.EXPIRE])
def test_of_a_record_that_a_lost_execution_may_have_sent_nothing_older_is_sent(kind: Drain) -> None:
    bench = DrainBench(ScriptedDestination())
    event = make_event(1)
    version = Version.of(event)
    lost = Entry("interaction:1", event.id, "crm", State.SENDING, owner="x", version=version.text)
    bench.ledger.put(lost, expected=None)
    bench.fill(1)
    bench.clock.forward(13 * DAY)
    assert bench.drain(kind=kind, to="lake").done == 1
    assert bench.guards.read("interaction:1", "crm") == Guard(possible=version)


def test_what_waited_twelve_days_is_dead_lettered_and_nothing_else_is_touched() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(1)
    bench.clock.forward(11 * DAY)
    bench.fill(2)
    assert bench.drain(kind="expire").done == 0
    bench.clock.forward(1.5 * DAY)
    assert bench.drain(kind="expire").done == 1
    assert (bench.entry(1).state, bench.waiting) == (State.DEAD, 1)
    (dead,) = bench.dead_letters.taken
    assert "waited 12 days" in json.loads(dead.body)["reason"]["message"]
    assert destination.sent == []


def test_a_batched_destination_is_discarded_in_spite_of_copies_and_disorder() -> None:
    bench = DrainBench(ScriptedDestination())
    queue = StandardQueue("lake", clock=bench.clock)
    bench.drainage = Drainage("crm", [Emptied(queue)], bench.leases, bench.store, bench.clock)
    for number in range(60):
        queue.send(make_record(make_event(number), group=f"interaction:{number}").body)
    drained = bench.drain(kind="discard")
    assert drained.done > 60, "there were copies"
    assert len(bench.ledger.entries) == 60
    assert {entry.state for entry in bench.ledger.entries.values()} == {State.DISCARDED}


def test_an_unknown_outcome_is_looked_for_at_the_next_time() -> None:
    def store(delivery: Delivery) -> Receipt:
        destination.stored.add(delivery.key)
        raise OutcomeUnknown("no answer")

    destination = ScriptedDestination(store)
    bench = DrainBench(destination, Repeat.READ_BACK)
    bench.fill(1)
    assert bench.drain().done == 0
    bench.clock.forward(1000)
    assert bench.drain().done == 1
    assert len(destination.sent) == 1


@pytest.mark.parametrize("kind", ["discard", "redirect"])
def test_a_schedule_carries_on_a_command_that_has_not_ended(kind: str) -> None:
    schedule = DrainOrder()
    command = DrainOrder.model_validate({"kind": kind, "by": "ana", "seconds": 40})
    assert ahead_of(schedule, None) == schedule
    assert ahead_of(schedule, Drained(order=command, rest=False)) == schedule
    assert ahead_of(schedule, Drained(order=DrainOrder(by="x"), rest=True)) == schedule
    unfinished = Drained(order=command, rest=True)
    assert ahead_of(schedule, unfinished) == command.model_copy(update={"seconds": None})
    other = DrainOrder(kind=Drain.DISCARD, by="ben")
    assert ahead_of(other, unfinished) == other, "the last command counts"


def test_what_waited_twelve_days_ends_although_the_destination_is_paused() -> None:
    destination = ScriptedDestination()
    bench = DrainBench(destination)
    bench.fill(1, 2)
    bench.change(lambda state: paused(state, bench.clock(), "ann"))
    bench.clock.forward(13 * DAY)
    bench.fill(3)
    drained = bench.drain()
    assert (drained.done, drained.left, bench.waiting) == (2, 1, 1)
    assert [bench.entry(number).state for number in (1, 2)] == [State.DEAD, State.DEAD]
    assert destination.sent == []
