"""A destination's world in one process: real code, real sockets, moto's tables, a strict queue.

One thread plays every execution, so that a seed repeats a run: another execution runs in the
middle of one that is held up. Time is a clock that is moved on while nothing is visible.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from desk.emulator.limits import SqsError
from desk.emulator.queues import Queue
from desk.emulator.standard_queues import StandardQueue
from switchboard.delivery import Execution
from switchboard.destination import Delivery, Receipt
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.errors import Unavailable
from switchboard.ledger import Entry, Ledger, State
from switchboard.loop import Batch, Record, read_records, report
from switchboard.queue import Outgoing
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock

ARN = "arn:aws:sqs:eu-west-1:123456789012:switchboard-faults-normal.fifo"
INVOCATION_SECONDS = 60.0
VISIBILITY = 360
BATCHES = 4
OTHERS_TURNS = 8
MOST_CRASHES = 2
PER_GROUP = 7
FIRST_AT, FIRST_EVERY = 11, 4
"""Where each mishap comes for the first time, so that none is left to luck."""


class Mishap(StrEnum):
    """What happens to an execution, or to what it needs."""

    CRASH = "crash between send and ledger"
    KILL = "expired lease: killed before the send"
    ZOMBIE = "expired lease: sent late all the same"
    TWICE = "two executions at once"
    UNDELETED = "partial batch: a done message comes again"
    LEDGER = "ledger unavailable"
    SKEW = "clock skew"


SHARES: Mapping[Mishap, float] = {
    Mishap.CRASH: 0.006,
    Mishap.KILL: 0.003,
    Mishap.ZOMBIE: 0.003,
    Mishap.TWICE: 0.02,
    Mishap.UNDELETED: 0.02,
    Mishap.LEDGER: 0.01,
}


class Crash(BaseException):
    """The process ends here: no code of the product sees it."""


def drawn(share: float, *what: object) -> bool:
    """Whether `what` is in the share: always the same."""
    number = hashlib.sha256("|".join(map(str, what)).encode())
    return int.from_bytes(number.digest()[:4], "big") < share * 2**32


@dataclass
class Injected:
    """What went wrong on our side; `in_doubt` are events of whose send the product cannot know.

    `writes` counts what the ledger took of each event and `states` says what it has; `crashes`
    counts the executions that died over it.
    """

    counts: Counter[Mishap] = field(default_factory=Counter)
    in_doubt: set[str] = field(default_factory=set)
    writes: Counter[str] = field(default_factory=Counter)
    states: dict[str, State] = field(default_factory=dict)
    crashes: Counter[str] = field(default_factory=Counter)

    def died_over(self, events: Collection[str]) -> None:
        """An execution ended without ending these."""
        self.in_doubt.update(events)
        self.crashes.update(events)


class FaultyLedger:
    """A ledger that cannot be reached now and then, before the write or after it."""

    def __init__(self, ledger: Ledger, seed: int, injected: Injected) -> None:
        self._ledger = ledger
        self._seed = seed
        self._injected = injected
        self._puts = 0

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        self._puts += 1
        spared = self._injected.crashes[entry.event_id] >= MOST_CRASHES
        if not spared and drawn(SHARES[Mishap.LEDGER], self._seed, "ledger", self._puts):
            self._injected.counts[Mishap.LEDGER] += 1
            written = bool(self._puts % 2) and self._write(entry, expected) is None
            # A claim that nobody knows of, or an ending that is not there: the lease runs out.
            if written is (entry.state is State.SENDING):
                self._injected.died_over([entry.event_id])
            raise Unavailable("writing the ledger: AWS answered InternalServerError")
        return self._write(entry, expected)

    def _write(self, entry: Entry, expected: int | None) -> Entry | None:
        found = self._ledger.put(entry, expected=expected)
        if found is None:
            self._injected.writes[entry.event_id] += 1
            self._injected.states[entry.event_id] = entry.state
        return found

    def __getattr__(self, name: str) -> Any:
        """What else a ledger can do, it does."""
        return getattr(self._ledger, name)


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
    work: Callable[[int], Callable[[Batch, Execution], None]] = lambda _: lambda *_: None
    feed: Iterator[Outgoing] = field(default_factory=lambda: iter(()))
    batch_size: int = 10
    window: float = 1.0
    sends: int = 0
    _turns: int = 0
    _depth: int = 0
    _batches: list[set[str]] = field(default_factory=list)
    _sandboxes: dict[int, Callable[[Batch, Execution], None]] = field(default_factory=dict)

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
        share = SHARES[mishap] * self.scale
        first = bool(self.scale) and number == FIRST_AT + FIRST_EVERY * list(Mishap).index(mishap)
        struck = self._depth <= 1 and (first or drawn(share, self.seed, mishap, number))
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
        """One execution's batch; False: nothing is visible."""
        self._fill()
        messages = self._receive()
        if not messages:
            return False
        self._turns += 1
        self._depth += 1
        records = read_records(_event(messages))
        self._batches.append({str(json.loads(one.body)["event"]["id"]) for one in records})
        try:
            self._execute(records, self._turns)
        finally:
            self._depth -= 1
            self._batches.pop()
        return True

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
        sandbox = turn % self.SANDBOXES
        work = self._sandboxes.setdefault(sandbox, self.work(sandbox))
        self.injected.counts[Mishap.SKEW] += bool(self.SKEWS[sandbox])
        batch = Batch(records)
        execution = Execution(f"execution-{turn}", self.clock() + INVOCATION_SECONDS)
        if self.strikes(Mishap.TWICE, turn):
            other = (sandbox + 1) % self.SANDBOXES
            try:
                self.work(other)(Batch(records), replace(execution, owner=f"twin-{turn}"))
            except Crash:
                self.injected.died_over(self.claimed())
        try:
            work(batch, execution)
        except Crash:
            self._sandboxes.pop(sandbox)
            self.injected.died_over(self.claimed())
            return
        self._end(batch, records, turn)

    def _end(self, batch: Batch, records: Sequence[Record], turn: int) -> None:
        """Give back what failed, and delete the rest, as the poller does."""
        failed = report(batch, _Visibility(self.queue))["batchItemFailures"]
        kept = {failure["itemIdentifier"] for failure in failed}
        if self.strikes(Mishap.UNDELETED, turn):
            return
        for record in records:
            if record.message_id not in kept:
                with _expired_receipts():
                    self.queue.delete(record.receipt_handle)


@dataclass(frozen=True, slots=True)
class _Visibility:
    """See Visibility."""

    queue: Queue | StandardQueue

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        """See Visibility."""
        for receipt, seconds in receipts:
            with _expired_receipts():
                self.queue.change_visibility(receipt, seconds)


@contextmanager
def _expired_receipts() -> Iterator[None]:
    """What SQS says to a stalled execution is logged there, and nothing more."""
    try:
        yield
    except SqsError as error:
        if error.code not in {"ReceiptHandleIsInvalid", "MessageNotInflight"}:
            raise


def _event(messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
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
