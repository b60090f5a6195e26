"""A destination, its messages and its delivery core, for tests: real code over memory stores."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from switchboard.breaker import DestinationState
from switchboard.deliveries import Deliveries
from switchboard.delivery import Configuration, Execution, Ports, Time
from switchboard.destination import (
    Delivery,
    Destination,
    ParcelAnswer,
    ParcelSpec,
    Receipt,
    Repeat,
)
from switchboard.destination_documents import whole_event
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.event import Event, digest, event_id
from switchboard.gate import StateGate, change_state
from switchboard.loop import Batch, Record, deliver
from switchboard.parcels import Parcels
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
from switchboard.throttle import Throttle
from switchboard.trials import Trials

PROBE_SECONDS = 50.0
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:switchboard-test-crm-normal.fifo"


def make_event(number: int = 1, *, source: str = "meetings", **changes: Any) -> Event:
    """An event whose id is made from `number`."""
    values: dict[str, Any] = {
        "id": event_id(source, f"event-{number}"),
        "source": source,
        "type": "meeting.participant.joined",
        "subject": "weekly-sync",
        "time": datetime(2026, 11, 24, 9, 30, number % 60, tzinfo=UTC),
        "data": {"number": number},
        "sourceeventid": f"event-{number}",
        **changes,
    }
    return Event(**values)


def make_record(
    event: Event,
    *,
    group: str = "interaction:one",
    receive_count: int = 1,
    sent_at: float = 1_790_000_000.0,
    order: DeliveryOrder | None = None,
) -> Record:
    """A message of a destination's queue that carries `event`."""
    envelope = Envelope(event=event, group=group, delivery=order or DeliveryOrder(only="crm"))
    return Record(
        message_id=f"message-{event.id}",
        receipt_handle=f"receipt-{event.id}-{receive_count}",
        body=encode(envelope),
        group=group,
        receive_count=receive_count,
        sent_at=sent_at,
        queue_arn=QUEUE_ARN,
    )


class ScriptedDestination:
    """A destination whose answers are given: an exception is raised, a receipt returned.

    `sent` holds every delivery that reached it, `stored` the keys that it would now hold.
    """

    def __init__(self, *answers: Receipt | Exception | Callable[[Delivery], Receipt]) -> None:
        self.answers = list(answers)
        self.sent: list[Delivery] = []
        self.checked: list[Delivery] = []
        self.stored: set[str] = set()

    def reference(self, delivery: Delivery) -> str:  # noqa: ARG002
        """See Destination."""
        return ""

    def check(self, delivery: Delivery) -> bytes:
        """See Destination."""
        self.checked.append(delivery)
        return json.dumps(delivery.output).encode()

    def send(self, delivery: Delivery) -> Receipt:
        """See Destination; out of answers, it takes everything."""
        self.sent.append(delivery)
        answer = self.answers.pop(0) if self.answers else Receipt("remote")
        if isinstance(answer, Exception):
            raise answer
        receipt = answer if isinstance(answer, Receipt) else answer(delivery)
        self.stored.add(delivery.key)
        return receipt

    def find(self, delivery: Delivery) -> Receipt | None:
        """See Destination."""
        return Receipt("found") if delivery.key in self.stored else None


class ScriptedParcels(ScriptedDestination):
    """A scripted destination that takes parcels; `parcels` holds each that reached it.

    It answers for all of a parcel, or with a list for each delivery; what it stores can be looked
    for by the parcel's reference.
    """

    def __init__(self, answer: Callable[[Sequence[Delivery]], ParcelAnswer] | None = None) -> None:
        super().__init__()
        self._answer = answer or (lambda _: Receipt("remote"))
        self.parcels: list[list[Delivery]] = []
        self.references: set[str] = set()

    def address(self, delivery: Delivery) -> str:
        """See ParcelDestination: an event's source is where it goes."""
        return delivery.event.source

    def parcel_reference(self, deliveries: Sequence[Delivery]) -> str:
        """See ParcelDestination."""
        return digest(*sorted(delivery.key for delivery in deliveries))

    def send_parcel(self, deliveries: Sequence[Delivery]) -> ParcelAnswer:
        """See ParcelDestination."""
        self.parcels.append(list(deliveries))
        return self._answer(deliveries)

    def store(self, deliveries: Sequence[Delivery]) -> None:
        """Hold a parcel, whatever is answered."""
        self.sent.extend(deliveries)
        self.references.add(deliveries[0].reference)

    def find(self, delivery: Delivery) -> Receipt | None:
        """See Destination."""
        return Receipt("found") if delivery.reference in self.references else None


