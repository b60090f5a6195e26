from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.emulator.queues import Queue
from switchboard.compaction import Change, Compaction
from switchboard.delivery import Configuration, Execution, Time
from switchboard.destination import Delivery, Lane, Receipt, Repeat
from switchboard.destination_documents import whole_event
from switchboard.envelope import DeliveryOrder
from switchboard.errors import OutcomeUnknown, Rejected, Unavailable
from switchboard.event import digest
from switchboard.ledger import Entry, State
from switchboard.loop import Batch, Record
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)

WINDOW = 30


class Killed(BaseException):
    """The process ends here."""


class Bench(DeliveryBench):
    """A destination with a queue, whose document asks for compaction."""

    def __init__(
        self,
        destination: ScriptedDestination,
        window: int = WINDOW,
        make: type[Compaction] = Compaction,
    ) -> None:
        super().__init__(destination)
        self._make = make
        self.queue = Queue("crm.fifo", clock=self.clock, visibility=360)
        self.configuration = lambda: Configuration(
            destination=destination,
            mapped=whole_event,
            repeat=Repeat.NATIVE,
            mapping_version=1,
            compact_seconds=window,
        )

    def fill(self, *numbers: int, group: str = "one", order: DeliveryOrder | None = None) -> None:
        for number in numbers:
            record = make_record(make_event(number), group=f"interaction:{group}", order=order)
            self.queue.send(record.body, record.group, digest(record.body))

    def turn(self) -> None:
        """One invocation: what the poller would do."""
        received = self.queue.receive(10, 0)
        records = [self._record(found) for found in received]
        batch = Batch(records)
        compaction = self._make(self.ports, self.deliveries)
        compaction.deliver(batch, self.execution(), Time(lambda: self.remaining, needed=15.0))
        back = batch.failures()
        for record, seconds in back:
            self.queue.change_visibility(record.receipt_handle, seconds)
        kept = {record.message_id for record, _ in back}
        for record in records:
            if record.message_id not in kept:
                self.queue.delete(record.receipt_handle)

    def _record(self, found: dict[str, object]) -> Record:
        attributes: dict[str, str] = found["Attributes"]  # type: ignore[assignment]  # of SQS's
        return Record(
            message_id=str(found["MessageId"]),
            receipt_handle=str(found["ReceiptHandle"]),
            body=str(found["Body"]),
            group=attributes["MessageGroupId"],
            receive_count=int(attributes["ApproximateReceiveCount"]),
            sent_at=int(attributes["SentTimestamp"]) / 1000,
            queue_arn="queue",
        )

    def run(self, seconds: int = 200) -> None:
        """Let the poller turn every second."""
        for _ in range(seconds):
            self.turn()
            self.clock.forward(1)

    @property
    def waiting(self) -> int:
        return sum(int(count) for count in self.queue.counts().values())

    def entry(self, number: int) -> Entry:
        return self.ledger.of(make_event(number).id, "crm")


def numbers(sent: Sequence[Delivery]) -> list[int]:
    return [int(one.event.data["number"]) for one in sent]


def test_the_changes_of_a_window_are_one_delivery_the_newest() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    for number in range(1, 6):
        bench.fill(number)
        bench.turn()
        bench.clock.forward(5)
    assert destination.sent == []
    assert bench.ledger.entries == {}, "waiting for the window is no attempt"
    bench.run(10)
    assert numbers(destination.sent) == [5]
    assert bench.waiting == 0
    newest = make_event(5).id
    for number in range(1, 5):
        entry = bench.entry(number)
        assert (entry.state, entry.reason) == (State.DELIVERED, f"delivered by {newest}")
        assert entry.remote_id == bench.entry(5).remote_id
    assert bench.entry(5).reason == ""
    assert bench.telemetry.counts["compacted", "crm"] == 4


def test_a_change_waits_no_longer_than_the_window() -> None:
    bench = Bench(ScriptedDestination())
    bench.fill(1)
    bench.turn()
    bench.clock.forward(WINDOW - 1)
    bench.turn()
    assert bench.waiting == 1
    bench.clock.forward(1)
    bench.turn()
    assert bench.entry(1).state is State.DELIVERED


def test_groups_are_compacted_each_by_itself() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.fill(1, 2)
    bench.fill(11, 12, group="two")
    bench.run(40)
    assert sorted(numbers(destination.sent)) == [2, 12]


def test_without_the_document_asking_each_is_delivered() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination, window=0)
    bench.fill(1, 2, 3)
    bench.turn()
    assert numbers(destination.sent) == [1, 2, 3]


def test_an_older_fact_that_comes_late_is_not_the_one_that_is_sent() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    late = make_event(3, time=make_event(1).time - timedelta(hours=1))
    bench.fill(1, 2)
    record = make_record(late, group="interaction:one")
    bench.queue.send(record.body, record.group, "late")
    bench.run(40)
    assert numbers(destination.sent) == [2]
    assert bench.ledger.of(late.id, "crm").reason.startswith("delivered by")


