"""`switchboard migrate sapi` against a stage in moto: both ways' events in the events table."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.command.app import run
from desk.pulsar.interactions import interactions
from switchboard.archive import RawLine
from switchboard.aws import clients
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.events_table import EventsTable
from switchboard.envelope import Raw
from switchboard.events import Recorded
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event

STAGE = "dev"
BEGAN = int(time.time()) - 7200


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    monkeypatch.setenv("COLUMNS", "200")
    clients._made.cache_clear()
    with mock_aws():
        deploy()
        yield
    clients._made.cache_clear()


def deploy() -> None:
    put("deployment/core", {"events_table": "events", "sources": {"meetings": "jaas"}})
    put("deployment/streams", {"sources": {"legacy": "sapi", "contact-centre": "stream"}})
    document("legacy", cluster="vcc-eu4.8x8.com", subscription="switchboard")
    document("contact-centre", host="pulsar-ws-euw2.8x8.com", deliver=False)
    dynamodb: Any = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="events",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("group", "event_id", "source_day")
        ],
        KeySchema=[
            {"AttributeName": "group", "KeyType": "HASH"},
            {"AttributeName": "event_id", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-source-day",
                "KeySchema": [
                    {"AttributeName": "source_day", "KeyType": "HASH"},
                    {"AttributeName": "event_id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    s3: Any = boto3.client("s3")
    s3.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )


def put(name: str, value: Any) -> None:
    boto3.client("ssm").put_parameter(
        Name=f"/switchboard/{STAGE}/{name}", Value=json.dumps(value), Type="String", Overwrite=True
    )


def document(source: str, **fields: Any) -> None:
    put(f"sources/{source}", {"tenant": "acme01", **fields})


def record(source: str, kind: str, bodies: list[dict[str, Any]]) -> None:
    """As the router does it."""
    table = EventsTable("events", 90, time.time)
    for body in bodies:
        text = json.dumps(body)
        received = stream_event(source, text.encode(), datetime.now(UTC))
        raw = Raw(kind=kind, body=text, received_at="2026-09-01T08:15:31.100Z")
        event = KINDS[kind].normalise(received.event, raw)
        refs = ArchiveBucket("archive").write([RawLine(event.id, source, event.time, raw)])
        table.append(
            Recorded(received.group, event, raw.received_at, refs[event.id], None, destinations=[])
        )


def played(count: int = 12) -> list[dict[str, Any]]:
    return list(interactions(count, 1, BEGAN))


def command(*arguments: str) -> int:
    return run(["migrate", "sapi", *arguments, "--stage", STAGE])


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_both_brought_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = played()
    record("legacy", "sapi", bodies)
    record("contact-centre", "stream", bodies)
    assert command("legacy", "contact-centre", "--json") == 0
    found = answer(capsys)
    assert (found["complete"], found["compared"]) == (True, len(bodies))
    assert (found["missing"], found["extra"], found["differences"]) == ([], [], [])
    assert found["warnings"] == []
    assert command("legacy", "contact-centre") == 0
    said = capsys.readouterr().out
    assert f"brought all {len(bodies)} events" in said
    assert "deliver_until" in said


def test_what_the_stream_misses_is_named_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = played()
    record("legacy", "sapi", bodies)
    record("contact-centre", "stream", bodies[1:])
    assert command("legacy", "contact-centre", "--json") == 1
    found = answer(capsys)
    info = bodies[0]["Interaction"]["msgInfo"]
    name = f"{info['instanceId']}/{info['sequenceId']}/{info['timestamp']}"
    assert [one["event"] for one in found["missing"]] == [name]
    assert command("legacy", "contact-centre") == 1
    said = capsys.readouterr().out
    assert f"1 of {len(bodies)} events are missing in contact-centre" in said
    assert name in said


def test_fields_that_differ_are_shown_masked(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = played(1)
    record("legacy", "sapi", bodies)
    bodies[0]["Interaction"]["queueId"] = "a-secret-queue"
    record("contact-centre", "stream", bodies)
    assert command("legacy", "contact-centre") == 0
    said = capsys.readouterr().out
    assert "queueId" in said
    assert "secret" not in said


def test_an_event_too_large_for_the_table_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = played(1)
    bodies[0]["Interaction"]["agentNotes"] = "x" * 70_000
    record("legacy", "sapi", bodies)
    record("contact-centre", "stream", bodies)
    assert command("legacy", "contact-centre", "--json") == 0
    found = answer(capsys)
    assert (found["compared"], found["differences"]) == (len(bodies), [])


def test_a_time_without_events_proves_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    bodies = played(2)
    record("legacy", "sapi", bodies)
    record("contact-centre", "stream", bodies)
    before = (datetime.fromtimestamp(BEGAN, UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert command("legacy", "contact-centre", "--until", before, "--hours", "1") == 1
    assert "nothing is proven" in capsys.readouterr().out


def test_what_would_be_delivered_twice_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    document("contact-centre", host="pulsar-ws-euw2.8x8.com")
    command("legacy", "contact-centre", "--json")
    assert "arrives twice" in answer(capsys)["warnings"][0]
    moment = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    document("contact-centre", host="pulsar-ws-euw2.8x8.com", deliver_from=moment)
    document("legacy", cluster="vcc-eu4.8x8.com", subscription="switchboard", deliver_until=moment)
    command("legacy", "contact-centre", "--json")
    assert answer(capsys)["warnings"] == []


def test_another_tenant_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    document("contact-centre", host="pulsar-ws-euw2.8x8.com", tenant="acme02", deliver=False)
    command("legacy", "contact-centre", "--json")
    assert "acme02" in answer(capsys)["warnings"][0]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["contact-centre", "legacy"], "its kind must be sapi"),
        (["legacy", "meetings"], "is of kind jaas"),
        (["nobody", "contact-centre"], "is not deployed"),
        (["legacy", "contact-centre", "--hours", "0"], "must be more than 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*arguments) == 1
    assert reason in capsys.readouterr().err