class DeliveryBench:
    """One destination `crm` with its core: deliver batches, move the clock, see what is left."""

    def __init__(
        self,
        destination: Destination,
        repeat: Repeat = Repeat.NATIVE,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self.remaining = 60.0
        self.ledger = MemoryLedger()
        self.gaps = MemoryGaps(self.ledger)
        self.guards = MemoryGuards()
        self.records = MemoryRecords()
        self.dead_letters = MemoryOutbox()
        self.bucket = MemoryBucket()
        self.states = MemoryStates()
        self.trials = MemoryTrials()
        self.judgements = MemoryConfiguration()
        self._sandboxes = 0
        self.telemetry = RecordingTelemetry()
        self.configuration: Callable[[], Configuration] = lambda: Configuration(
            destination=destination, mapped=whole_event, repeat=repeat, mapping_version=1
        )
        self.ports = Ports(
            name="crm",
            ledger=self.ledger,
            gaps=self.gaps,
            guards=self.guards,
            records=self.records,
            dead_letters=self.dead_letters,
            claims=self.bucket,
            configured=lambda: self.configuration(),  # noqa: PLW0108 - it may be replaced later
            gate=self._gate(),
            trials=self._trials(),
            telemetry=self.telemetry,
            clock=self.clock,
            jitter=lambda: 0.5,
        )
        self.deliveries = Deliveries(self.ports)
        self.parcels = ParcelSpec(repeat, largest_count=100, largest_bytes=1_000_000)
        self._invocations = 0

    def limit(self, per_second: float) -> None:
        """Give the destination's document a limit."""
        made = self.configuration
        self.configuration = lambda: replace(made(), requests_per_second=per_second)

    def another_sandbox(self) -> None:
        """Go on in a sandbox that remembers nothing."""
        self.deliveries = Deliveries(replace(self.ports, gate=self._gate(), trials=self._trials()))

    def _trials(self) -> Trials:
        return Trials(
            "crm",
            store=self.trials,
            judgements=self.judgements,
            telemetry=self.telemetry,
            clock=self.clock,
        )

    def change(self, change: Callable[[DestinationState], DestinationState | None]) -> None:
        """Change the destination's state item, as the command does."""
        change_state(self.states, "crm", change)

    def _gate(self) -> StateGate:
        self._sandboxes += 1
        name = f"sandbox-{self._sandboxes}"
        return StateGate(
            self.states,
            "crm",
            sandbox=name,
            probe_seconds=PROBE_SECONDS,
            throttle=Throttle(1, self.clock.forward),
        )

    def execution(self, seconds: float = 60.0) -> Execution:
        """A new invocation that ends in `seconds`."""
        self._invocations += 1
        return Execution(f"invocation-{self._invocations}", self.clock() + seconds)

    def deliver(
        self, *records: Record, has_time: Callable[[], bool] = lambda: True
    ) -> dict[str, int]:
        """Deliver a batch; the message ids that go back, with their visibility."""
        batch = Batch(records)
        execution = self.execution()
        deliver(batch, lambda record: self.deliveries.handle(record, execution), has_time=has_time)
        return {record.message_id: seconds for record, seconds in batch.failures()}

    def deliver_parcels(self, *records: Record, ordered: bool = False) -> dict[str, int]:
        """Deliver a batch in parcels, by a sandbox that remembers nothing; see `deliver`."""
        batch = Batch(records)
        ports = replace(self.ports, gate=self._gate())
        parcels = Parcels(ports, self.parcels, ordered=ordered)
        parcels.deliver(batch, self.execution(), Time(lambda: self.remaining, needed=15.0))
        return {record.message_id: seconds for record, seconds in batch.failures()}
