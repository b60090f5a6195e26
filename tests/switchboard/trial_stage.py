"""A destination with documents, and sandboxes that deliver to it: real code over shared memory."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from functions.to_webhook.spec import SPEC
from switchboard.candidates import Candidates
from switchboard.configuration import LastGood, Parameters, Status
from switchboard.deliveries import Deliveries
from switchboard.delivery import Execution, Ports
from switchboard.destination import Delivery, DestinationDocument, Receipt
from switchboard.destination_documents import DestinationDocuments
from switchboard.gate import StateGate
from switchboard.ledger import Entry
from switchboard.loop import Record
from switchboard.testing.deliveries import make_event, make_record
from switchboard.testing.record_store import MemoryGuards, MemoryRecords
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    MemoryBucket,
    MemoryConfiguration,
    MemoryGaps,
    MemoryLedger,
    MemoryOutbox,
    MemoryParameters,
    RecordingTelemetry,
)
from switchboard.testing.trial_store import MemoryTrials
from switchboard.trials import Trials

MAPPING = "mappings/note@crm"
DOCUMENT = "destinations/crm"


class Vendor:
    """What every version of the document makes: it takes all that `answer` does not refuse."""

    def __init__(self, document: DestinationDocument, stage: "Stage") -> None:
        self._document = document
        self._stage = stage

    def reference(self, delivery: Delivery) -> str:
        del delivery
        return ""

    def check(self, delivery: Delivery) -> bytes:
        return self._stage.check(delivery)

    def send(self, delivery: Delivery) -> Receipt:
        self._stage.answer(delivery, self._document)
        return Receipt("remote")

    def find(self, delivery: Delivery) -> Receipt | None:
        del delivery
        return None


class Sandbox:
    """One process: it remembers what it read."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage
        self.documents = DestinationDocuments(
            SPEC,
            "crm",
            parameters=Parameters(stage.parameters, stage.clock),
            candidates=Candidates(
                stage.judgements,
                LastGood(stage.judgements, stage.telemetry, destination="crm"),
                stage.clock,
            ),
            make=lambda document: Vendor(document, stage),
        )
        self._deliveries = Deliveries(
            Ports(
                name="crm",
                ledger=stage.ledger,
                gaps=MemoryGaps(stage.ledger),
                guards=MemoryGuards(),
                records=MemoryRecords(),
                dead_letters=stage.dead_letters,
                claims=MemoryBucket(),
                configured=self.documents.configuration,
                gate=StateGate(stage.states, "crm", sandbox=uuid.uuid4().hex, probe_seconds=50),
                trials=stage.trials_kind(
                    "crm",
                    store=stage.trials,
                    judgements=stage.judgements,
                    telemetry=stage.telemetry,
                    clock=stage.clock,
                ),
                telemetry=stage.telemetry,
                clock=stage.clock,
                jitter=lambda: 0.5,
            )
        )

    def handle(self, record: Record) -> float | None:
        stage = self._stage
        stage.invocations += 1
        execution = Execution(f"invocation-{stage.invocations}", stage.clock() + 60)
        return self._deliveries.handle(record, execution)


class Stage:
    """`outputs` are the field names of what the vendor took, in order."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.parameters = MemoryParameters()
        self.judgements = MemoryConfiguration()
        self.trials = MemoryTrials()
        self.trials_kind = Trials
        self.ledger = MemoryLedger()
        self.states = MemoryStates()
        self.dead_letters = MemoryOutbox()
        self.telemetry = RecordingTelemetry()
        self.taken: list[Delivery] = []
        self.tried: list[Delivery] = []
        self.refuses: Callable[[Delivery, DestinationDocument], Exception | None] = lambda *_: None
        self.invocations = 0
        self.write(DOCUMENT, {"url": "https://example.com/x", "mapping": "note"})
        self.write("mappings/note", {"fields": {"Old": "type"}})

    def write(self, name: str, document: Any) -> None:
        self.parameters.set(name, json.dumps(document))

    def change_mapping(self, field: str = "New") -> None:
        """Write another mapping, and let the time pass after which it is read."""
        self.write("mappings/note", {"fields": {field: "type"}})
        self.clock.forward(34)

    def answer(self, delivery: Delivery, document: DestinationDocument) -> None:
        self.tried.append(delivery)
        error = self.refuses(delivery, document)
        if error is not None:
            raise error
        self.taken.append(delivery)

    def check(self, delivery: Delivery) -> bytes:
        return json.dumps(delivery.output).encode()

    def sandbox(self) -> Sandbox:
        return Sandbox(self)

    def deliver(self, sandbox: Sandbox, number: int) -> None:
        """Deliver an event to its end, however often its message comes back."""
        record = make_record(make_event(number), group=f"interaction:{number}")
        while (seconds := sandbox.handle(record)) is not None:
            self.clock.forward(max(seconds, 0.001))

    def outputs(self) -> list[str]:
        return [next(iter(delivery.output)) for delivery in self.taken]

    def entry(self, number: int) -> Entry:
        return self.ledger.of(make_event(number).id, "crm")

    def status(self, name: str = MAPPING, version: int = 2) -> Status:
        return self.judgements.judged[name, version].status
