"""A destination's world in one process: real code, real sockets, moto's tables, a strict queue.

One thread plays every execution, so that a seed repeats a run: another execution runs in the
middle of one that is held up. Time is a clock that is moved on while nothing is visible.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from desk.emulator.limits import SqsError
from desk.emulator.queues import Queue
from desk.emulator.standard_queues import StandardQueue
from switchboard.delivery import Execution, Time
from switchboard.destination import Delivery, Receipt
from switchboard.drain import Work
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.ledger import State
from switchboard.loop import Batch, Record, read_records, report
from switchboard.queue import Outgoing
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock
from tests.faults.deliveries.mishaps import MOST_CRASHES, Crash, Injected, Mishap, comes

ARN = "arn:aws:sqs:eu-west-1:123456789012:switchboard-faults-normal.fifo"
INVOCATION_SECONDS = 60.0
REQUEST_SECONDS = 6.0
LEFT = Time(lambda: INVOCATION_SECONDS, REQUEST_SECONDS)
"""What an execution has left: time passes between executions, and not within one."""

VISIBILITY = 360
BATCHES = 4
OTHERS_TURNS = 8
PER_GROUP = 7


class Mishaps:
    """A destination in front of which executions are held up, doubled, and killed."""

    def __init__(self, destination: Any, world: "World") -> None:
        self._destination = destination
        self._world = world

    def send(self, delivery: Delivery) -> Receipt:
        """See Destination."""
        receipt: Receipt = self._around(lambda: self._destination.send(delivery))
        return receipt

    def send_parcel(self, deliveries: Sequence[Delivery]) -> Any:
        """See ParcelDestination."""
        return self._around(lambda: self._destination.send_parcel(deliveries))

    def __getattr__(self, name: str) -> Any:
        """Everything else is the destination's own."""
        return getattr(self._destination, name)

    def _around(self, send: Callable[[], Any]) -> Any:
        world = self._world
        number = world.sends = world.sends + 1
        if world.spares():
            return send()
        if world.strikes(Mishap.KILL, number):
            raise Crash
        if world.zombies and world.strikes(Mishap.ZOMBIE, number):
            # The invocation is over, its leases have ended, its messages are visible again.
            claimed = world.claimed()
            world.clock.forward(VISIBILITY + 1)
            world.injected.died_over(world.taken_by_others(claimed))
        try:
            return send()
        finally:
            if world.strikes(Mishap.CRASH, number):
                raise Crash


