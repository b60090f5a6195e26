"""One destination over SQS as the desk emulates it, its sandboxes and its vendor; a moved clock."""

from collections import Counter, defaultdict
from collections.abc import Callable

from desk.emulator.queues import Queue
from switchboard.destination import Delivery, Receipt, Repeat
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.loop import Record
from switchboard.testing.deliveries import QUEUE_ARN, DeliveryBench, make_event


class Vendor:
    """Answers as `answer` says of the moment, and keeps when it was called and what it stored.

    An answer of `lost` comes after the commit. One that `knows_keys` stores a repeated one once;
    what any other has stored can be looked for.
    """

    def __init__(self, *, knows_keys: bool = True) -> None:
        self._knows_keys = knows_keys
        self._keys: set[str] = set()
        self.lost: Callable[[Delivery, float], Exception | None] = lambda _, __: None
        self.answer: Callable[[Delivery, float], Exception | None] = lambda _, __: None
        self.now: Callable[[], float] = lambda: 0.0
        self.calls: list[tuple[float, str]] = []
        self.stored: list[tuple[float, str, int]] = []

    def reference(self, delivery: Delivery) -> str:  # noqa: ARG002
        return ""

    def check(self, delivery: Delivery) -> bytes:  # noqa: ARG002
        return b""

    def send(self, delivery: Delivery) -> Receipt:
        now = self.now()
        self.calls.append((now, delivery.key))
        if (error := self.answer(delivery, now)) is not None:
            raise error
        if not (self._knows_keys and delivery.key in self._keys):
            self.stored.append((now, delivery.group, int(delivery.event.data["number"])))
        self._keys.add(delivery.key)
        if (error := self.lost(delivery, now)) is not None:
            raise error
        return Receipt("stored")

    def find(self, delivery: Delivery) -> Receipt | None:
        return Receipt("found") if delivery.key in self._keys else None


class Scene:
    """One destination: its queue, its sandboxes, its vendor. Seconds count from the beginning."""

    def __init__(self, *, sandboxes: int = 5, repeat: Repeat = Repeat.NATIVE) -> None:
        self.vendor = Vendor(knows_keys=repeat is Repeat.NATIVE)
        self.bench = DeliveryBench(self.vendor, repeat)
        self.start = self.bench.clock()
        self.vendor.now = lambda: self.now
        self.queue = Queue("crm", clock=self.bench.clock, visibility=360)
        self.sandboxes = []
        for _ in range(sandboxes):
            self.bench.another_sandbox()
            self.sandboxes.append(self.bench.deliveries)
        self.sent = 0
        self.most_receives = 0

    @property
    def now(self) -> float:
        return self.bench.clock() - self.start

    def send(self, events: int, *, groups: int) -> None:
        for _ in range(events):
            self.sent += 1
            group = f"interaction:{self.sent % groups}"
            event = make_event(self.sent)
            order = DeliveryOrder(only="crm")
            body = encode(Envelope(event=event, group=group, delivery=order))
            self.queue.send(body, group, event.id)

    def poll(self) -> None:
        """Each sandbox takes one batch, as one of Lambda's pollers does."""
        for sandbox in self.sandboxes:
            messages = self.queue.receive(10, 0)
            if not messages:
                return
            records = [
                Record(
                    message_id=message["MessageId"],
                    receipt_handle=message["ReceiptHandle"],
                    body=message["Body"],
                    group=message["Attributes"]["MessageGroupId"],
                    receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
                    sent_at=int(message["Attributes"]["SentTimestamp"]) / 1000,
                    queue_arn=QUEUE_ARN,
                )
                for message in messages
            ]
            self.most_receives = max(self.most_receives, *(r.receive_count for r in records))
            self.bench.deliveries = sandbox
            back = self.bench.deliver(*records)
            for record in records:
                if record.message_id in back:
                    seconds = back[record.message_id]
                    self.queue.change_visibility(record.receipt_handle, seconds)
                else:
                    self.queue.delete(record.receipt_handle)

    def run(self, until: float, *, step: float = 0.25) -> None:
        while self.now < until:
            self.poll()
            self.bench.clock.forward(step)

    def drain(self) -> None:
        while self.waiting:
            self.poll()
            self.bench.clock.forward(0.25)

    @property
    def waiting(self) -> int:
        counts = self.queue.counts()
        return sum(int(count) for count in counts.values())

    @property
    def lost(self) -> int:
        """How many events the vendor never stored."""
        return self.sent - len({number for _, _, number in self.vendor.stored})

    @property
    def twice(self) -> int:
        """How many events it stored more than once."""
        counts = Counter(number for _, _, number in self.vendor.stored)
        return sum(count > 1 for count in counts.values())

    @property
    def overtakings(self) -> int:
        """How many were stored after a later one of their group."""
        newest: defaultdict[str, int] = defaultdict(int)
        found = 0
        for _, group, number in self.vendor.stored:
            found += number < newest[group]
            newest[group] = max(newest[group], number)
        return found

    def assert_all_once_and_in_order(self) -> None:
        assert (self.lost, self.twice, self.overtakings) == (0, 0, 0)
        assert self.bench.dead_letters.taken == []
