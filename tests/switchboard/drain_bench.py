"""A destination whose mapping is off, with messages in a queue of the emulator's."""

from collections.abc import Callable, Sequence

from desk.emulator.queues import Queue
from desk.emulator.standard_queues import StandardQueue
from switchboard.delivery import Time
from switchboard.destination import Repeat
from switchboard.drain import Drain, Drainage, Drained, DrainOrder, Work, drain
from switchboard.endings import Endings
from switchboard.envelope import DeliveryOrder
from switchboard.event import digest
from switchboard.ledger import Entry
from switchboard.loop import Batch, Record, deliver
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)
from switchboard.testing.draining import MemoryDrains
from switchboard.testing.reading import MemoryLeases
from switchboard.testing.stores import MemoryOutbox

DAY = 24 * 60 * 60.0


class Emptied:
    """See DrainedQueue: a queue of the emulator's, whose clock is the test's."""

    def __init__(self, queue: Queue | StandardQueue) -> None:
        self.queue = queue

    def receive(self) -> Sequence[Record]:
        return [
            Record(
                message_id=found["MessageId"],
                receipt_handle=found["ReceiptHandle"],
                body=found["Body"],
                group=found["Attributes"].get("MessageGroupId", found["MessageId"]),
                receive_count=int(found["Attributes"]["ApproximateReceiveCount"]),
                sent_at=int(found["Attributes"]["SentTimestamp"]) / 1000,
                queue_arn="queue",
            )
            for found in self.queue.receive(10, 0)
        ]

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.queue.delete(receipt)

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        for receipt, seconds in receipts:
            self.queue.change_visibility(receipt, seconds)


class DrainBench(DeliveryBench):
    """A destination whose mapping is off, with messages in its queue."""

    def __init__(
        self,
        destination: ScriptedDestination,
        repeat: Repeat = Repeat.NATIVE,
        *,
        store: MemoryDrains | None = None,
    ) -> None:
        super().__init__(destination, repeat)
        self.queue = Queue("crm.fifo", clock=self.clock, visibility=360)
        self.leases = MemoryLeases()
        self.store = store or MemoryDrains()
        self.through = MemoryOutbox()
        self.drainage = Drainage("crm", [Emptied(self.queue)], self.leases, self.store, self.clock)

    def fill(self, *numbers: int, groups: int = 100, order: DeliveryOrder | None = None) -> None:
        for number in numbers:
            group = f"interaction:{number % groups}"
            record = make_record(make_event(number), group=group, order=order)
            self.queue.send(record.body, group, digest(record.body))

    def work(self, order: DrainOrder) -> Work:
        if order.kind is not Drain.DELIVER:
            return Endings(self.ports, order, self.through).work

        def work(batch: Batch, execution: object, time: Time) -> None:
            del execution
            mine = self.execution()
            handle: Callable[[Record], float | None] = lambda r: self.deliveries.handle(r, mine)  # noqa: E731
            deliver(batch, handle, has_time=lambda: time.has(1))

        return work

    def drain(self, **order: object) -> Drained:
        given = DrainOrder.model_validate(order)
        time = Time(lambda: self.remaining, needed=15.0)
        return drain(self.drainage, given, self.work(given), self.execution(), time)

    @property
    def waiting(self) -> int:
        counts = self.queue.counts()
        return int(counts["ApproximateNumberOfMessages"]) + int(
            counts["ApproximateNumberOfMessagesNotVisible"]
        )

    def event_id(self, number: int) -> str:
        return make_event(number).id

    def entry(self, number: int) -> Entry:
        return self.ledger.of(self.event_id(number), "crm")
