"""`switchboard sources` against a stage in moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.command.app import run
from desk.sources.resuming import Place
from desk.sources.stores import source_control
from desk.target import Target
from switchboard.aws import clients
from switchboard.aws.events_table import EventsTable
from switchboard.aws.state_table import StateTable
from switchboard.envelope import ObjectRef, decode
from switchboard.event import OWN_SOURCE
from switchboard.events import Recorded
from switchboard.held import is_release
from switchboard.source_state import SourceState
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock

STAGE = "dev"
GROUPS = ("interaction:one", "interaction:two", "interaction:three")


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("COLUMNS", "200")
    clients._made.cache_clear()
    with mock_aws():
        deploy()
        yield
    clients._made.cache_clear()


def deploy() -> None:
    sqs: Any = boto3.client("sqs")
    attributes = {"FifoQueue": "true"}
    bulk = sqs.create_queue(QueueName="ingest-bulk.fifo", Attributes=attributes)["QueueUrl"]
    core = {
        "ingest_bulk_queue_url": bulk,
        "events_table": "events",
        "state_table": "state",
        "sources": {"meetings": "jaas", "contact-center": "stream"},
    }
    boto3.client("ssm").put_parameter(
        Name=f"/switchboard/{STAGE}/deployment/core", Value=json.dumps(core), Type="String"
    )
    dynamodb: Any = boto3.client("dynamodb")
    of_keys = {"AttributeType": "S"}
    dynamodb.create_table(
        TableName="events",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, **of_keys} for name in ("group", "event_id", "held")
        ],
        KeySchema=_schema("group", "event_id"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "held",
                "KeySchema": _schema("held", "group"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    dynamodb.create_table(
        TableName="state",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "item", **of_keys}],
        KeySchema=_schema("item"),
    )


def _schema(*names: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def hold(count: int, source: str = "meetings") -> None:
    """Held events, appended in the opposite order of their places."""
    table = EventsTable("events", 90, Clock())
    for number in reversed(range(count)):
        event = make_event(number).model_copy(update={"source": source})
        ref = ObjectRef(bucket="archive", key="claims/x") if number == 1 else None
        group = GROUPS[number % len(GROUPS)]
        table.append(Recorded(group, event, "", None, ref, (), held_order=f"{number:015d}#0"))


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["sources", "list", "--stage", STAGE, "--json"]) == 0
    return {one["source"]: one for one in json.loads(capsys.readouterr().out)}


def test_sources_are_listed_with_what_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    hold(7)
    meetings = {"source": "meetings", "kind": "jaas", "state": "running"}
    assert listed(capsys)["meetings"] == {**meetings, "held": 7, "discarded": 0}
    assert listed(capsys)["contact-center"]["held"] == 0


def test_a_pause_is_what_the_router_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "pause", "meetings", "--stage", STAGE]) == 0
    assert "meetings is paused from" in capsys.readouterr().out
    state = StateTable("state").read_source("meetings")
    assert state.paused
    assert not state.refuse
    assert run(["sources", "pause", "meetings", "--refuse", "--stage", STAGE]) == 0
    again = StateTable("state").read_source("meetings")
    assert (again.refuse, again.holds_from) == (True, state.holds_from)


def test_only_a_webhook_can_be_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "pause", "contact-center", "--refuse", "--stage", STAGE]) == 1
    assert "nobody could be refused" in capsys.readouterr().err
    assert run(["sources", "pause", "nobody", "--stage", STAGE]) == 1
    assert "there are contact-center, meetings" in capsys.readouterr().err


def test_a_discard_needs_a_yes_and_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    hold(4)
    assert run(["sources", "discard", "meetings", "--stage", STAGE]) == 1
    assert "4 events of meetings would be dropped" in capsys.readouterr().err
    assert run(["sources", "discard", "meetings", "--yes", "--stage", STAGE]) == 0
    assert (listed(capsys)["meetings"]["held"], listed(capsys)["meetings"]["discarded"]) == (0, 4)
    items = boto3.client("dynamodb").scan(TableName="events")["Items"]
    assert all("discarded_at" in item for item in items)
    assert not EventsTable("events", 90, Clock()).group_so_far(GROUPS[0]).held


def test_nothing_held_is_resumed_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sources", "resume", "meetings", "--stage", STAGE]) == 0
    assert "meetings is running; 0 held events were sent" in capsys.readouterr().out


def test_what_is_held_is_sent_in_the_order_of_its_groups_until_the_source_runs() -> None:
    hold(25)
    clock, sent = Clock(), list[tuple[str, str]]()
    target, table = Target(STAGE), EventsTable("events", 90, clock)

    def route(seconds: float) -> None:
        """The router, in as far as it counts here."""
        clock.forward(seconds)
        sqs: Any = boto3.client("sqs")
        url = target.core()["ingest_bulk_queue_url"]
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                envelope = decode(message["Body"])
                assert is_release(envelope.delivery)
                event_id = make_event(1).id if envelope.event is None else envelope.event.id
                sent.append((envelope.group, event_id))
                table.mark_released(envelope.group, event_id)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    control = replace(source_control(target), clock=clock, sleep=route)
    control.pause("meetings", refuse=True)
    assert control.resume("meetings", "run-1", lambda _, __: None) == 0
    for start, group in enumerate(GROUPS):
        mine = [event_id for name, event_id in sent if name == group]
        assert mine == [make_event(number).id for number in range(start, 25, len(GROUPS))]
    assert control.states.read_source("meetings") == SourceState()


def test_a_fact_that_follows_is_held_and_dropped_by_the_source_that_is_paused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    hold(1)
    fact = make_event(9, source=OWN_SOURCE, type="interaction.closed")
    EventsTable("events", 90, Clock()).append(
        Recorded(GROUPS[0], fact, "", None, None, (), held_order="9#0", held_by="meetings")
    )
    control = source_control(Target(STAGE))
    assert list(control.held.groups("meetings")) == [GROUPS[0]]
    held = control.held.places("meetings", GROUPS[0])
    assert [place.event_id for place in held] == [make_event(0).id, fact.id]
    assert listed(capsys)["meetings"]["held"] == 2
    assert control.discard("meetings") == 2
    assert not EventsTable("events", 90, Clock()).group_so_far(GROUPS[0]).held


def test_facts_follow_the_sources_that_are_paused_and_no_other() -> None:
    control = source_control(Target(STAGE))
    states = StateTable("state")
    for name in ("meetings", "contact-center"):
        control.pause(name, refuse=False)
    assert states.read_source(OWN_SOURCE).follows == {"meetings", "contact-center"}
    clock = Clock()
    moved = replace(control, clock=clock, sleep=clock.forward)
    assert moved.resume("meetings", "run-1", lambda _, __: None) == 0
    assert states.read_source(OWN_SOURCE).follows == {"contact-center"}
    assert moved.resume("contact-center", "run-2", lambda _, __: None) == 0
    assert states.read_source(OWN_SOURCE) == SourceState()


def test_a_group_of_two_sources_holds_for_each_by_itself() -> None:
    hold(3)
    event = make_event(50).model_copy(update={"source": "contact-center"})
    EventsTable("events", 90, Clock()).append(
        Recorded(GROUPS[0], event, "", None, None, (), held_order="1#0")
    )
    held = source_control(Target(STAGE)).held
    assert held.places("contact-center", GROUPS[0]) == [Place("1#0", event.id)]
    assert [place.event_id for place in held.places("meetings", GROUPS[0])] == [make_event(0).id]
