"""A sensitive field reaches no destination that is not allowed it."""

import json

import pytest

from desk.apply.plan import Action, plan
from functions.to_webhook.spec import SPEC
from switchboard.candidates import Candidates
from switchboard.configuration import LastGood, Parameters
from switchboard.delivery import Configuration
from switchboard.destination_documents import DestinationDocuments
from switchboard.errors import ConfigurationError
from switchboard.testing.deliveries import DeliveryBench, ScriptedDestination, make_event
from switchboard.testing.stores import MemoryConfiguration, MemoryParameters

CALL = {"fields": {"Phone": "data.number", "Type": "type"}, "sensitive": ["Phone"]}
CRM = {"url": "https://example.com/x", "mapping": "call"}


class Documents:
    """One destination's documents, read by a new sandbox each time."""

    def __init__(self) -> None:
        self.bench = DeliveryBench(ScriptedDestination())
        self.parameters = MemoryParameters()
        self.store = MemoryConfiguration()

    def read(self) -> Configuration:
        last_good = LastGood(self.store, self.bench.telemetry)
        return DestinationDocuments(
            SPEC,
            "crm",
            parameters=Parameters(self.parameters, self.bench.clock),
            candidates=Candidates(self.store, last_good, self.bench.clock),
            make=lambda _: ScriptedDestination(),
        ).configuration()

    def write(self, name: str, document: object) -> None:
        self.parameters.set(name, json.dumps(document))


def test_one_that_is_not_allowed_the_field_is_refused_it_by_name() -> None:
    documents = Documents()
    documents.write("mappings/call", CALL)
    documents.write("destinations/crm", CRM)
    with pytest.raises(
        ConfigurationError, match=r"fields\.Phone is sensitive, and destinations/crm is not allowed"
    ):
        documents.read()


def test_one_that_is_allowed_gets_it_until_it_is_not() -> None:
    documents = Documents()
    documents.write("mappings/call", CALL)
    documents.write("destinations/crm", CRM | {"sensitive": ["Phone"]})
    assert documents.read().mapped(make_event(7)) == {
        "Phone": 7,
        "Type": "meeting.participant.joined",
    }


def test_a_mapping_that_becomes_sensitive_leaves_the_last_good_one_serving() -> None:
    documents = Documents()
    documents.write("mappings/call", {"fields": {"Type": "type"}})
    documents.write("destinations/crm", CRM)
    documents.read()
    documents.write("mappings/call", CALL)
    found = documents.read()
    assert found.candidate is None
    assert found.mapped(make_event(7)) == {"Type": "meeting.participant.joined"}


def test_apply_refuses_it_at_either_document() -> None:
    kinds = {"destinations/crm": "webhook"}
    both = {"destinations/crm": json.dumps(CRM), "mappings/call": json.dumps(CALL)}
    for step in plan(both, {}, kinds):
        assert step.action is Action.REFUSE
        assert "fields.Phone is sensitive, and destinations/crm is not allowed it" in step.reason
    allowed = both | {"destinations/crm": json.dumps(CRM | {"sensitive": ["Phone"]})}
    assert [step.action for step in plan(allowed, {}, kinds)] == [Action.CREATE] * 2


def test_a_sensitive_field_is_one_of_the_mappings() -> None:
    typo = {"mappings/call": json.dumps(CALL | {"sensitive": ["Phon"]})}
    (step,) = plan(typo, {}, {})
    assert "the mapping has no field Phon" in step.reason
