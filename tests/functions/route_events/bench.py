"""A router over memory, and what arrives at it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.route_events.attempts import Attempts
from functions.route_events.pacing import Pace
from functions.route_events.router import Ports, Router
from functions.route_events.routes import DEPLOYED, NetworkReader
from functions.route_events.timing import Timing
from switchboard.configuration import LastGood, Parameters
from switchboard.delivery import Execution
from switchboard.drift_watch import DriftWatch
from switchboard.envelope import Envelope, Raw, decode, encode
from switchboard.event import Event
from switchboard.gathering import Gathering
from switchboard.loop import Batch, Record
from switchboard.reference import Lookups
from switchboard.source_state import SourceStateReader
from switchboard.testing.deliveries import make_event
from switchboard.testing.event_store import MemoryEvents
from switchboard.testing.reference_store import MemoryReference
from switchboard.testing.shape_store import MemoryShapes
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    MemoryBucket,
    MemoryConfiguration,
    MemoryLedger,
    MemoryOutbox,
    MemoryParameters,
    RecordingTelemetry,
)
from switchboard.testing.timer_store import MemoryTimers
from switchboard.timers import Waits

BULK_ARN = "arn:aws:sqs:eu-west-1:123456789012:ingest-bulk.fifo"


def payload(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "idempotencyKey": f"event-{number}",
        "eventType": "PARTICIPANT_JOINED",
        "sessionId": "one",
        "timestamp": 1788250530188 + number,
        "fqn": "app/weekly",
        "data": {"number": number},
        **changes,
    }


def arrived(
    number: int, *, group: str = "interaction:one", receive_count: int = 1, **changes: Any
) -> Record:
    """A message as receive_webhook sends it."""
    event = make_event(number, data=None)
    raw = Raw(
        kind="jaas",
        body=json.dumps(payload(number, **changes)),
        received_at="2026-11-24T09:30:00.000Z",
    )
    return record(Envelope(event=event, group=group, raw=raw), event, receive_count)


def record(envelope: Envelope, event: Event, receive_count: int = 1) -> Record:
    return Record(
        message_id=f"message-{event.id}",
        receipt_handle="receipt",
        body=encode(envelope),
        group=envelope.group,
        receive_count=receive_count,
        sent_at=0.0,
        queue_arn="arn:aws:sqs:eu-west-1:123456789012:ingest.fifo",
    )


@dataclass
class Bench:
    """A router over memory, with the destinations `crm` and `lake`."""

    clock: Clock = field(default_factory=Clock)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    dead: MemoryOutbox = field(default_factory=MemoryOutbox)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)
    outboxes: dict[str, MemoryOutbox] = field(default_factory=dict)
    parameters: MemoryParameters = field(default_factory=MemoryParameters)
    states: MemoryStates = field(default_factory=MemoryStates)
    shapes: MemoryShapes = field(default_factory=MemoryShapes)
    timers: MemoryTimers = field(default_factory=MemoryTimers)
    reference: MemoryReference = field(default_factory=MemoryReference)
    batches: type[Batch] = Batch
    invocations: int = 0

    def __post_init__(self) -> None:
        for name in ("crm", "lake"):
            self.deploy(name)
            self.parameters.set(f"destinations/{name}", "{}")
        self.router = self.sandbox()

    def sandbox(self) -> Router:
        """A router with its own views of documents and states, over the same stores."""
        network = NetworkReader(
            Parameters(self.parameters, self.clock),
            LastGood(MemoryConfiguration(), self.telemetry),
            lambda url: self.outboxes.setdefault(url, MemoryOutbox()),
            self.telemetry,
            Gathering(Lookups(self.reference, self.clock), self.bucket.read),
        )
        attempts = Attempts(self.ledger, self.dead, self.telemetry, self.clock, lambda: 0.5)
        return Router(
            Ports(
                events=self.events,
                archive=self.bucket,
                claims=self.bucket,
                network=network.read,
                sources=SourceStateReader(self.states),
                pace=Pace(self.states.read, self.clock, self.telemetry),
                attempts=attempts,
                drift=DriftWatch(self.shapes, self.clock, self.telemetry),
                timing=Timing(self.timers, Waits(60, 60 * 60), self.clock),
                telemetry=self.telemetry,
                is_bulk=lambda arn: arn == BULK_ARN,
            )
        )

    def deploy(self, name: str) -> None:
        self.outboxes[f"queue/{name}"] = MemoryOutbox()
        self.parameters.set(DEPLOYED + name, json.dumps({"queues": {"normal": f"queue/{name}"}}))

    def route(self, *records: Record) -> dict[str, int]:
        """Route a batch; what goes back, with its visibility."""
        batch = self.batches(records)
        self.run(self.router, batch)
        return {one.message_id: seconds for one, seconds in batch.failures()}

    def run(self, router: Router, batch: Batch) -> None:
        """One invocation of a sandbox."""
        self.invocations += 1
        router.route(batch, Execution(f"invocation-{self.invocations}", self.clock() + 60))

    def sent(self, name: str) -> list[Envelope]:
        return [decode(message.body) for message in self.outboxes[f"queue/{name}"].taken]

    def reasons(self) -> list[dict[str, Any]]:
        return [json.loads(message.body)["reason"] for message in self.dead.taken]


def numbers(envelopes: Sequence[Envelope]) -> list[int]:
    return [one.event.data["details"]["number"] for one in envelopes if one.event]