@dataclass
class World:
    """One destination with its queue, into which `feed` is sent while it is short.

    `work` makes what works on a batch, for one sandbox. With `zombies` some executions send after
    their lease, which AWS prevents by killing them: only a vendor that knows keys can stand them.
    """

    seed: int
    queue: Queue | StandardQueue
    clock: Clock
    scale: float = 1.0
    zombies: bool = False
    injected: Injected = field(default_factory=Injected)
    work: Callable[[int], Work] = lambda _: lambda *_: None
    feed: Iterator[Outgoing] = field(default_factory=lambda: iter(()))
    batch_size: int = 10
    window: float = 1.0
    sends: int = 0
    problems: list[str] = field(default_factory=list)
    turns: int = 0
    _depth: int = 0
    _batches: list[set[str]] = field(default_factory=list)
    _sandboxes: dict[int, Work] = field(default_factory=dict)

    SANDBOXES = 4
    SKEWS = (0.0, 12.0, -9.0, 4.0)

    def spares(self) -> bool:
        """Whether two executions died over what this one holds: the third would end a delivery."""
        return any(self.injected.crashes[event] >= MOST_CRASHES for event in self._batches[-1])

    def claimed(self) -> set[str]:
        """What the execution claimed and has not ended: sent, about to be sent, or neither."""
        states = self.injected.states
        return {event for event in self._batches[-1] if states.get(event) is State.SENDING}

    def strikes(self, mishap: Mishap, number: int) -> bool:
        """Whether a mishap meets this send, or this turn; none within another."""
        came = bool(self.injected.counts[mishap])
        struck = self._depth <= 1 and comes(
            mishap, number, came=came, seed=self.seed, scale=self.scale
        )
        self.injected.counts[mishap] += struck
        return struck

    def run(self) -> None:
        """Take turns until the queue is empty, moving the clock on while nothing is visible."""
        while True:
            if self.turn():
                continue
            counts = self.queue.counts()
            if not any(int(count) for count in counts.values()):
                return
            self.clock.forward(self.window)

    def taken_by_others(self, events: set[str]) -> set[str]:
        """Let other executions go on until they took over `events`; those that they took."""
        writes = self.injected.writes
        before = {event: writes[event] for event in events}
        taken: set[str] = set()
        for _ in range(OTHERS_TURNS):
            if taken == events or not self.turn():
                break
            taken = {event for event in events if writes[event] > before[event]}
        return taken

    def _fill(self) -> None:
        """Keep the queue a few batches long."""
        waiting = sum(int(count) for count in self.queue.counts().values())
        for message in islice(self.feed, max(0, BATCHES * self.batch_size - waiting)):
            if isinstance(self.queue, Queue):
                self.queue.send(message.body, message.group, message.deduplication_id)
            else:
                self.queue.send(message.body)

    def turn(self) -> bool:
        """One execution; False: it found nothing to do."""
        self._fill()
        self._depth += 1
        self._batches.append(set())
        try:
            return self.act()
        finally:
            self._depth -= 1
            self._batches.pop()

    def act(self) -> bool:
        """Receive a batch, as Lambda's poller does, and work on it."""
        messages = self._receive()
        if not messages:
            return False
        records = read_records(as_lambda(messages))
        self.holds(records)
        self.turns += 1
        self._execute(records, self.turns)
        return True

    def holds(self, records: Sequence[Record]) -> None:
        """The execution works on these now."""
        self._batches[-1] = {str(json.loads(one.body)["event"]["id"]) for one in records}

    def _receive(self) -> list[Mapping[str, Any]]:
        """Up to a batch, as Lambda's poller gathers it."""
        messages: list[Mapping[str, Any]] = []
        while len(messages) < self.batch_size:
            more = self.queue.receive(10, 0.0, VISIBILITY)
            messages.extend(more)
            if not more:
                break
        return messages

    def _execute(self, records: Sequence[Record], turn: int) -> None:
        work, execution = self.begin(turn)
        batch = Batch(records)
        if self.strikes(Mishap.TWICE, turn):
            twin = replace(execution, owner=f"twin-{turn}")
            try:
                self.work((turn + 1) % self.SANDBOXES)(Batch(records), twin, LEFT)
            except Crash:
                self.injected.died_over(self.claimed())
        try:
            work(batch, execution, LEFT)
        except Crash:
            self.end_sandbox(turn)
            return
        self._end(batch, records, turn)

    def begin(self, turn: int) -> tuple[Work, Execution]:
        """What works in this turn, in its sandbox, and as which execution."""
        sandbox = turn % self.SANDBOXES
        self.injected.counts[Mishap.SKEW] += bool(self.SKEWS[sandbox])
        work = self._sandboxes.setdefault(sandbox, self.work(sandbox))
        return work, Execution(f"execution-{turn}", self.clock() + INVOCATION_SECONDS)

    def end_sandbox(self, turn: int) -> None:
        """The process died over what it had claimed."""
        self._sandboxes.pop(turn % self.SANDBOXES, None)
        self.injected.died_over(self.claimed())

    def _end(self, batch: Batch, records: Sequence[Record], turn: int) -> None:
        """Give back what failed, and delete the rest, as the poller does."""
        failed = report(batch, QueueVisibility(self.queue))["batchItemFailures"]
        kept = {failure["itemIdentifier"] for failure in failed}
        if self.strikes(Mishap.UNDELETED, turn):
            return
        for record in records:
            if record.message_id not in kept:
                with expired_receipts():
                    self.queue.delete(record.receipt_handle)


@dataclass
class QueueVisibility:
    """See Visibility."""

    queue: Queue | StandardQueue

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        """See Visibility."""
        for receipt, seconds in receipts:
            with expired_receipts():
                self.queue.change_visibility(receipt, seconds)


@contextmanager
def expired_receipts() -> Iterator[None]:
    """What SQS says to a stalled execution is logged there, and nothing more."""
    try:
        yield
    except SqsError as error:
        if error.code not in {"ReceiptHandleIsInvalid", "MessageNotInflight"}:
            raise


def as_lambda(messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """As Lambda hands messages over."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSourceARN": ARN,
            }
            for message in messages
        ]
    }


def outgoing(number: int) -> Outgoing:
    """Event `number`'s message for the destination; a group has seven events in a row."""
    group = f"interaction:{number // PER_GROUP}"
    event = make_event(number, data={"group": group, "number": number % PER_GROUP})
    envelope = Envelope(event=event, group=group, delivery=DeliveryOrder(only="crm"))
    return Outgoing(encode(envelope), group, event.id)
