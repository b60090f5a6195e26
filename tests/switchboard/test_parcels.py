import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.breaker import DestinationState
from switchboard.destination import Delivery, ParcelAnswer, ParcelSpec, Receipt, Repeat
from switchboard.errors import (
    ConfigurationError,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from switchboard.ledger import Entry, State
from switchboard.loop import Record
from switchboard.parcel import room
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedParcels,
    make_event,
    make_record,
)

Script = Callable[[Sequence[Delivery]], ParcelAnswer]


class Killed(BaseException):
    """The process ends here."""


def number(delivery: Delivery) -> int:
    return int(delivery.event.data["number"])


def records(*numbers: int, groups: int = 100) -> list[Record]:
    return [make_record(make_event(n), group=f"interaction:{n % groups}") for n in numbers]


def raising(error: BaseException) -> Script:
    def script(_: Sequence[Delivery]) -> ParcelAnswer:
        raise error

    return script


def refusing(*poison: int) -> Script:
    """A vendor that refuses the whole request for one bad record."""

    def script(deliveries: Sequence[Delivery]) -> ParcelAnswer:
        if any(number(one) in poison for one in deliveries):
            raise Rejected("one record is not accepted")
        return Receipt("remote")

    return script


def states(bench: DeliveryBench) -> Counter[State]:
    return Counter(entry.state for entry in bench.ledger.entries.values())


def sizes(destination: ScriptedParcels) -> list[int]:
    return [len(parcel) for parcel in destination.parcels]


def test_many_deliveries_travel_in_one_request() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination)
    assert bench.deliver_parcels(*records(*range(20))) == {}
    assert sizes(destination) == [20]
    assert states(bench) == {State.DELIVERED: 20}


def test_each_entry_names_the_parcel_before_it_is_sent() -> None:
    seen: list[set[tuple[State, str]]] = []

    def script(deliveries: Sequence[Delivery]) -> ParcelAnswer:
        seen.append({(e.state, e.reference) for e in bench.ledger.entries.values()})
        assert {one.reference for one in deliveries} == {r for _, r in seen[-1]}
        return Receipt("remote")

    destination = ScriptedParcels(script)
    bench = DeliveryBench(destination)
    bench.deliver_parcels(*records(1, 2, 3))
    ((only,),) = seen
    assert only == (State.SENDING, destination.parcel_reference(destination.parcels[0]))


def test_one_bad_record_does_not_kill_the_others() -> None:
    destination = ScriptedParcels(refusing(5))
    bench = DeliveryBench(destination)
    assert bench.deliver_parcels(*records(*range(16))) == {}
    assert states(bench) == {State.DELIVERED: 15, State.DEAD: 1}
    (dead,) = bench.dead_letters.taken
    assert json.loads(dead.body)["envelope"]["event"]["data"]["number"] == 5
    assert len(destination.parcels) <= 2 * 4 + 1, "halved, not sent one by one"


def test_each_result_is_its_own_deliverys() -> None:
    answers: list[Receipt | Exception] = [
        Receipt("a"),
        Rejected("no"),
        Unavailable("later"),
        Receipt("d"),
    ]
    bench = DeliveryBench(ScriptedParcels(lambda _: answers))
    batch = records(1, 2, 3, 4)
    assert bench.deliver_parcels(*batch) == {batch[2].message_id: 1}
    assert states(bench) == {State.DELIVERED: 2, State.DEAD: 1, State.WAITING: 1}
    assert {e.remote_id for e in bench.ledger.entries.values()} == {"a", "", "d"}


def test_results_of_another_number_are_a_bug_of_the_parcel() -> None:
    bench = DeliveryBench(ScriptedParcels(lambda _: [Receipt("a")]))
    bench.deliver_parcels(*records(1, 2))
    assert {(e.state, e.bugs) for e in bench.ledger.entries.values()} == {(State.WAITING, 1)}


