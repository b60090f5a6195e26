"""A destination's mapping looks up reference data and payloads on the way to its request."""

import itertools
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from functions.to_webhook.spec import SPEC
from switchboard.archive import RawLine
from switchboard.breaker import Breaker
from switchboard.candidates import Candidates
from switchboard.claims import keep_event
from switchboard.compaction import Compaction
from switchboard.configuration import LastGood, Parameters
from switchboard.delivery import Time
from switchboard.destination_documents import DestinationDocuments
from switchboard.envelope import Envelope, Raw, RawRef, encode
from switchboard.errors import EventError, Unavailable
from switchboard.event import Event
from switchboard.gathering import Gathering
from switchboard.ledger import State
from switchboard.loop import Batch, Record
from switchboard.mapping import Asked
from switchboard.mapping.catalogue import Row
from switchboard.parcels import Parcels
from switchboard.prefetching import Prefetching
from switchboard.reference import Lookups
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedParcels,
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


class Reference(MemoryReference):
    """A table that may refuse one request."""

    fail_once = False

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        if self.fail_once:
            self.fail_once = False
            raise Unavailable("reading reference data: AWS answered Throttling")
        return super().read(keys)


class Scene:
    """A destination whose mapping asks for what is beside the event."""

    def __init__(self, fields: dict[str, str] = FIELDS, **document: Any) -> None:
        self.destination = ScriptedParcels()
        self.bench = DeliveryBench(self.destination)
        self.reference = Reference({("accounts", "1"): {"tier": "gold"}})
        parameters, store = MemoryParameters(), MemoryConfiguration()
        self.parameters = parameters
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

    def deliver(self, *records: Record, parcels: bool = False) -> dict[str, int]:
        """Deliver a batch as a destination's function does; see DeliveryBench.deliver."""
        bench = self.bench
        work = Compaction(bench.ports, bench.deliveries).deliver
        if parcels:
            work = Parcels(bench.ports, bench.parcels, ordered=False).deliver
        batch = Batch(records)
        time = Time(lambda: 60.0, needed=15.0)
        Prefetching(bench.ports, work).deliver(batch, bench.execution(), time)
        return {record.message_id: seconds for record, seconds in batch.failures()}

    def outputs(self) -> list[Any]:
        arrived = [*self.destination.sent, *itertools.chain(*self.destination.parcels)]
        return [dict(delivery.output) for delivery in arrived]

    def states(self) -> list[State]:
        return [entry.state for entry in self.bench.ledger.entries.values()]


@pytest.mark.parametrize("parcels", [False, True])
def test_a_batch_reads_its_rows_with_one_request(parcels: bool) -> None:
    scene = Scene()
    messages = [scene.message(number, sent=f"0{number}") for number in (1, 2, 3)]
    assert scene.deliver(*messages, scene.message(61), parcels=parcels) == {}
    assert scene.outputs()[:3] == [
        {"number": 1, "tier": "gold", "sent": "01"},
        {"number": 2, "tier": "standard", "sent": "02"},
        {"number": 3, "tier": "standard", "sent": "03"},
    ]
    assert scene.reference.reads == [[("accounts", one) for one in ("1", "2", "3", "61")]]
    again = [replace(scene.message(number), message_id=f"again-{number}") for number in (62, 63)]
    assert scene.deliver(*again, parcels=parcels) == {}
    assert scene.reference.reads[1:] == [[("accounts", "62"), ("accounts", "63")]]


@pytest.mark.parametrize("parcels", [False, True])
def test_while_the_table_is_away_what_needs_no_row_is_delivered(parcels: bool) -> None:
    scene = Scene({"number": "data.number", "tier": "data.vip && lookup('accounts', data.vip)"})
    scene.reference.failure = Unavailable("reading reference data: AWS answered Throttling")
    events = [make_event(1, data={"vip": "1"}), make_event(2), make_event(3, data={"vip": "9"})]
    messages = [
        make_record(event, group=f"interaction:{number}") for number, event in enumerate(events)
    ]
    assert set(scene.deliver(*messages, parcels=parcels)) == {
        messages[0].message_id,
        messages[2].message_id,
    }
    assert scene.outputs() == [{"number": 2, "tier": None}]
    scene.reference.failure = None
    scene.bench.clock.forward(900)
    assert scene.deliver(messages[0], messages[2], parcels=parcels) == {}
    assert [one["tier"] for one in scene.outputs()] == [None, {"tier": "gold"}, None]
    assert len(scene.reference.reads) == 1


