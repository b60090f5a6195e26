"""`after_dead_letter: hold`: nothing of a group passes its dead letter, whoever looks when."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from switchboard.destination import Delivery, Receipt
from switchboard.envelope import DeliveryOrder
from switchboard.errors import Rejected, Unavailable
from switchboard.gaps import Gap, settle_gap, settled
from switchboard.ledger import Entry, State
from switchboard.loop import Record
from switchboard.replay_id import new_replay_id
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    ScriptedParcels,
    make_event,
    make_record,
)

GROUP = "interaction:one"
EVENTS = [make_event(number) for number in range(6)]
HEAD, SECOND, THIRD, FOURTH = (make_record(event) for event in EVENTS[:4])
ELSEWHERE = make_record(EVENTS[5], group="interaction:two")


class Bench(DeliveryBench):
    def __init__(self, *answers: Receipt | Exception | Callable[[Delivery], Receipt]) -> None:
        self.destination = ScriptedDestination(*answers)
        super().__init__(self.destination)
        configuration = replace(self.configuration(), holds=True)
        self.configuration = lambda: configuration

    def replay(self, *records: Record) -> dict[str, int]:
        """Each of them once more, under a replay of its own."""
        self.clock.forward(1)
        order = DeliveryOrder(only="crm", replay=new_replay_id(self.clock(), "0" * 8))
        events = {make_record(event).message_id: event for event in EVENTS}
        return self.deliver(*[make_record(events[one.message_id], order=order) for one in records])

    @property
    def sent(self) -> list[int]:
        return [delivery.event.data["number"] for delivery in self.destination.sent]

    @property
    def gap(self) -> Gap:
        return self.gaps.gaps[GROUP, "crm"]

    def kept(self) -> list[State]:
        return [entry.state for entry in self.gaps.entries(GROUP, "crm")]


def test_followers_of_a_dead_letter_are_held_and_other_groups_go_on() -> None:
    bench = Bench(Rejected("422"))
    assert bench.deliver(HEAD, SECOND, ELSEWHERE, THIRD) == {}
    assert bench.sent == [0, 5]
    assert bench.kept() == [State.DEAD, State.HELD, State.HELD]
    assert bench.ledger.of(EVENTS[1].id, "crm").attempt == 0
    assert bench.telemetry.counts["held", "crm"] == 2


def test_the_gap_is_there_before_the_dead_letter() -> None:
    bench = Bench(Rejected("422"))
    seen: list[tuple[State, bool]] = []
    bench.ledger.before_put = lambda entry: seen.append((entry.state, bool(bench.gaps.gaps)))
    bench.deliver(HEAD)
    assert seen == [(State.SENDING, False), (State.DEAD, True)]


def test_a_gap_that_cannot_be_written_leaves_no_dead_letter() -> None:
    def take_the_gaps_away(_: Delivery) -> Receipt:
        bench.gaps.failure = Unavailable("DynamoDB throttles")
        raise Rejected("422")

    bench = Bench(take_the_gaps_away)
    assert bench.deliver(HEAD, SECOND) != {}
    assert bench.ledger.of(EVENTS[0].id, "crm").state is State.SENDING
    assert bench.dead_letters.taken == []


def test_a_replayed_head_is_followed_by_what_was_held_in_order() -> None:
    bench = Bench(Rejected("422"))
    bench.deliver(HEAD, SECOND, THIRD)
    assert bench.replay(HEAD) == {}
    assert (bench.gap.released, bench.gap.closed) == (True, False)
    assert bench.deliver(FOURTH) == {}, "what is new waits for what is held"
    assert bench.replay(SECOND, THIRD) == {}
    assert not bench.gap.closed
    assert bench.replay(FOURTH) == {}
    assert bench.gap.closed
    assert bench.sent == [0, 0, 1, 2, 3]
    bench.deliver(make_record(EVENTS[4]))
    assert bench.sent == [0, 0, 1, 2, 3, 4]


def test_a_head_that_fails_again_keeps_the_others() -> None:
    bench = Bench(Rejected("422"), Rejected("422"))
    bench.deliver(HEAD, SECOND)
    assert bench.replay(HEAD, SECOND) == {}
    assert bench.sent == [0, 0]
    assert not bench.gap.released
    assert bench.replay(HEAD, SECOND) == {}
    assert bench.sent == [0, 0, 0, 1]
    assert bench.gap.closed


def test_a_held_one_that_becomes_a_dead_letter_is_the_next_head() -> None:
    bench = Bench(Rejected("422"), Receipt(), Rejected("422"))
    bench.deliver(HEAD, SECOND, THIRD)
    bench.replay(HEAD)
    bench.replay(SECOND, THIRD)
    assert bench.gap.head == EVENTS[1].id
    assert bench.sent == [0, 0, 1]
    bench.replay(SECOND, THIRD)
    assert bench.sent == [0, 0, 1, 1, 2]
    assert bench.gap.closed


def test_a_head_that_was_discarded_lets_the_others_go() -> None:
    bench = Bench(Rejected("422"))
    bench.deliver(HEAD, SECOND)
    head = bench.ledger.of(EVENTS[0].id, "crm")
    discarded = replace(head, state=State.DISCARDED, revision=head.revision + 1)
    bench.ledger.put(discarded, expected=head.revision)
    settle_gap(bench.gaps, GROUP, "crm")
    assert bench.replay(SECOND) == {}
    assert bench.sent == [0, 1]
    assert bench.gap.closed


def test_a_crash_between_the_gap_and_the_dead_letter_lets_the_head_try_again() -> None:
    bench = Bench(Rejected("422"))

    def crash(entry: Entry) -> None:
        if entry.state is State.DEAD:
            raise Crash

    bench.ledger.before_put = crash
    with pytest.raises(Crash):
        bench.deliver(HEAD)
    bench.ledger.before_put = None
    bench.another_sandbox()
    bench.clock.forward(90)
    assert bench.deliver(HEAD, SECOND) == {}
    assert bench.sent == [0, 0, 1]
    assert bench.gap.closed


def test_a_crash_between_the_delivery_and_the_gap_is_made_good_by_its_message() -> None:
    bench = Bench(Rejected("422"))
    bench.deliver(HEAD)
    bench.clock.forward(1)
    order = DeliveryOrder(only="crm", replay=new_replay_id(bench.clock(), "0" * 8))
    replay = make_record(EVENTS[0], order=order)

    def away(_: Delivery) -> Receipt:
        bench.gaps.failure = Unavailable("DynamoDB throttles")
        return Receipt()

    bench.destination.answers = [away]
    assert bench.deliver(replay) != {}
    assert not bench.gap.closed
    bench.gaps.failure = None
    assert bench.deliver(replay) == {}
    assert bench.gap.closed
    assert bench.sent == [0, 0]


def test_whoever_holds_while_the_gap_closes_is_not_forgotten() -> None:
    """The closing execution looked before the holding one wrote; neither may miss the other."""
    bench = Bench(Rejected("422"))
    bench.deliver(HEAD)
    open_gap = bench.gap

    def closes(entry: Entry) -> None:
        if entry.state is State.HELD:
            bench.ledger.before_put = None
            closed = replace(open_gap, released=True, closed=True, revision=open_gap.revision + 1)
            assert bench.gaps.write(closed, expected=open_gap.revision)

    bench.ledger.before_put = closes
    back = bench.deliver(SECOND)
    assert back == {SECOND.message_id: 1}
    while back:
        bench.clock.forward(1)
        back = bench.deliver(SECOND)
    assert bench.sent == [0, 1]
    assert bench.ledger.of(EVENTS[1].id, "crm").attempt == 1


def test_a_gap_is_not_closed_over_what_was_held_meanwhile() -> None:
    bench = Bench(Rejected("422"))
    bench.deliver(HEAD)
    raced = replace(bench.gap, revision=bench.gap.revision + 1)
    stale = settled(bench.gap, [replace(bench.ledger.of(EVENTS[0].id, "crm"), state=DELIVERED)])
    assert stale is not None
    assert bench.gaps.write(raced, expected=bench.gap.revision)
    assert not bench.gaps.write(stale, expected=stale.revision - 1)


@pytest.mark.parametrize("ordered", [True, False])
def test_a_follower_is_in_no_parcel_with_its_head_and_is_held(ordered: bool) -> None:
    def each(parcel: Sequence[Delivery]) -> Sequence[Receipt | Exception]:
        return [
            Rejected("422") if one.event.data["number"] == 0 else Receipt("taken") for one in parcel
        ]

    destination = ScriptedParcels(each)
    bench = DeliveryBench(destination)
    configuration = replace(bench.configuration(), holds=True)
    bench.configuration = lambda: configuration
    back = bench.deliver_parcels(HEAD, SECOND, ELSEWHERE, ordered=ordered)
    assert back == {SECOND.message_id: 0}
    assert bench.ledger.of(EVENTS[1].id, "crm").attempt == 0
    assert bench.deliver_parcels(SECOND, ordered=ordered) == {}
    assert bench.ledger.of(EVENTS[1].id, "crm").state is State.HELD
    told = [[one.event.data["number"] for one in parcel] for parcel in destination.parcels]
    assert [number for parcel in told for number in parcel] == [0, 5]


def test_a_replay_of_an_old_dead_letter_holds_nobody() -> None:
    bench = Bench(Rejected("422"), Receipt(), Rejected("422"))
    holding, going_on = bench.configuration(), replace(bench.configuration(), holds=False)
    bench.configuration = lambda: going_on
    bench.deliver(HEAD, SECOND)
    bench.configuration = lambda: holding
    bench.replay(HEAD)
    bench.deliver(THIRD)
    assert bench.sent == [0, 1, 0, 2]


def test_who_does_not_hold_reads_no_gap() -> None:
    bench = DeliveryBench(ScriptedDestination(Rejected("422")))
    bench.deliver(HEAD, SECOND)
    assert (bench.gaps.reads, bench.gaps.gaps) == (0, {})


DELIVERED = State.DELIVERED


class Crash(BaseException):
    """The process ends."""