@pytest.mark.parametrize(
    "order",
    [
        DeliveryOrder(only="crm", replay="r1"),
        DeliveryOrder(only="crm", generation=1),
        DeliveryOrder(only="crm", lane=Lane.URGENT),
    ],
)
def test_what_somebody_asked_for_is_sent_itself_and_at_once(order: DeliveryOrder) -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.fill(1, order=order)
    bench.turn()
    assert numbers(destination.sent) == [1]


def test_a_replay_in_between_divides_what_is_compacted() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.fill(1, 2)
    bench.fill(3, order=DeliveryOrder(only="crm", replay="r1"))
    bench.fill(4, 5)
    bench.run(80)
    assert numbers(destination.sent) == [2, 3, 5]


def refused_newest(make: type[Compaction]) -> None:
    destination = ScriptedDestination(Rejected("no"))
    bench = Bench(destination, make=make)
    bench.fill(1, 2, 3)
    bench.run(60)
    assert numbers(destination.sent) == [3, 2]
    assert [bench.entry(n).state for n in (1, 2, 3)] == [
        State.DELIVERED,
        State.DELIVERED,
        State.DEAD,
    ]
    assert bench.entry(1).reason == f"delivered by {make_event(2).id}"


class CollapsesFirst(Compaction):
    """A break: the earlier ones are recorded as delivered before the newest was sent."""

    def _compact(
        self, batch: Batch, changes: Sequence[Change], execution: Execution, window: float
    ) -> None:
        if self._ports.clock() - changes[0].record.sent_at >= window:
            for change in changes[:-1]:
                fresh = self._fresh(change, execution)
                ended = replace(fresh, state=State.DELIVERED, reason="delivered by the newest")
                self._ports.ledger.put(ended, expected=None)
        super()._compact(batch, changes, execution, window)


def test_a_refused_newest_is_a_dead_letter_and_the_next_one_is_sent() -> None:
    refused_newest(Compaction)


def test_recording_the_collapsed_before_the_send_is_found() -> None:
    with pytest.raises(AssertionError):
        refused_newest(CollapsesFirst)


def test_while_the_newest_waits_nothing_of_its_group_is_sent_or_written_off() -> None:
    destination = ScriptedDestination(*[Unavailable("503")] * 3)
    bench = Bench(destination)
    bench.fill(1, 2)
    bench.run(WINDOW + 1)
    assert set(numbers(destination.sent)) == {2}
    assert {entry.event_id for entry in bench.ledger.entries.values()} == {make_event(2).id}
    bench.run()
    assert (bench.entry(1).state, bench.entry(2).state) == (State.DELIVERED, State.DELIVERED)


def test_a_crash_after_the_newest_was_delivered_ends_the_others_by_it() -> None:
    def kill(entry: Entry) -> None:
        if entry.event_id == make_event(1).id:
            raise Killed

    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.fill(1, 2)
    bench.clock.forward(WINDOW)
    bench.ledger.before_put = kill
    with pytest.raises(Killed):
        bench.turn()
    bench.ledger.before_put = None
    bench.clock.forward(400)
    bench.run(5)
    assert numbers(destination.sent) == [2]
    assert bench.entry(1).reason == f"delivered by {make_event(2).id}"
    assert bench.waiting == 0


def test_what_was_delivered_before_keeps_its_own_ending() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.deliver(make_record(make_event(1), group="interaction:one"))
    bench.fill(1, 2)
    bench.run(40)
    assert numbers(destination.sent) == [1, 2]
    assert bench.entry(1).reason == ""


@settings(max_examples=60, deadline=None)
@given(
    answers=st.lists(st.sampled_from(["taken", "503", "lost", "no"]), max_size=12),
    gaps=st.lists(st.integers(0, 25), min_size=1, max_size=12),
)
def test_whatever_happens_the_last_word_of_each_group_is_the_newest(
    answers: list[str], gaps: list[int]
) -> None:
    script: dict[str, Receipt | Exception] = {
        "taken": Receipt("remote"),
        "503": Unavailable("503"),
        "lost": OutcomeUnknown("no answer"),
        "no": Rejected("no"),
    }
    destination = ScriptedDestination(*[script[answer] for answer in answers])
    bench = Bench(destination)
    for number, gap in enumerate(gaps, 1):
        bench.fill(number, group=str(number % 2))
        bench.run(gap)
    bench.run(2000 if len(answers) > 6 else 400)
    assert bench.waiting == 0
    states = {n: bench.entry(n).state for n in range(1, len(gaps) + 1)}
    assert set(states.values()) <= {State.DELIVERED, State.DEAD}
    assert sum(state is State.DEAD for state in states.values()) == answers[
        : len(destination.sent)
    ].count("no")
    for group in range(2):
        alive = [n for n, state in states.items() if n % 2 == group and state is State.DELIVERED]
        sent = [n for n in numbers(destination.sent) if n in alive]
        if alive:
            assert sent[-1] == alive[-1], "an older fact came last"
            assert len(sent) <= len(answers) + len(alive)