def test_what_had_a_bug_goes_alone_and_harms_no_other() -> None:
    def script(deliveries: Sequence[Delivery]) -> ParcelAnswer:
        if any(number(one) == 2 for one in deliveries):
            raise TypeError
        return Receipt("remote")

    destination = ScriptedParcels(script)
    bench = DeliveryBench(destination)
    batch = records(1, 2, 3, 4)
    for _ in range(5):
        bench.deliver_parcels(*batch)
        bench.clock.forward(1000)
    assert states(bench) == {State.DELIVERED: 3, State.DEAD: 1}
    assert sizes(destination) == [4, *[1] * 7]


def test_an_unknown_outcome_is_looked_for_once_and_the_rest_forms_a_new_parcel() -> None:
    def script(deliveries: Sequence[Delivery]) -> ParcelAnswer:
        if len(destination.parcels) > 2:
            return Receipt("remote")
        if len(destination.parcels) == 1:
            destination.store(deliveries)
        raise OutcomeUnknown("no answer")

    destination = ScriptedParcels(script)
    bench = DeliveryBench(destination, Repeat.READ_BACK)
    stored, lost = records(1, 2, 3), records(4, 5)
    bench.deliver_parcels(*stored)
    bench.deliver_parcels(*lost)
    bench.clock.forward(100)
    assert bench.deliver_parcels(*stored, *lost, *records(6)) == {}
    assert [[number(one) for one in parcel] for parcel in destination.parcels] == [
        [1, 2, 3],
        [4, 5],
        [4, 5, 6],
    ]
    assert states(bench) == {State.DELIVERED: 6}


@pytest.mark.parametrize(
    ("repeat", "ends"),
    [(Repeat.AT_MOST_ONCE, State.DEAD), (Repeat.AT_LEAST_ONCE, State.DELIVERED)],
)
def test_a_crash_after_the_send_leaves_each_to_its_repeat(repeat: Repeat, ends: State) -> None:
    def script(_: Sequence[Delivery]) -> ParcelAnswer:
        if len(destination.parcels) == 1:
            raise Killed
        return Receipt("remote")

    destination = ScriptedParcels(script)
    bench = DeliveryBench(destination, repeat)
    batch = records(1, 2, 3)
    with pytest.raises(Killed):
        bench.deliver_parcels(*batch)
    assert states(bench) == {State.SENDING: 3}
    bench.clock.forward(100)
    assert bench.deliver_parcels(*batch) == {}
    assert states(bench) == {ends: 3}
    duplicates = bench.telemetry.counts.get(("possible_duplicates", "crm"), 0)
    assert duplicates == (3 if repeat is Repeat.AT_LEAST_ONCE else 0)


def test_the_gate_is_told_of_a_failed_request_once() -> None:
    bench = DeliveryBench(ScriptedParcels(raising(ConfigurationError("401"))))
    bench.deliver_parcels(*records(*range(50)))
    assert bench.telemetry.counts["configuration_errors", "crm"] == 1
    assert states(bench) == {State.WAITING: 50}


def test_a_closed_gate_puts_back_without_a_claim() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination)
    bench.states.states["crm"] = DestinationState(paused=True)
    assert set(bench.deliver_parcels(*records(1, 2)).values()) == {900}
    assert bench.ledger.entries == {}


def test_what_waited_too_long_ends_behind_a_closed_gate() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination)
    young, old = records(1, 2)
    old = replace(old, sent_at=bench.clock() - 12 * 24 * 3600 - 1)
    bench.states.states["crm"] = DestinationState(paused=True)
    assert bench.deliver_parcels(young, old) == {young.message_id: 900}
    assert states(bench) == {State.DEAD: 1}
    assert destination.parcels == []


def test_what_there_is_no_time_for_goes_back_without_an_attempt() -> None:
    def script(_: Sequence[Delivery]) -> ParcelAnswer:
        bench.remaining = 10.0
        raise Rejected("one record is not accepted")

    bench = DeliveryBench(ScriptedParcels(script))
    back = bench.deliver_parcels(*records(1, 2, 3, 4))
    assert set(back.values()) == {0}
    assert {(e.state, e.attempt) for e in bench.ledger.entries.values()} == {(State.WAITING, 0)}