def test_a_request_for_the_batch_that_fails_is_no_events_failure() -> None:
    scene = Scene()
    scene.reference.fail_once = True
    assert scene.deliver(scene.message(1), scene.message(2)) == {}
    assert [one["tier"] for one in scene.outputs()] == ["gold", "standard"]
    assert scene.reference.reads == [[("accounts", "1")], [("accounts", "2")]]


def test_what_is_read_ahead_is_for_the_mapping_on_trial_too() -> None:
    scene = Scene()
    assert scene.deliver(scene.message(0)) == {}
    scene.parameters.set(
        "mappings/call", json.dumps({"fields": {"queue": "lookup('queues', data.number)"}})
    )
    scene.bench.clock.forward(60)
    scene.reference.reads.clear()
    assert scene.deliver(*[scene.message(number) for number in (1, 2, 3)]) == {}
    assert scene.reference.reads == [
        [("accounts", "1"), ("accounts", "2"), ("accounts", "3")],
        [("queues", "1"), ("queues", "2"), ("queues", "3")],
    ]


def test_an_event_that_waits_in_the_archive_and_a_broken_message_are_not_looked_ahead_at() -> None:
    scene = Scene()
    event = make_event(1)
    ref = keep_event(event, scene.bench.bucket)
    large = Envelope(event_ref=ref, group="interaction:one")
    messages = [
        replace(make_record(event), body=encode(large)),
        replace(make_record(make_event(4), group="broken"), body="{}"),
        scene.message(2),
        scene.message(3),
    ]
    assert scene.deliver(*messages) == {}
    assert [one["tier"] for one in scene.outputs()] == ["gold", "standard", "standard"]
    assert scene.reference.reads == [[("accounts", "2"), ("accounts", "3")], [("accounts", "1")]]


def test_while_the_table_is_away_the_delivery_waits_and_the_vendor_is_not_blamed() -> None:
    scene = Scene()
    scene.reference.failure = Unavailable("reading reference data: AWS answered Throttling")
    message = scene.message(1)
    others = [make_record(make_event(n), group=f"interaction:{n}") for n in (2, 3, 4)]
    for _ in range(4):
        assert len(scene.deliver(message, *others)) == 4
        scene.bench.clock.forward(900)
    assert scene.destination.sent == []
    assert scene.states() == [State.WAITING] * 4
    assert scene.bench.states.read("crm").breaker is Breaker.CLOSED
    scene.reference.failure = None
    assert scene.deliver(message) == {}
    assert scene.outputs() == [{"number": 1, "tier": "gold", "sent": 1}]


def test_a_payload_that_is_gone_is_a_dead_letter_of_its_own() -> None:
    scene = Scene()
    message = scene.message(1)
    scene.bench.bucket.objects.clear()
    assert scene.deliver(message, scene.message(2)) == {}
    assert scene.states() == [State.DEAD, State.DELIVERED]
    assert scene.destination.sent[0].event.data == {"number": 2}


def test_a_mapping_that_looks_nothing_up_reads_nothing() -> None:
    scene = Scene({"number": "data.number"})
    scene.reference.failure = EventError("nobody may ask")
    assert scene.deliver(scene.message(1), scene.message(2)) == {}
    assert scene.outputs() == [{"number": 1}, {"number": 2}]


def test_a_shadow_waits_for_the_table_too() -> None:
    scene = Scene(shadow=True)
    scene.reference.failure = Unavailable("reading reference data: away")
    message = scene.message(1)
    assert list(scene.deliver(message)) == [message.message_id]
    scene.reference.failure = None
    scene.bench.clock.forward(900)
    assert scene.deliver(message) == {}
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
    assert scene.deliver(late) == {}
    assert scene.outputs()[-1]["sent"] == "of the newer one"
