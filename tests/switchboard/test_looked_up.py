"""A destination's mapping looks up reference data and payloads on the way to its request."""

import json
from dataclasses import replace
from typing import Any

from functions.to_webhook.spec import SPEC
from switchboard.archive import RawLine
from switchboard.breaker import Breaker
from switchboard.candidates import Candidates
from switchboard.configuration import LastGood, Parameters
from switchboard.destination_documents import DestinationDocuments
from switchboard.envelope import Envelope, Raw, RawRef, encode
from switchboard.errors import EventError, Unavailable
from switchboard.event import Event
from switchboard.gathering import Gathering
from switchboard.ledger import State
from switchboard.loop import Record
from switchboard.reference import Lookups
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)
from switchboard.testing.reference_store import MemoryReference
from switchboard.testing.stores import MemoryConfiguration, MemoryParameters
from switchboard.version import Version

FIELDS = {
    "number": "data.number",
    "tier": "lookup('accounts', data.number, 'tier', 'standard')",
    "sent": "raw().number",
}


class Scene:
    """A destination whose mapping asks for what is beside the event."""

    def __init__(self, fields: dict[str, str] = FIELDS, **document: Any) -> None:
        self.destination = ScriptedDestination()
        self.bench = DeliveryBench(self.destination)
        self.reference = MemoryReference({("accounts", "1"): {"tier": "gold"}})
        parameters, store = MemoryParameters(), MemoryConfiguration()
        texts = {
            "destinations/crm": {"url": "https://example.com", "mapping": "call", **document},
            "mappings/call": {"fields": fields},
        }
        for name, text in texts.items():
            parameters.set(name, json.dumps(text))
        self.bench.configuration = DestinationDocuments(
            SPEC,
            "crm",
            parameters=Parameters(parameters, self.bench.clock),
            candidates=Candidates(store, LastGood(store, self.bench.telemetry), self.bench.clock),
            make=lambda _: self.destination,
            gather=Gathering(Lookups(self.reference, self.bench.clock), self.bench.bucket.read),
        ).configuration

    def archived(self, event: Event, body: object) -> RawRef:
        raw = Raw(kind="jaas", body=json.dumps(body), received_at="2026-11-24T09:30:00.000Z")
        refs = self.bench.bucket.write([RawLine(event.id, event.source, event.time, raw)])
        return refs[event.id]

    def message(self, number: int, *, sent: object = None) -> Record:
        event = make_event(number)
        ref = self.archived(event, {"number": number if sent is None else sent})
        envelope = Envelope(event=event, group="interaction:one", raw_ref=ref)
        return replace(make_record(event), body=encode(envelope))

    def outputs(self) -> list[Any]:
        return [dict(delivery.output) for delivery in self.destination.sent]

    def states(self) -> list[State]:
        return [entry.state for entry in self.bench.ledger.entries.values()]


def test_a_batch_reads_each_row_once() -> None:
    scene = Scene()
    messages = [scene.message(number, sent=f"0{number}") for number in (1, 2, 3)]
    assert scene.bench.deliver(*messages, scene.message(61)) == {}
    assert scene.outputs()[:3] == [
        {"number": 1, "tier": "gold", "sent": "01"},
        {"number": 2, "tier": "standard", "sent": "02"},
        {"number": 3, "tier": "standard", "sent": "03"},
    ]
    assert [len(keys) for keys in scene.reference.reads] == [1, 1, 1, 1]
    again = [replace(scene.message(number + 60), message_id=f"again-{number}") for number in (2,)]
    assert scene.bench.deliver(*again) == {}
    assert len(scene.reference.reads) == 5


def test_while_the_table_is_away_the_delivery_waits_and_the_vendor_is_not_blamed() -> None:
    scene = Scene()
    scene.reference.failure = Unavailable("reading reference data: AWS answered Throttling")
    message = scene.message(1)
    others = [make_record(make_event(n), group=f"interaction:{n}") for n in (2, 3, 4)]
    for _ in range(4):
        assert len(scene.bench.deliver(message, *others)) == 4
        scene.bench.clock.forward(900)
    assert scene.destination.sent == []
    assert scene.states() == [State.WAITING] * 4
    assert scene.bench.states.read("crm").breaker is Breaker.CLOSED
    scene.reference.failure = None
    assert scene.bench.deliver(message) == {}
    assert scene.outputs() == [{"number": 1, "tier": "gold", "sent": 1}]


def test_a_payload_that_is_gone_is_a_dead_letter_of_its_own() -> None:
    scene = Scene()
    message = scene.message(1)
    scene.bench.bucket.objects.clear()
    assert scene.bench.deliver(message, scene.message(2)) == {}
    assert scene.states() == [State.DEAD, State.DELIVERED]
    assert scene.destination.sent[0].event.data == {"number": 2}


def test_a_mapping_that_looks_nothing_up_reads_nothing() -> None:
    scene = Scene({"number": "data.number"})
    scene.reference.failure = EventError("nobody may ask")
    assert scene.bench.deliver(scene.message(1), scene.message(2)) == {}
    assert scene.outputs() == [{"number": 1}, {"number": 2}]


def test_a_shadow_waits_for_the_table_too() -> None:
    scene = Scene(shadow=True)
    scene.reference.failure = Unavailable("reading reference data: away")
    message = scene.message(1)
    assert list(scene.bench.deliver(message)) == [message.message_id]
    scene.reference.failure = None
    scene.bench.clock.forward(900)
    assert scene.bench.deliver(message) == {}
    assert [dict(one.output) for one in scene.destination.checked] == [
        {"number": 1, "tier": "gold", "sent": 1}
    ]


def test_a_newer_record_is_sent_with_its_own_payload() -> None:
    scene = Scene(record=True)
    newer, older = make_event(9), make_event(3)
    ref = scene.archived(newer, {"number": "of the newer one"})
    scene.bench.records.sent["interaction:one", "crm"].append(newer)
    scene.bench.records.raw_refs[newer.id] = ref
    # Nobody can say whether the newer one was written: what comes late sends it.
    scene.bench.guards.doubt("interaction:one", "crm", Version.of(newer))
    late = replace(make_record(older), message_id="late")
    assert scene.bench.deliver(late) == {}
    assert scene.outputs()[-1]["sent"] == "of the newer one"
