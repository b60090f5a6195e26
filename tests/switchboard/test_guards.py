"""An older fact never overwrites a newer one, where each delivery is a whole record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.destination import (
    Delivery,
    DestinationDocument,
    DestinationSpec,
    Receipt,
    Records,
    Repeat,
)
from switchboard.destination_documents import sends_records
from switchboard.envelope import DeliveryOrder
from switchboard.errors import OutcomeUnknown, Rejected, Unavailable
from switchboard.event import Event
from switchboard.ledger import State
from switchboard.replay_id import new_replay_id
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)
from switchboard.testing.record_store import MemoryRecords
from switchboard.version import Version

GROUP = "interaction:one"
OLDER, NEWER, NEWEST = (make_event(number) for number in (1, 2, 3))


class Upserting(ScriptedDestination):
    """`taken` has the versions that it took, in its order; an answer that is lost changes nothing.

    It refuses the events of `refusing`, whatever else its answers are.
    """

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.taken: list[Version] = []
        self.refusing: set[int] = set()

    def send(self, delivery: Delivery) -> Receipt:
        if delivery.event.data["number"] in self.refusing:
            raise Rejected("422")
        try:
            receipt = super().send(delivery)
        except OutcomeUnknown:
            self.taken.append(Version.of(delivery.event))
            raise
        self.taken.append(Version.of(delivery.event))
        return receipt


class Bench(DeliveryBench):
    def __init__(self, *answers: Any, repeat: Repeat = Repeat.NATIVE) -> None:
        self.destination = Upserting(*answers)
        super().__init__(self.destination, repeat)
        configuration = replace(self.configuration(), record=True)
        self.configuration = lambda: configuration

    def arrive(self, *events: Event, again: int = 0, replay: bool = False) -> Mapping[str, int]:
        """Deliver events in this order, each already in the events table."""
        sent = self.records.sent[GROUP, "crm"]
        sent.extend(event for event in events if event not in sent)
        order = DeliveryOrder(only="crm")
        if replay or again:
            self.clock.forward(1)
            name = new_replay_id(self.clock(), "0" * 8)
            order = DeliveryOrder(only="crm", replay=name, generation=again)
        return self.deliver(*[make_record(event, order=order) for event in events])

    @property
    def written(self) -> list[int]:
        return [delivery.event.data["number"] for delivery in self.destination.sent]

    def state(self, event: Event) -> State:
        return self.ledger.of(event.id, "crm").state


def test_records_in_order_are_each_written() -> None:
    bench = Bench()
    bench.arrive(OLDER, NEWER)
    assert bench.written == [1, 2]
    assert bench.guards.written[GROUP, "crm"] == Version.of(NEWER)


def test_what_comes_late_is_skipped_when_the_newer_is_written() -> None:
    bench = Bench()
    assert bench.arrive(NEWER, OLDER) == {}
    assert bench.written == [2]
    assert bench.state(OLDER) is State.SKIPPED
    assert bench.ledger.of(OLDER.id, "crm").reason == f"older: it was written from {NEWER.id}"
    assert bench.telemetry.counts["skipped", "crm"] == 1


def test_a_replay_below_the_guard_sends_the_record_as_it_stands() -> None:
    bench = Bench(Rejected("422"))
    bench.arrive(OLDER, NEWER)
    bench.records.sent[GROUP, "crm"].append(NEWEST)
    bench.arrive(OLDER, replay=True)
    assert bench.written == [1, 2, 3]
    assert bench.state(OLDER) is State.DELIVERED
    bench.arrive(NEWEST)
    assert bench.written == [1, 2, 3], "it was written with the older one's replay"
    assert bench.state(NEWEST) is State.DELIVERED


def test_a_replay_whose_record_is_written_already_is_skipped() -> None:
    bench = Bench(Rejected("422"))
    bench.arrive(OLDER, NEWER)
    assert bench.arrive(OLDER, replay=True) == {}
    assert bench.written == [1, 2]
    assert bench.state(OLDER) is State.SKIPPED


def test_sent_again_on_purpose_it_is_the_newest_record_under_a_new_key() -> None:
    bench = Bench()
    bench.arrive(OLDER, NEWER)
    bench.arrive(OLDER, again=1)
    assert bench.written == [1, 2, 2]
    assert len({delivery.key for delivery in bench.destination.sent}) == 3


def test_the_vendors_key_is_that_of_the_record_that_is_sent() -> None:
    """Were it the arriving one's, a receiver that knows it would swallow the newer record."""
    lost = OutcomeUnknown("the answer was lost")
    bench = Bench(Rejected("422"), Receipt(), lost)
    bench.arrive(OLDER, NEWER)
    bench.records.sent[GROUP, "crm"].append(NEWEST)
    back = bench.arrive(OLDER, replay=True)
    assert back != {}
    keys = {delivery.event.id: delivery.key for delivery in bench.destination.sent}
    assert len(set(keys.values())) == len(keys) == 3


def test_a_guard_that_cannot_be_raised_leaves_the_outcome_open() -> None:
    def take_the_guard_away(_: Any) -> Receipt:
        bench.guards.failure = Unavailable("DynamoDB throttles")
        return Receipt()

    bench = Bench(take_the_guard_away)
    assert bench.arrive(OLDER) != {}
    assert bench.state(OLDER) is State.SENDING
    bench.guards.failure = None
    bench.clock.forward(90)
    assert bench.arrive(OLDER) == {}
    assert bench.state(OLDER) is State.DELIVERED
    assert len({delivery.key for delivery in bench.destination.sent}) == 1