def test_a_parcel_keeps_to_its_sizes_and_its_address() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination)
    bench.parcels = ParcelSpec(Repeat.NATIVE, largest_count=3, largest_bytes=10_000)
    elsewhere = make_record(make_event(9, source="partner"), group="interaction:9")
    large = make_record(make_event(8, data={"number": 8, "text": "x" * 9_900}), group="i:8")
    bench.deliver_parcels(*records(1, 2), elsewhere, *records(3, 4), large)
    sent = [[number(one) for one in parcel] for parcel in destination.parcels]
    assert sent == [[1, 2, 3], [4], [9], [8]]


def test_what_was_taken_over_is_left_out_and_the_parcel_gets_another_name() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination, Repeat.READ_BACK)

    def take_over(entry: Entry) -> None:
        if entry.reference and entry.event_id == make_event(2).id:
            key = (entry.group, entry.event_id, "crm")
            bench.ledger.entries[key] = Entry(*key, State.SENDING, revision=7, owner="another")

    bench.ledger.before_put = take_over
    assert len(bench.deliver_parcels(*records(1, 2, 3))) == 1
    (parcel,) = destination.parcels
    assert [number(one) for one in parcel] == [1, 3]
    assert {one.reference for one in parcel} == {destination.parcel_reference(parcel)}


def test_followers_of_a_failed_head_are_not_sent_where_order_is_kept() -> None:
    destination = ScriptedParcels(refusing(0))
    bench = DeliveryBench(destination)
    batch = records(*range(4), groups=1)
    back = bench.deliver_parcels(*batch, ordered=True)
    assert set(back) == {record.message_id for record in batch[1:]}
    bench.deliver_parcels(*batch[1:], ordered=True)
    assert states(bench) == {State.DELIVERED: 3, State.DEAD: 1}


def test_a_look_that_fails_leaves_the_outcome_unknown() -> None:
    def script(deliveries: Sequence[Delivery]) -> ParcelAnswer:
        destination.store(deliveries)
        raise OutcomeUnknown("no answer")

    destination = Blind(script)
    bench = DeliveryBench(destination, Repeat.READ_BACK)
    batch = records(1, 2)
    bench.deliver_parcels(*batch)
    for _ in range(3):
        bench.clock.forward(100)
        bench.deliver_parcels(*batch)
        assert states(bench) == {State.UNKNOWN: 2}
    destination.failure = None
    bench.clock.forward(100)
    assert bench.deliver_parcels(*batch) == {}
    assert sizes(destination) == [2], "it was sent again"


class Blind(ScriptedParcels):
    """One that cannot be asked what it has, as long as `failure` is set."""

    failure: Exception | None = Unavailable("503")

    def find(self, delivery: Delivery) -> Receipt | None:
        if self.failure is not None:
            raise self.failure
        return super().find(delivery)


def test_an_entry_that_was_taken_over_stops_its_group_where_order_is_kept() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination, Repeat.READ_BACK)
    head, follower = make_event(0), make_event(1)

    def take_over(entry: Entry) -> None:
        if entry.reference and entry.event_id == head.id:
            key = (entry.group, entry.event_id, "crm")
            bench.ledger.entries[key] = Entry(*key, State.SENDING, revision=7, owner="another")

    bench.ledger.before_put = take_over
    bench.deliver_parcels(*records(0, 1, groups=1), ordered=True)
    assert destination.parcels == []
    assert bench.ledger.of(follower.id, "crm").state is State.WAITING


def test_a_parcel_that_could_not_be_named_was_not_sent_and_is_no_crash() -> None:
    destination = ScriptedParcels()
    bench = DeliveryBench(destination, Repeat.AT_MOST_ONCE)
    batch = records(1, 2)
    away = {make_event(1).id}

    def lose(entry: Entry) -> None:
        if entry.reference and entry.event_id in away:
            away.clear()
            raise Unavailable("writing the ledger: AWS answered InternalServerError")

    bench.ledger.before_put = lose
    assert set(bench.deliver_parcels(*batch)) == {batch[0].message_id}
    waits = bench.ledger.of(make_event(1).id, "crm")
    assert (waits.state, waits.lease_until, waits.lapses) == (State.WAITING, 0.0, 0)
    bench.clock.forward(waits.until - bench.clock())
    assert bench.deliver_parcels(batch[0]) == {}
    assert states(bench) == {State.DELIVERED: 2}


