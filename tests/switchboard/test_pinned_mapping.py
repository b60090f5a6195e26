"""A delivery under the mapping that its order pins, and under none that is not kept."""

import json

from functions.to_webhook.spec import SPEC
from switchboard.candidates import Candidates
from switchboard.configuration import LastGood, Parameters, Status
from switchboard.destination_documents import DestinationDocuments
from switchboard.envelope import DeliveryOrder
from switchboard.errors import ReasonClass, Unavailable
from switchboard.ledger import State
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)
from switchboard.testing.stores import MemoryConfiguration, MemoryParameters


class Pinned:
    """A destination whose mapping was written three times; the second was broken."""

    def __init__(self) -> None:
        self.destination = ScriptedDestination()
        self.bench = DeliveryBench(self.destination)
        self.store = MemoryConfiguration()
        self.parameters = MemoryParameters()
        self.write("destinations/crm", {"url": "https://example.com/x", "mapping": "note"})
        for fields in ({"Old": "type"}, {"Broken": "nope("}, {"New": "type"}):
            self.write("mappings/note", {"fields": fields})
            self.restart()
            self.bench.configuration()
        self.adopt("mappings/note@crm", 3)

    def adopt(self, name: str, version: int) -> None:
        """Call a version good that would else be on trial."""
        assert self.store.decide(name, version, Status.GOOD)
        self.restart()

    def restart(self) -> None:
        documents = DestinationDocuments(
            SPEC,
            "crm",
            parameters=Parameters(self.parameters, self.bench.clock),
            candidates=Candidates(
                self.store, LastGood(self.store, self.bench.telemetry), self.bench.clock
            ),
            make=lambda _: self.destination,
        )
        self.bench.configuration = documents.configuration

    def write(self, name: str, document: object) -> None:
        self.parameters.set(name, json.dumps(document))

    def deliver(self, number: int, version: int | None) -> None:
        order = DeliveryOrder(only="crm", replay="replay-1", mapping_version=version)
        self.bench.deliver(make_record(make_event(number), order=order))

    def fields(self) -> list[str]:
        return [name for delivery in self.destination.sent for name in delivery.output]


def test_a_replay_is_mapped_as_its_order_says_and_the_ledger_says_so_too() -> None:
    pinned = Pinned()
    for number, version in enumerate((None, 1, 3)):
        pinned.deliver(number, version)
    assert pinned.fields() == ["New", "Old", "New"]
    versions = [entry.mapping_version for entry in pinned.bench.ledger.entries.values()]
    assert versions == [3, 1, 3]


def test_a_version_that_is_broken_or_not_kept_is_the_events_fault_alone() -> None:
    pinned = Pinned()
    pinned.deliver(1, 2)
    pinned.deliver(2, 17)
    pinned.deliver(3, None)
    entries = list(pinned.bench.ledger.entries.values())
    assert [entry.state for entry in entries] == [State.DEAD, State.DEAD, State.DELIVERED]
    assert {entry.reason_class for entry in entries[:2]} == {ReasonClass.EVENT}
    assert "--mapping new" in entries[0].reason


def test_while_versions_cannot_be_read_the_delivery_waits() -> None:
    pinned = Pinned()
    pinned.store.failure = Unavailable("throttled")
    pinned.deliver(1, 1)
    assert pinned.bench.ledger.of(make_event(1).id, "crm").state is State.WAITING
    pinned.store.failure = None
    pinned.bench.clock.forward(900)
    pinned.deliver(1, 1)
    assert pinned.fields() == ["Old"]


def test_without_a_mapping_there_is_no_version_of_it() -> None:
    pinned = Pinned()
    pinned.write("destinations/crm", {"url": "https://example.com/x"})
    pinned.restart()
    pinned.bench.configuration()
    pinned.adopt("destinations/crm", 2)
    pinned.deliver(1, 1)
    assert pinned.bench.ledger.of(make_event(1).id, "crm").state is State.DEAD