def test_a_crash_after_the_guard_is_no_skip() -> None:
    bench = Bench()

    def crash(entry: Any) -> None:
        if entry.state is State.DELIVERED:
            raise Crash

    bench.ledger.before_put = crash
    with pytest.raises(Crash):
        bench.arrive(OLDER)
    bench.ledger.before_put = None
    bench.clock.forward(90)
    bench.arrive(OLDER)
    assert (bench.written, bench.state(OLDER)) == ([1], State.DELIVERED)


def lost_at_most_once(bench: Bench) -> None:
    """OLDER is a dead letter, and so is NEWER, which was stored without an answer."""
    bench.destination.answers = [Rejected("422"), OutcomeUnknown("the answer was lost")]
    bench.arrive(OLDER, NEWER)
    assert bench.state(NEWER) is State.DEAD


def test_nothing_older_is_sent_after_what_may_be_stored() -> None:
    bench = Bench(repeat=Repeat.AT_MOST_ONCE)
    lost_at_most_once(bench)
    assert bench.guards.written == {}, "nobody knows that it was written"
    bench.arrive(OLDER, replay=True)
    assert bench.written == [1, 2, 2], "the record as it stands is sent in its place"
    assert bench.destination.taken == sorted(bench.destination.taken)


def test_what_may_be_stored_is_sent_itself_when_it_is_replayed() -> None:
    bench = Bench(repeat=Repeat.AT_MOST_ONCE)
    lost_at_most_once(bench)
    bench.arrive(NEWER, replay=True)
    assert (bench.written, bench.state(NEWER)) == ([1, 2, 2], State.DELIVERED)
    bench.arrive(OLDER, replay=True)
    assert (bench.written, bench.state(OLDER)) == ([1, 2, 2], State.SKIPPED)


def test_what_three_executions_died_over_may_be_stored() -> None:
    bench = Bench(Rejected("422"))
    bench.arrive(OLDER)

    bench.destination.answers = [_dies, _dies, _dies]
    for _ in range(3):
        with pytest.raises(Crash):
            bench.arrive(NEWER)
        bench.clock.forward(90)
    bench.arrive(NEWER)
    assert bench.state(NEWER) is State.DEAD
    bench.arrive(OLDER, replay=True)
    assert bench.written[-1] == 2


def _dies(_: Delivery) -> Receipt:
    raise Crash


def test_a_guard_that_cannot_be_read_claims_nothing() -> None:
    bench = Bench()
    bench.guards.failure = Unavailable("DynamoDB throttles")
    assert bench.arrive(OLDER) != {}
    assert bench.ledger.entries == {}


def test_who_sends_no_records_reads_no_guard() -> None:
    bench = DeliveryBench(ScriptedDestination())
    bench.deliver(make_record(NEWER), make_record(OLDER))
    assert bench.guards.reads == 0


EVENTS = st.lists(st.integers(0, 5), min_size=1, max_size=12)
FATES = st.lists(st.sampled_from([Receipt(), Unavailable("503"), OutcomeUnknown("lost")]))


@settings(max_examples=200, deadline=None)
@given(arrivals=EVENTS, fates=FATES, replays=EVENTS, refused=st.sets(st.integers(0, 5)))
def test_any_order_of_arrivals_and_replays_ends_with_the_newest_version(
    arrivals: list[int], fates: list[Any], replays: list[int], refused: set[int]
) -> None:
    bench = Bench(*fates)
    bench.destination.refusing = refused
    events = [make_event(number) for number in range(6)]
    for number in arrivals:
        _until_done(bench, events[number], replay=False)
    for number in [*replays, *arrivals]:
        if number in arrivals:
            _until_done(bench, events[number], replay=True)
    bench.destination.refusing = set()
    for number in arrivals:
        if bench.state(events[number]) is State.DEAD:
            _until_done(bench, events[number], replay=True)
    assert bench.guards.written[GROUP, "crm"] == Version.of(events[max(arrivals)])
    taken = bench.destination.taken
    assert taken == sorted(taken), "an older fact overwrote a newer one"


def _until_done(bench: Bench, event: Event, *, replay: bool) -> None:
    bench.clock.forward(1)
    while bench.arrive(event, replay=replay):
        bench.clock.forward(1000)
        replay = False


def test_versions_order_by_time_then_sequence_then_id() -> None:
    first = make_event(1)
    later = first.model_copy(update={"sequence": 7})
    latest = make_event(2)
    versions = [Version.of(event) for event in (latest, later, first)]
    assert sorted(versions) == list(reversed(versions))
    assert sorted(version.text for version in versions) == [v.text for v in reversed(versions)]
    assert [Version.read(version.text) for version in versions] == versions


class Document(DestinationDocument):
    record: bool = False


@pytest.mark.parametrize(
    ("records", "record", "sends"),
    [
        (Records.NEVER, True, False),
        (Records.BY_DOCUMENT, False, False),
        (Records.BY_DOCUMENT, True, True),
        (Records.ALWAYS, False, True),
    ],
)
def test_the_spec_says_whether_documents_may_ask_for_records(
    records: Records, record: bool, sends: bool
) -> None:
    spec = DestinationSpec(
        kind="test",
        folder="to_test",
        summary="",
        documentation="",
        document=Document,
        repeat=Repeat.NATIVE,
        records=records,
    )
    assert sends_records(spec, Document(record=record)) is sends


def test_the_record_of_a_group_without_events_is_none() -> None:
    assert MemoryRecords().newest(GROUP, "crm") is None


class Crash(BaseException):
    """The process ends."""
