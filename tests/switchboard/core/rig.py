"""What the core's machine plays with: a queue, a vendor, troubled stores, executions."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from desk.emulator.limits import SqsError
from desk.emulator.queues import Queue
from switchboard.deliveries import Deliveries
from switchboard.delivery import Configuration, Execution, Ports
from switchboard.destination import Delivery, Receipt, Repeat
from switchboard.destination_documents import whole_event
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.errors import (
    ConfigurationError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.event import Event, digest
from switchboard.gaps import GapStore, settle_gap
from switchboard.gate import Gate, StateGate
from switchboard.guards import GuardStore
from switchboard.ledger import Entry, Ledger, State
from switchboard.loop import Batch, Record, deliver
from switchboard.queue import Outgoing
from switchboard.replay_id import new_replay_id
from switchboard.testing.deliveries import PROBE_SECONDS, QUEUE_ARN, make_event
from switchboard.testing.record_store import MemoryGuards, MemoryRecords
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    MemoryBucket,
    MemoryConfiguration,
    MemoryGaps,
    MemoryLedger,
    MemoryOutbox,
    RecordingTelemetry,
)
from switchboard.testing.trial_store import MemoryTrials
from switchboard.trials import Trials
from switchboard.version import Version

CRM = "crm"
GROUPS = 2
BEGAN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
VISIBILITY = 390
WORKING = 60.0


FATES = (
    *["take"] * 3,
    *["refuse"] * 2,
    "away",
    "limit",
    "lost",
    "nothing",
    "bug",
    "dies before",
    "dies after",
    "meanwhile",
    "overtime",
)


class Crash(BaseException):
    """The process ends: nothing may catch it."""


@dataclass(slots=True)
class Troubles:
    """At which touch of a store the process dies, and at which the store is away; 0 is never."""

    dies_at: int = 0
    away_at: int = 0
    touches: int = 0

    def touch(self) -> None:
        """Before, or after, a store does something."""
        self.touches += 1
        if self.touches == self.dies_at:
            raise Crash
        if self.touches == self.away_at:
            raise Unavailable("a store is away")


class Troubled:
    """Where the troubles of the running execution are found."""

    def __init__(self) -> None:
        self.now = Troubles()
        self.fired = 0

    def touch(self) -> None:
        """See Troubles."""
        try:
            self.now.touch()
        except BaseException:
            self.fired += 1
            raise


class TroubledLedger(MemoryLedger):
    """A ledger that may be away, lose its answer, or see its caller die."""

    def __init__(self, troubled: Troubled) -> None:
        super().__init__()
        self._troubled = troubled

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        self._troubled.touch()
        answer = super().put(entry, expected=expected)
        self._troubled.touch()
        return answer


class TroubledGaps(MemoryGaps):
    """Gaps with the same troubles."""

    def __init__(self, ledger: MemoryLedger, troubled: Troubled) -> None:
        super().__init__(ledger)
        self._troubled = troubled

    def write(self, gap: Any, *, expected: int | None) -> bool:
        """See GapStore."""
        self._troubled.touch()
        answer = super().write(gap, expected=expected)
        self._troubled.touch()
        return answer


class TroubledGuards(MemoryGuards):
    """Guards with the same troubles."""

    def __init__(self, troubled: Troubled) -> None:
        super().__init__()
        self._troubled = troubled

    def rise(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        self._troubled.touch()
        super().rise(group, destination, version)
        self._troubled.touch()


class TroubledOutbox(MemoryOutbox):
    """A dead-letter queue with the same troubles."""

    def __init__(self, troubled: Troubled) -> None:
        super().__init__()
        self._troubled = troubled

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """See Outbox."""
        self._troubled.touch()
        answers = super().send(messages)
        self._troubled.touch()
        return answers

    def names(self) -> set[str]:
        """The ids of the events whose dead letters it took."""
        return {_event_of(message.body) for message in self.taken}


class Vendor:
    """A vendor that keeps what it is sent, and does what `fates` say.

    `calls` counts sends; `asked` also looks and configuration errors on the way.
    """

    def __init__(self, repeat: Repeat) -> None:
        self._repeat = repeat
        self.fates: list[str] = []
        self.stored: list[Delivery] = []
        self.live: list[str] = []
        self.unknown = 0
        self.asked = 0
        self.on_call: Callable[[Delivery], None] = lambda _: None
        self.meanwhile: Callable[[], None] = lambda: None
        self.overtime: Callable[[], None] = lambda: None
        self.is_replay: Callable[[Delivery], bool] = lambda _: False

    def reference(self, delivery: Delivery) -> str:
        """See Destination."""
        del delivery
        return ""

    def find(self, delivery: Delivery) -> Receipt | None:
        """See Destination."""
        self.on_call(delivery)
        found = any(one.key == delivery.key for one in self.stored)
        self.asked += found
        return Receipt("found") if found else None

    def send(self, delivery: Delivery) -> Receipt:
        """See Destination."""
        self.on_call(delivery)
        self.asked += 1
        if not self.is_replay(delivery):
            self.live.append(delivery.event.id)
        fate = self.fates.pop(0) if self.fates else "take"
        self._before(fate)
        if not (self._repeat is Repeat.NATIVE and self._has(delivery)):
            self.stored.append(delivery)
        self._after(fate)
        return Receipt(delivery.key)

    def _has(self, delivery: Delivery) -> bool:
        return any(one.key == delivery.key for one in self.stored)

    def _before(self, fate: str) -> None:
        self.unknown += fate in {"nothing", "lost", "dies before", "dies after", "overtime"}
        match fate:
            case "refuse":
                raise Rejected("422")
            case "away":
                raise Unavailable("503")
            case "limit":
                raise RateLimited("429", retry_after=20)
            case "nothing":
                raise OutcomeUnknown("no answer")
            case "bug":
                raise ValueError("a bug")
            case "dies before":
                raise Crash
            case "meanwhile":
                self.meanwhile()
            case _:
                pass

    def _after(self, fate: str) -> None:
        match fate:
            case "lost":
                raise OutcomeUnknown("the answer was lost")
            case "overtime":
                # Lambda ends what takes too long; the answer finds nobody.
                self.overtime()
                raise Crash
            case "dies after":
                raise Crash
            case _:
                pass


class Rig:
    """One destination's queue and core. Mutations change the ports, or the loop's batch.

    `likely` is what the vendor does in every other call: a mutation is looked for where it shows.
    """

    make_batch: type[Batch] = Batch
    likely: Sequence[str] = ()

    def __init__(self, repeat: Repeat, *, holds: bool, record: bool) -> None:
        self.repeat, self.holds, self.record = repeat, holds, record
        self.clock = Clock()
        self._troubled = Troubled()
        self.ledger = TroubledLedger(self._troubled)
        self.gaps = TroubledGaps(self.ledger, self._troubled)
        self.guards = TroubledGuards(self._troubled)
        self.records = MemoryRecords()
        self.dead_letters = TroubledOutbox(self._troubled)
        self.states = MemoryStates()
        self.gates = 0
        self.vendor = Vendor(repeat)
        self.vendor.meanwhile = self._meanwhile
        self.vendor.overtime = lambda: self.clock.forward(WORKING + 40)
        self.vendor.is_replay = self._is_replay
        self.queue = Queue(CRM, clock=self.clock, visibility=VISIBILITY)
        self.sent: dict[str, int] = {}
        self.events: dict[str, Event] = {}
        self.generations: Counter[str] = Counter()
        self.last: Sequence[Record] = ()
        self.broken = False
        self.late: list[tuple[Entry, int | None]] = []
        self._executions = 0
        self._replays = 0
        self.sandbox = self.new_sandbox()

    def ports(self) -> Ports:
        """What the core touches."""
        telemetry = RecordingTelemetry()
        return Ports(
            name=CRM,
            ledger=self.ledger_seen(),
            gaps=self.gaps_seen(),
            guards=self.guards_seen(),
            records=self.records,
            dead_letters=self.dead_letters,
            claims=MemoryBucket(),
            configured=self._configured,
            gate=self.gate_seen(),
            trials=Trials(
                CRM,
                store=MemoryTrials(),
                judgements=MemoryConfiguration(),
                telemetry=telemetry,
                clock=self.clock,
            ),
            telemetry=telemetry,
            clock=self.clock,
            jitter=lambda: 0.5,
        )

    def ledger_seen(self) -> Ledger:
        """The ledger as the core sees it."""
        return self.ledger

    def gaps_seen(self) -> GapStore:
        """The gaps as the core sees them."""
        return self.gaps

    def guards_seen(self) -> GuardStore:
        """The guards as the core sees them."""
        return self.guards

    def gate_seen(self) -> Gate:
        """The gate as the core sees it."""
        self.gates += 1
        name = f"sandbox-{self.gates}"
        return StateGate(self.states, CRM, sandbox=name, probe_seconds=PROBE_SECONDS)

    def destination_seen(self) -> Any:
        """The destination as the core sees it."""
        return self.vendor

    def deleted(self) -> None:
        """The messages of a batch are deleted: now comes what a mutation writes too late."""
        late, self.late = self.late, []
        for entry, expected in late:
            self.ledger.put(entry, expected=expected)

    def new_sandbox(self) -> Deliveries:
        """A sandbox that remembers nothing."""
        return Deliveries(self.ports())

    def _configured(self) -> Configuration:
        if self.broken:
            raise ConfigurationError("the document is broken")
        return Configuration(
            self.destination_seen(),
            whole_event,
            self.repeat,
            mapping_version=1,
            holds=self.holds,
            record=self.record,
        )

    @property
    def troubles(self) -> int:
        """How often a store was away or a process died at one."""
        return self._troubled.fired

    def fates(self, drawn: Sequence[int]) -> list[str]:
        """What the vendor does in each of the next calls."""
        return [
            self.likely[one // 2 % len(self.likely)]
            if self.likely and one % 2
            else FATES[one % len(FATES)]
            for one in drawn
        ]

    def arrive(self, group: int, late: int = 0) -> None:
        """An event of a group is fanned out; `late` by so many seconds, it is of an older fact."""
        number = len(self.sent)
        moment = BEGAN + timedelta(seconds=number - late)
        event = make_event(number, data={"group": group}, time=moment)
        self.records.sent[f"interaction:{group}", CRM].append(event)
        self.sent[event.id], self.events[event.id] = number, event
        self._send(event, DeliveryOrder(only=CRM), digest(event.id, CRM))

    def _send(self, event: Event, order: DeliveryOrder, deduplication_id: str) -> None:
        group = f"interaction:{event.data['group']}"
        envelope = Envelope(event=event, group=group, delivery=order)
        self.queue.send(encode(envelope), group, deduplication_id)

    def execute(self, fates: Sequence[str], troubles: Troubles) -> None:
        """An execution receives a batch and works on it."""
        self.last = [_record(message) for message in self.queue.receive(10, 0)]
        self.work(self.last, fates, troubles)

    def work(self, records: Sequence[Record], fates: Sequence[str], troubles: Troubles) -> None:
        """An execution works on `records`; one that dies leaves a sandbox nobody enters again."""
        self.vendor.fates = list(fates)
        self._troubled.now = troubles
        try:
            self._work(self.sandbox, records)
        except Crash:
            self.sandbox = self.new_sandbox()
        finally:
            self._troubled.now = Troubles()

    def _work(self, sandbox: Deliveries, records: Sequence[Record]) -> None:
        self._executions += 1
        execution = Execution(f"execution-{self._executions}", self.clock() + WORKING)
        batch = self.make_batch(records)
        deliver(batch, lambda one: sandbox.handle(one, execution), has_time=lambda: True)
        back = batch.failures()
        kept = {record.message_id for record, _ in back}
        for record in records:
            if record.message_id not in kept:
                with suppress(SqsError):
                    self.queue.delete(record.receipt_handle)
        self.deleted()
        for record, seconds in back:
            with suppress(SqsError):
                self.queue.change_visibility(record.receipt_handle, seconds)

    def _meanwhile(self) -> None:
        """A second execution gets the same batch while the first one is at the vendor."""
        fates, self.vendor.fates = self.vendor.fates, []
        self._work(self.new_sandbox(), self.last)
        self.vendor.fates = fates

    def replay(self, entries: Sequence[Entry]) -> None:
        """Send deliveries once more, as `switchboard dead replay` does."""
        for entry in entries:
            self._replay(entry, entry.generation)

    def send_again(self, entry: Entry) -> None:
        """Send a delivered one again, as `--again` does."""
        self.generations[entry.event_id] += 1
        self._replay(entry, entry.generation + 1)

    def _replay(self, entry: Entry, generation: int) -> None:
        self._replays += 1
        self.clock.forward(0.001)
        replay = new_replay_id(self.clock(), f"{self._replays:08x}")
        order = DeliveryOrder(only=CRM, replay=replay, generation=generation)
        self._send(self.events[entry.event_id], order, digest(entry.event_id, CRM, replay))

    def discard(self, entry: Entry) -> None:
        """End a dead letter by command."""
        ended = replace(entry, state=State.DISCARDED, revision=entry.revision + 1)
        self.ledger.put(ended, expected=entry.revision)
        settle_gap(self.gaps, entry.group, CRM)

    def release(self) -> None:
        """Send what is held behind settled heads, in order, as `switchboard dead release` does."""
        for gap in list(self.gaps.gaps.values()):
            settle_gap(self.gaps, gap.group, CRM)
            found = self.gaps.gaps[gap.group, CRM]
            if found.released and not found.closed:
                held = [one for one in self.entries(State.HELD) if one.group == gap.group]
                self.replay(sorted(held, key=lambda one: self.sent[one.event_id]))

    def entries(self, *states: State) -> list[Entry]:
        """Those in one of `states` (of all, if none is given)."""
        found = self.ledger.entries.values()
        return [entry for entry in found if not states or entry.state in states]

    def entry(self, name: str) -> Entry | None:
        """The entry of an event."""
        group = f"interaction:{self.group_of(name)}"
        return self.ledger.entries.get((group, name, CRM))

    def group_of(self, name: str) -> int:
        """The group of an event."""
        return int(self.events[name].data["group"])

    def waiting(self) -> set[str]:
        """The events whose messages are in the queue."""
        groups = self.queue._groups.values()
        return {_event_of(message.body) for group in groups for message in group.values()}

    def _is_replay(self, delivery: Delivery) -> bool:
        entry = self.entry(delivery.event.id)
        return entry is not None and entry.replay is not None


def _event_of(body: str) -> str:
    import json

    document: Mapping[str, Any] = json.loads(body)
    envelope = document.get("envelope", document)
    return str(envelope["event"]["id"])


def _record(message: Mapping[str, Any]) -> Record:
    attributes = message["Attributes"]
    return Record(
        message_id=message["MessageId"],
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        group=attributes["MessageGroupId"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        sent_at=int(attributes["SentTimestamp"]) / 1000,
        queue_arn=QUEUE_ARN,
    )
