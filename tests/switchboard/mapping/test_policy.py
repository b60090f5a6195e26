"""A sensitive field of an event reaches no destination that is not allowed it."""

import json

import pytest

from desk.apply.plan import Action, plan
from functions.to_webhook.spec import SPEC
from switchboard.candidates import Candidates
from switchboard.configuration import LastGood, Parameters, Status
from switchboard.delivery import Configuration
from switchboard.destination_documents import DestinationDocuments
from switchboard.errors import ConfigurationError
from switchboard.policy import PolicyDocument, policy_of, without
from switchboard.testing.deliveries import DeliveryBench, ScriptedDestination, make_event
from switchboard.testing.stores import MemoryConfiguration, MemoryParameters

POLICY = {"sensitive": ["data.customer.phone"]}
CALL = {"fields": {"Phone": "data.customer.phone", "Type": "type"}}
SAFE = {"fields": {"Type": "type"}}
CRM = {"url": "https://example.com/x", "mapping": "call"}
WHOLE = {"url": "https://example.com/x"}
ALLOWED = CRM | {"sensitive": ["data.customer.phone"]}
PHONE = "+14155552671"
EVENT = make_event(data={"customer": {"phone": PHONE}})
REFUSED = (
    r"fields\.Phone of mappings/call gives data\.customer\.phone, which policies/fields calls"
    r" sensitive, and destinations/crm is not allowed it: name it there in `sensitive`"
)


class Documents:
    """One destination's documents, as one sandbox and then new ones read them."""

    def __init__(self, **documents: object) -> None:
        self.bench = DeliveryBench(ScriptedDestination())
        self.parameters = MemoryParameters()
        self.store = MemoryConfiguration()
        self.sandbox = self.new_sandbox()
        for folder, document in documents.items():
            self.write(NAMES[folder], document)

    def new_sandbox(self) -> DestinationDocuments:
        last_good = LastGood(self.store, self.bench.telemetry, destination="crm")
        return DestinationDocuments(
            SPEC,
            "crm",
            parameters=Parameters(self.parameters, self.bench.clock),
            candidates=Candidates(self.store, last_good, self.bench.clock),
            make=lambda _: ScriptedDestination(),
            key=lambda: "key",
        )

    def write(self, name: str, document: object) -> None:
        self.parameters.set(name, json.dumps(document))

    def read(self) -> Configuration:
        """What a new sandbox delivers with."""
        return self.new_sandbox().configuration()

    def read_later(self) -> Configuration:
        """What the sandbox that has been there delivers with, after it has read again."""
        self.bench.clock.forward(60)
        return self.sandbox.configuration()


NAMES = {"policy": "policies/fields", "crm": "destinations/crm", "call": "mappings/call"}


def test_one_that_is_not_allowed_the_field_is_refused_it_by_name() -> None:
    documents = Documents(policy=POLICY, crm=CRM, call=CALL)
    with pytest.raises(ConfigurationError, match=REFUSED):
        documents.read()


def test_one_that_is_allowed_gets_it() -> None:
    documents = Documents(policy=POLICY, crm=ALLOWED, call=CALL)
    assert documents.read().mapped(EVENT)["Phone"] == PHONE


def test_what_stands_for_it_may_be_sent() -> None:
    fields = {"Phone": "mask(data.customer.phone)", "Hash": "hash(data.customer.phone)"}
    documents = Documents(policy=POLICY, crm=CRM, call={"fields": fields})
    assert documents.read().mapped(EVENT)["Phone"] == "********2671"


def test_the_whole_event_holds_it_too() -> None:
    documents = Documents(policy=POLICY, crm=WHOLE)
    with pytest.raises(ConfigurationError, match=r"the whole event gives data\.customer\.phone"):
        documents.read()
    documents.write("destinations/crm", WHOLE | {"sensitive": ["data.customer.phone", "raw"]})
    assert documents.read().mapped(EVENT)["data"]["customer"]["phone"] == PHONE


def test_a_mapping_that_comes_to_send_it_leaves_the_last_good_one_serving() -> None:
    documents = Documents(policy=POLICY, crm=CRM, call=SAFE)
    documents.sandbox.configuration()
    documents.write("mappings/call", CALL)
    for found in (documents.read(), documents.read_later()):
        assert found.candidate is None
        assert found.mapped(EVENT) == {"Type": "meeting.participant.joined"}
    assert documents.bench.telemetry.counts["document_refused", "crm"] >= 1


def test_a_policy_counts_for_what_is_served_already_and_when_it_goes_again() -> None:
    documents = Documents(crm=CRM, call=CALL)
    assert documents.sandbox.configuration().mapped(EVENT)["Phone"] == PHONE
    documents.write("policies/fields", POLICY)
    with pytest.raises(ConfigurationError, match=REFUSED):
        documents.read_later()
    with pytest.raises(ConfigurationError, match=REFUSED):
        documents.read()
    documents.write("policies/fields", {"sensitive": []})
    for found in (documents.read(), documents.read_later()):
        assert found.mapped(EVENT)["Phone"] == PHONE