def test_each_attempt_leaves_less_company() -> None:
    assert [room(make_entry(attempt=n), 100) for n in (1, 3, 4, 5, 60)] == [100, 100, 50, 25, 1]


def make_entry(attempt: int) -> Entry:
    return Entry("group", "event", "crm", State.SENDING, attempt=attempt)


OUTCOMES = st.lists(
    st.sampled_from(
        ["taken", "lost", "stored", "refused", "each", "bug", "killed", "killed after"]
    ),
    max_size=25,
)


class Vendor(ScriptedParcels):
    """Ends each request as told, and never takes what is poison; later it takes all else."""

    def __init__(self, outcomes: Sequence[str], poison: set[int], *, each: bool) -> None:
        super().__init__(self._one)
        self._outcomes = list(outcomes)
        self._poison = poison
        self._each_allowed = each
        self._kills = 0

    def _one(self, deliveries: Sequence[Delivery]) -> ParcelAnswer:
        outcome = self._next()
        before = {
            "bug": TypeError(),
            "lost": OutcomeUnknown("no answer"),
            "killed": Killed(),
            "refused": Unavailable("503"),
        }
        after = {"stored": OutcomeUnknown("no answer"), "killed after": Killed()}
        if outcome in before:
            raise before[outcome]
        bad = [number(one) in self._poison for one in deliveries]
        if outcome == "each" and self._each_allowed:
            return self._apart(deliveries, bad)
        if any(bad):
            raise Rejected("not accepted")
        self.store(deliveries)
        if outcome in after:
            raise after[outcome]
        return Receipt("remote")

    def _next(self) -> str:
        """The next outcome; a third kill would be a dead letter by right, and is left out."""
        outcome = self._outcomes.pop(0) if self._outcomes else "taken"
        self._kills += outcome.startswith("killed")
        return outcome if self._kills < 3 or not outcome.startswith("killed") else "taken"

    def _apart(self, deliveries: Sequence[Delivery], bad: Sequence[bool]) -> ParcelAnswer:
        answers: list[Receipt | Exception] = []
        for index, (one, is_bad) in enumerate(zip(deliveries, bad, strict=True)):
            if is_bad:
                answers.append(Rejected("not accepted"))
            elif index % 3 == 2:
                answers.append(Unavailable("this one later"))
            else:
                self.sent.append(one)
                answers.append(Receipt("remote"))
        return answers


@settings(max_examples=150, deadline=None)
@given(
    outcomes=OUTCOMES,
    poison=st.sets(st.integers(0, 11), max_size=3),
    ordered=st.booleans(),
    largest=st.integers(1, 8),
)
def test_any_split_of_outcomes_keeps_one_record_per_event_and_order_per_group(
    outcomes: list[str], poison: set[int], ordered: bool, largest: int
) -> None:
    vendor = Vendor(outcomes, poison, each=not ordered)
    bench = DeliveryBench(vendor, Repeat.READ_BACK)
    bench.parcels = ParcelSpec(Repeat.READ_BACK, largest_count=largest, largest_bytes=1_000_000)
    queue = records(*range(12), groups=3)
    for _ in range(40):
        try:
            back = bench.deliver_parcels(*queue, ordered=ordered)
        except Killed:
            bench.clock.forward(100)
            continue
        queue = [record for record in queue if record.message_id in back]
        bench.clock.forward(901)
        if not queue:
            break
    assert not queue, "something is left"
    dead = {e.event_id for e in bench.ledger.entries.values() if e.state is State.DEAD}
    assert {make_event(n).id for n in poison} <= dead
    stored = Counter(number(one) for one in vendor.sent)
    assert set(stored.values()) <= {1}, "stored twice"
    for n in range(12):
        assert (n in stored) != (make_event(n).id in dead), "neither stored nor dead, or both"
    if ordered:
        for group in range(3):
            mine = [n for n in map(number, vendor.sent) if n % 3 == group]
            assert mine == sorted(mine), "overtaken"
