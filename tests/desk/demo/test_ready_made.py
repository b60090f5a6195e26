"""The ready-made documents are whole; that each mapping works is seen in `make demo`."""

import json
from dataclasses import replace

from desk.apply.documents import read_documents
from desk.apply.plan import plan
from desk.demo.ready_made import FOLDER, ROUNDS, Shown
from desk.mappings.cases import files, first_case
from switchboard.event import Event, as_document
from switchboard.mapping import compile_expression

KINDS = {
    "destinations/crm": "webhook",
    "destinations/chat": "slack",
    "destinations/help-desk": "webhook",
    "destinations/warehouse": "s3",
    "destinations/audit": "s3",
}
SHOWN = Shown("agent-state", "agent.status.changed", "warehouse", {"state": "5"}, {"state": "5"})


def test_they_can_be_applied() -> None:
    steps = plan(read_documents(FOLDER), {}, KINDS)
    assert {step.name for step in steps} >= {*KINDS, "timers/long-wait"}
    assert {step.reason for step in steps} == {""}


def test_the_demo_shows_every_mapping_and_every_destination() -> None:
    shown = [name for places in ROUNDS for name in places]
    assert sorted(f"destinations/{name}" for name in shown) == sorted(KINDS)
    assert len(shown) == len(files([FOLDER / "mappings"]))


def test_a_first_case_is_an_event_that_its_destination_takes() -> None:
    documents = read_documents(FOLDER)
    for name in KINDS:
        document = json.loads(documents[name])
        case = first_case(FOLDER / "mappings" / f"{document['mapping']}.json")
        event = Event.model_validate(case.input)
        assert compile_expression(document["when"]).evaluate(as_document(event)) is True
        assert case.output


def test_what_differs_is_not_as_written() -> None:
    assert SHOWN.is_as_written
    assert replace(SHOWN, arrived={"state": "5", "more": 1}).is_as_written
    assert not replace(SHOWN, arrived={"state": 5}).is_as_written
    assert not replace(SHOWN, arrived=None).is_as_written