def test_what_is_not_allowed_any_more_is_not_sent_until_a_trial_is_over() -> None:
    documents = Documents(policy=POLICY, crm=ALLOWED, call=CALL)
    documents.sandbox.configuration()
    documents.write("destinations/crm", CRM)
    for read in (documents.read, documents.read_later):
        with pytest.raises(ConfigurationError, match=REFUSED):
            read()
    _, withheld = documents.new_sandbox().without_mapping()
    assert ("data", "customer", "phone") in withheld


def test_what_a_policy_refused_is_tried_when_it_does_not_any_more() -> None:
    documents = Documents(policy=POLICY, crm=CRM, call=SAFE)
    documents.sandbox.configuration()
    documents.write("mappings/call", CALL)
    assert documents.read_later().candidate is None
    documents.write("policies/fields", {"sensitive": []})
    candidate = documents.read_later().candidate
    assert candidate is not None
    assert candidate.mapped(EVENT)["Phone"] == PHONE


def test_a_broken_policy_leaves_the_last_good_one() -> None:
    documents = Documents(policy=POLICY, crm=CRM, call=SAFE)
    documents.sandbox.configuration()
    documents.write("policies/fields", {"sensitiv": []})
    documents.write("mappings/call", CALL)
    assert documents.read().candidate is None
    assert documents.read_later().mapped(EVENT) == {"Type": "meeting.participant.joined"}
    judged = documents.store.judged.values()
    refused = {one.name for one in judged if one.status is Status.REFUSED}
    assert refused == {"policies/fields", "mappings/call@crm"}


def test_a_policy_that_never_was_good_lets_nothing_through() -> None:
    documents = Documents(policy={"sensitive": ["length(data)"]}, crm=CRM, call=CALL)
    with pytest.raises(ConfigurationError, match=r"reading policies/fields: sensitive.*no path"):
        documents.read()


KINDS = {"destinations/crm": "webhook", "destinations/team": "slack"}


def written(**documents: object) -> dict[str, str]:
    return {NAMES[folder]: json.dumps(document) for folder, document in documents.items()}


def test_apply_refuses_it_at_each_document() -> None:
    steps = plan(written(policy=POLICY, crm=CRM, call=CALL), {}, KINDS)
    assert [step.action for step in steps] == [Action.REFUSE] * 3
    assert all("fields.Phone of mappings/call gives" in step.reason for step in steps)
    steps = plan(written(policy=POLICY, crm=ALLOWED, call=CALL), {}, KINDS)
    assert [step.action for step in steps] == [Action.CREATE] * 3


def test_apply_refuses_a_policy_for_what_is_there() -> None:
    there = written(crm=CRM, call=CALL)
    (step,) = plan(written(policy=POLICY), there, KINDS)
    assert step.action is Action.REFUSE
    assert "send mask(), hash() or tokenise() of it" in step.reason


def test_apply_looks_at_a_documents_own_expressions() -> None:
    slack = {"channel_by": "data.customer.phone", "mapping": "call"}
    wanted = written(policy=POLICY, call=SAFE) | {"destinations/team": json.dumps(slack)}
    refused = {step.name: step.reason for step in plan(wanted, {}, KINDS) if step.reason}
    assert "channel_by of its document gives data.customer.phone" in refused["destinations/team"]


def test_there_is_one_policy() -> None:
    (step,) = plan({"policies/other": json.dumps(POLICY)}, {}, KINDS)
    assert "there is one policy, policies/fields" in step.reason


@pytest.mark.parametrize("marked", ["data[0]", "data.*", "length(data)", "@", "a || b", "'a'"])
def test_what_is_marked_is_a_path_of_fields(marked: str) -> None:
    (step,) = plan(written(policy={"sensitive": [marked]}), {}, KINDS)
    assert "is no path of fields, such as data.customer.phone" in step.reason


@pytest.mark.parametrize("marked", ["subject", "id", "raw.call", "customer.phone"])
def test_what_every_kind_sends_of_an_event_cannot_be_marked(marked: str) -> None:
    (step,) = plan(written(policy={"sensitive": [marked]}), {}, KINDS)
    assert f"'{marked}' is neither in data nor in lookup" in step.reason


def test_what_may_not_be_shown_is_taken_out() -> None:
    policy = policy_of(PolicyDocument(sensitive=frozenset({"data.people.phone", "data.notes"})))
    event = {"data": {"people": [{"phone": "1", "name": "Ann"}, "x"], "notes": "n", "n": 1}}
    left = {"data": {"people": [{"name": "Ann"}, "x"], "n": 1}}
    assert without(event, policy.withheld(frozenset())) == left
    allowed = policy.withheld(frozenset({"data.people"}))
    assert without(event, allowed)["data"]["people"] == event["data"]["people"]
