"""A stage in memory: the real router, in several sandboxes, between queues as strict as AWS's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from desk.emulator.queues import Queue
from desk.sources.resuming import Place, SourceControl
from switchboard.envelope import Envelope, decode, encode
from switchboard.errors import Unavailable
from switchboard.event import OWN_SOURCE
from switchboard.loop import Batch, read_records
from switchboard.queue import Outgoing, send_in_order
from switchboard.source_state import SourceState
from switchboard.testing.deliveries import make_event
from switchboard.testing.event_store import MemoryEvents
from switchboard.testing.state_store import MemoryStates
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived

SOURCE = make_event(1).source
INGEST_ARN = BULK_ARN.replace("ingest-bulk", "ingest")


class Died(BaseException):
    """The process ends in the middle of what it does."""


class BreakableEvents(MemoryEvents):
    """An events table before whose next write or mark the process dies, or the table is away."""

    def __init__(self) -> None:
        super().__init__()
        self.next_call: BaseException | None = None

    def check(self) -> None:
        super().check()
        error, self.next_call = self.next_call, None
        if error is not None:
            raise error


@dataclass
class BulkQueue:
    """See Outbox."""

    queue: Queue
    sends: int = 0
    refuse: Callable[[Outgoing], str | None] = lambda _: None

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        return send_in_order(messages, self._batch)

    def _batch(self, batch: Sequence[Outgoing]) -> list[str | None]:
        answers = [self.refuse(message) for message in batch]
        for message, refusal in zip(batch, answers, strict=True):
            if refusal is None:
                self.queue.send(message.body, message.group, message.deduplication_id)
                self.sends += 1
        return answers


@dataclass
class LateIndex:
    """See HeldEvents. The index shows what was held when it was last looked at."""

    events: MemoryEvents
    shown: list[tuple[str, str]] = field(default_factory=list)
    discarded: list[tuple[str, str]] = field(default_factory=list)
    by_group: dict[str, list[Place]] = field(default_factory=dict)

    def groups(self, source: str) -> Iterator[str]:
        now = [key for key in self.events.held if self.events.held_by[key] == source]
        before, self.shown = self.shown, now
        self.by_group = {}
        for group, event_id in now:
            place = Place(self.events.held[group, event_id], event_id)
            self.by_group.setdefault(group, []).append(place)
        yield from sorted({group for group, _ in before})

    def places(self, source: str, group: str) -> Sequence[Place]:
        assert source == SOURCE
        return sorted(self.by_group.get(group, []), key=lambda place: place.order)

    def count(self, source: str) -> int:
        return sum(self.events.held_by[key] == source for key in self.shown)

    def discard(self, group: str, event_id: str) -> bool:
        if self.events.held.pop((group, event_id), None) is None:
            return False
        self.discarded.append((group, event_id))
        return True


@dataclass
class WrittenStates:
    """See SourceStates."""

    stored: MemoryStates

    def read_source(self, source: str) -> SourceState:
        return self.stored.sources.get(source, SourceState())

    def write(self, source: str, state: SourceState) -> None:
        before = self.read_source(source)
        self.stored.sources[source] = state.model_copy(update={"discarded": before.discarded})

    def let_facts_follow(self, source: str, follow: bool) -> None:
        before = self.read_source(OWN_SOURCE)
        names = before.follows | {source} if follow else before.follows - {source}
        self.stored.sources[OWN_SOURCE] = before.model_copy(update={"follows": names})

    def count_discarded(self, source: str, number: int) -> None:
        before = self.read_source(source)
        changed = before.model_copy(update={"discarded": before.discarded + number})
        self.stored.sources[source] = changed


class World:
    """`step` is what happens while the operator's command sleeps."""

    def __init__(self, sandboxes: int = 2) -> None:
        self.events = BreakableEvents()
        self.bench = Bench(events=self.events)
        self.clock = self.bench.clock
        self.bench.parameters.set("destinations/lake", '{"when": "`false`"}')
        self.ingest = Queue("ingest", clock=self.clock, visibility=360)
        self.bulk = Queue("ingest-bulk", clock=self.clock, visibility=360)
        self.outbox = BulkQueue(self.bulk)
        self.sandboxes = [self.bench.sandbox() for _ in range(sandboxes)]
        self.arrived: dict[str, list[int]] = {}
        self.number = 0
        self.step: Callable[[], None] = self.settle
        self.held = LateIndex(self.events)
        self.control = SourceControl(
            states=WrittenStates(self.bench.states),
            held=self.held,
            events=self.events,
            bulk=self.outbox,
            clock=self.clock,
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.step()
        self.clock.forward(seconds)

    def arrive(self, group: str) -> None:
        self.number += 1
        self.arrived.setdefault(group, []).append(self.number)
        one = arrived(self.number, group=group)
        self.ingest.send(one.body, group, str(self.number))

    def tell(self, group: str) -> None:
        """A fact of ours, as `fire_timers` tells it."""
        self.number += 1
        self.arrived.setdefault(group, []).append(self.number)
        data = {"details": {"number": self.number}}
        fact = make_event(self.number, data=data, source=OWN_SOURCE, type="interaction.closed")
        self.ingest.send(encode(Envelope(event=fact, group=group)), group, str(self.number))

    def route(self, queue: Queue, sandbox: int = 0, count: int = 10) -> int:
        """One invocation; one that dies leaves its messages in flight."""
        messages = queue.receive(count, 0)
        arn = BULK_ARN if queue is self.bulk else INGEST_ARN
        records = read_records({"Records": [_as_lambda_has_it(one, arn) for one in messages]})
        batch = Batch(records)
        try:
            self.bench.run(self.sandboxes[sandbox], batch)
        except Died:
            return len(records)
        back = dict(batch.failures())
        for record in records:
            if record in back:
                queue.change_visibility(record.receipt_handle, back[record])
            else:
                queue.delete(record.receipt_handle)
        return len(records)

    def settle(self) -> None:
        """Route what can be routed now, and have it delivered."""
        while self.route(self.ingest) + self.route(self.bulk):
            pass
        crm = self.bench.outboxes["queue/crm"]
        crm.delivered = len(crm.taken)

    def delivered(self) -> dict[str, list[int]]:
        """The numbers of each group as `crm` has them: the first of what was sent twice counts."""
        found: dict[str, dict[int, None]] = {}
        for message in self.bench.outboxes["queue/crm"].taken:
            envelope = decode(message.body)
            assert envelope.event is not None
            found.setdefault(envelope.group, {})[envelope.event.data["details"]["number"]] = None
        return {group: list(numbers) for group, numbers in found.items()}

    def resume(self, run: str = "1") -> int:
        return self.control.resume(SOURCE, run, lambda _, __: None)


def away() -> Unavailable:
    return Unavailable("away")


def _as_lambda_has_it(message: dict[str, Any], arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSourceARN": arn,
    }
