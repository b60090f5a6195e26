"""`switchboard forget` over a stage's storage: what is theirs goes, what is others' stays."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from moto import mock_aws

from desk.command.app import run
from desk.forgetting.person import person_of, request_of
from switchboard.archive import RawLine
from switchboard.aws import clients
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.clients import client
from switchboard.aws.events_table import EventsTable
from switchboard.aws.ledger_table import LedgerTable
from switchboard.aws.reference_table import ReferenceTable, row_item
from switchboard.aws.timer_table import TimerTable
from switchboard.claims import check_in, keep_event
from switchboard.destination import Lane
from switchboard.envelope import CLAIM_CHECK_BYTES, Envelope, ObjectRef, Raw, RawRef, encode
from switchboard.errors import EventError, ReasonClass
from switchboard.event import Event, event_id
from switchboard.events import Recorded
from switchboard.ledger import Entry, State
from switchboard.routing import Choice
from switchboard.timers import Mark, called_bucket
from tests.switchboard.aws.conftest import TABLES

STAGE = "dev"
NUMBER = "+14155550123"
OTHER = "+14155550199"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
WRITTEN = ("4155550123", "415-555-0123", "415 555 0123", "415.555.0123", "415) 555-0123")
CALL = "interaction:call"
AGENT = "agent:ann:2026-09-01"


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch, wide: None) -> Iterator[None]:
    del wide
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients._made.cache_clear()
    with mock_aws():
        _create()
        yield
    clients._made.cache_clear()


def _create() -> None:
    dynamodb: Any = client("dynamodb")
    for name, (partition, sort) in TABLES.items():
        keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "N" if key == "version" else "S"}
                for key, _ in keys
            ],
        )
    s3 = client("s3")
    s3.create_bucket(Bucket="archive")
    s3.put_bucket_versioning(Bucket="archive", VersioningConfiguration={"Status": "Enabled"})
    _describe(
        {
            "deployment/core": {
                **{f"{name}_table": name for name in TABLES},
                "archive_bucket": "archive",
                "ingest_queue_url": _queue("ingest"),
                "sources": {},
            },
            "destinations/crm": {"when": "type == 'call'"},
        }
    )


def _describe(documents: dict[str, Any]) -> None:
    ssm = client("ssm")
    for name, value in documents.items():
        text = json.dumps(value)
        ssm.put_parameter(Name=f"/switchboard/{STAGE}/{name}", Value=text, Type="String")


def _queue(name: str) -> str:
    made = client("sqs").create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})
    return made["QueueUrl"]


def url_of(name: str) -> str:
    return client("sqs").get_queue_url(QueueName=f"{name}.fifo")["QueueUrl"]


def event_of(name: str, **data: Any) -> Event:
    return Event(
        id=event_id("cc", name), source="cc", type="call", time=NOW, data=data, sourceeventid=name
    )


def route(group: str, *events: Event, state: State = State.DELIVERED) -> list[RawRef]:
    """What `route_events` and a destination leave behind of a batch."""
    lines = [RawLine(one.id, "cc", NOW, raw_of(one)) for one in events]
    refs = ArchiveBucket("archive").write(lines)
    for event in events:
        EventsTable("events", 90, NOW.timestamp).append(
            Recorded(
                group,
                event,
                "",
                refs[event.id],
                None,
                [Choice(name="crm", lane=Lane.NORMAL, version=1)],
            )
        )
        entry = Entry(
            group, event.id, "crm", state, remote_id="r1", answer=f"took {event.data}",
            reason_class=ReasonClass.REJECTED if state is State.DEAD else None,
        )  # fmt: skip
        LedgerTable("ledger", 90, NOW.timestamp).put(entry, expected=None)
    return [refs[event.id] for event in events]


def raw_of(event: Event) -> Raw:
    body = json.dumps({"payload": json.dumps(event.data)})
    return Raw(kind="hmac", body=body, received_at="2026-09-01T12:00:00.000Z")


def put(queue: str, event: Event, group: str, *, ref: ObjectRef | None = None) -> None:
    envelope = Envelope(event=None if ref else event, event_ref=ref, group=group)
    client("sqs").send_message(
        QueueUrl=url_of(queue), MessageBody=encode(envelope), MessageGroupId=group,
        MessageDeduplicationId=event.id,
    )  # fmt: skip


def messages(queue: str) -> list[str]:
    answer = client("sqs").receive_message(
        QueueUrl=url_of(queue), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [str(one["Body"]) for one in answer.get("Messages", [])]


def storage() -> str:
    """Every text of every store, each version of an object included."""
    s3, dynamodb = client("s3"), client("dynamodb")
    found: list[str] = []
    for version in s3.list_object_versions(Bucket="archive").get("Versions", []):
        answer = s3.get_object(Bucket="archive", Key=version["Key"], VersionId=version["VersionId"])
        body = answer["Body"].read()
        text = gzip.decompress(body) if version["Key"].endswith(".gz") else body
        found.append(version["Key"] + text.decode())
    for name in TABLES:
        found += [json.dumps(item) for item in dynamodb.scan(TableName=name)["Items"]]
    for url in client("sqs").list_queues().get("QueueUrls", []):
        found += messages(url.rsplit("/", 1)[-1].removesuffix(".fifo"))
    return "\n".join(found)


def items(table: str) -> dict[str, Any]:
    found = client("dynamodb").scan(TableName=table)["Items"]
    return {item["event_id"]["S"]: item for item in found if "event_id" in item}


def forget(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["forget", NUMBER, "--stage", STAGE, "--json", *arguments]) == code
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def found_in(report: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["found"] for one in report["stores"] if one["found"]}


def test_a_person_is_gone_from_every_store_and_nobody_else_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    queues = {"normal": _queue("crm-normal")}
    said_of_it = {"kind": "webhook", "queues": queues, "dead_queue_url": _queue("crm-dead")}
    _describe({"deployment/destinations/crm": said_of_it})
    named, said = event_of("1", phone="(415) 555-0123"), event_of("2", text="my name is Jo")
    other, agent = event_of("3", phone=OTHER), event_of("4", phone="415.555.0123")
    refs = route(CALL, named, said)
    (theirs,) = route("interaction:another", other)
    route(AGENT, agent, event_of("5", status="ready"))
    put("crm-normal", event_of("6", text="and then"), CALL)
    put("crm-normal", other, "interaction:another")
    put("ingest", event_of("7", phone=4155550123), "interaction:new")
    ref = ArchiveBucket("archive").store("big", json.dumps({"event": {"data": NUMBER}}))
    put("crm-dead", event_of("8"), "event:8", ref=ref)

    plan = forget(capsys)
    assert plan["done"] is False
    assert (plan["events"], plan["interactions"], plan["delivered"]) == (3, 1, {"crm": 3})
    assert found_in(plan) == {"archive": 4, "table events": 3, "table ledger": 3}
    assert "415) 555-0123" in storage()

    report = forget(capsys, "--yes")
    assert report["left"] == 0
    assert found_in(report) == {
        **found_in(plan), "queue ingest": 1, "queue crm normal": 1, "queue crm dead": 1,
    }  # fmt: skip
    kept = storage()
    assert [form for form in (*WRITTEN, "my name is Jo", "and then") if form in kept] == []
    assert NUMBER not in json.dumps(report)
    assert request_of(person_of(NUMBER, "US"), STAGE) in kept
    for gone in refs:
        with pytest.raises(EventError, match="holds no payload"):
            ArchiveBucket("archive").read(gone)
    assert OTHER in ArchiveBucket("archive").read(theirs).body
    assert "event" in items("events")[other.id]
    assert "event" in items("events")[event_of("5").id]
    assert forget(capsys, "--yes")["stores"][0]["found"] == 0


def test_every_claim_of_their_events_goes_whatever_it_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of one event the payload holds the number, of the next nothing does but the interaction."""
    bucket = ArchiveBucket("archive")
    named, said = event_of("1", text="as it came"), event_of("2", text="my name is Jo")
    other = event_of("3", text="somebody else")
    for event in (named, said, other):
        EventsTable("events", 90, NOW.timestamp).append(
            Recorded(
                "interaction:another" if event is other else CALL,
                event.model_copy(update={"data": "x" * 70_000}),
                "",
                None,
                keep_event(event, bucket),
                [],
            )
        )
    raw = Raw(kind="hmac", body=NUMBER + "x" * CLAIM_CHECK_BYTES, received_at="")
    arrival = Envelope(event=named.model_copy(update={"data": None}), group=CALL, raw=raw)
    check_in(arrival, bucket)
    bucket.store(f"{said.id}.json", "as release 0.1.0 called it")
    report = forget(capsys, "--yes")
    assert (report["events"], report["left"]) == (2, 0)
    assert found_in(report) == {"archive": 4, "table events": 2}
    kept = storage()
    assert [t for t in ("as it came", "name is Jo", NUMBER, "release 0.1.0") if t in kept] == []
    assert "somebody else" in kept
    assert "event_ref" in items("events")[other.id]


def test_events_and_deliveries_stay_to_be_counted(capsys: pytest.CaptureFixture[str]) -> None:
    sent, dead = event_of("1", phone=NUMBER), event_of("2", phone=NUMBER)
    route(CALL, sent)
    route(CALL, dead, state=State.DEAD)
    forget(capsys, "--yes")
    assert {item["type"]["S"] for item in items("events").values()} == {"call"}
    entries = items("ledger")
    assert entries[sent.id]["state"]["S"] == "delivered"
    assert entries[dead.id]["state"]["S"] == "discarded"
    assert entries[dead.id]["ended_because"]["S"] == "forgotten on request"
    assert "dead" not in entries[dead.id]


def test_that_a_number_was_called_goes_from_the_timers_although_it_is_hashed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    timers = TimerTable("timers")
    theirs = [Mark(called_bucket(form), "2026-09-01") for form in (NUMBER, "(415) 555-0123")]
    others = Mark(called_bucket(OTHER), "2026-09-01")
    timers.put([*theirs, others], NOW.timestamp())
    assert found_in(forget(capsys)) == {"table timers": 2}
    assert forget(capsys, "--yes")["left"] == 0
    assert [timers.read(mark.bucket) for mark in theirs] == [[], []]
    assert timers.read(others.bucket) == [others]


def test_an_agents_events_alone_go_where_that_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    route(CALL, event_of("1", phone=NUMBER), event_of("2", text="somebody else"))
    report = forget(capsys, "--events-only", "--yes")
    assert (report["events"], report["interactions"]) == (1, 0)
    assert "somebody else" in storage()


def test_messages_of_others_come_in_their_order_afterwards(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(4):
        put("ingest", event_of(str(number), number=number, phone=OTHER), "interaction:another")
    put("ingest", event_of("x", phone=NUMBER), "interaction:theirs")
    forget(capsys, "--yes")
    kept = [json.loads(body)["event"]["data"]["number"] for body in messages("ingest")]
    assert kept == [0, 1, 2, 3]


def test_what_waits_behind_others_is_told_and_found_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(12):
        put("ingest", event_of(str(number), phone=NUMBER if number == 11 else OTHER), AGENT)
    report = forget(capsys, "--yes", code=1)
    assert {one["name"]: one["left"] for one in report["stores"]}["queue ingest"] > 0
    sqs = client("sqs")
    head = sqs.receive_message(QueueUrl=url_of("ingest"), MaxNumberOfMessages=10)["Messages"]
    for message in head:
        sqs.delete_message(QueueUrl=url_of("ingest"), ReceiptHandle=message["ReceiptHandle"])
    assert forget(capsys, "--yes")["left"] == 0
    assert NUMBER not in storage()


def test_a_document_is_its_writers_to_change(capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps({"when": f"data.phone == '{NUMBER}'"})
    name = f"/switchboard/{STAGE}/destinations/crm"
    client("ssm").put_parameter(Name=name, Value=text, Type="String", Overwrite=True)
    dynamodb: Any = client("dynamodb")
    for version in ("1", "2"):
        dynamodb.put_item(
            TableName="configuration",
            Item={
                "name": {"S": "routes/crm"}, "version": {"N": version}, "text": {"S": text},
                "status": {"S": "good"},
            },
        )  # fmt: skip
    report = forget(capsys, "--yes", code=1)
    assert {one["name"]: one["left"] for one in report["stores"] if one["left"]} == {
        "documents": 1, "table configuration": 1,
    }  # fmt: skip
    (left,) = dynamodb.scan(TableName="configuration")["Items"]
    assert left["version"]["N"] == "2"


def test_the_table_says_what_would_go(capsys: pytest.CaptureFixture[str]) -> None:
    route(CALL, event_of("1", phone=NUMBER))
    assert run(["forget", NUMBER, "--stage", STAGE]) == 0
    said = capsys.readouterr().out
    for part in (
        "archive",
        "table ledger",
        "1 interactions",
        "crm was sent 1",
        "nothing was changed",
    ):
        assert part in said
    assert "555" not in said


def test_what_is_no_persons_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["forget", "911", "--stage", STAGE]) == 1
    assert "country code" in capsys.readouterr().err


def test_reference_data_of_theirs_goes_and_is_looked_up_as_what_is_not_there() -> None:
    rows = {("accounts", NUMBER): {"name": "Ann"}, ("agents", "ag-1"): {"phone": NUMBER}}
    rows[("accounts", OTHER)] = {"name": "Bo"}
    for (table, key), row in rows.items():
        item = row_item(table, key, row, "a load")
        client("dynamodb").put_item(TableName="reference", Item=item)
    assert run(["forget", NUMBER, "--stage", STAGE, "--yes"]) == 0
    found = ReferenceTable("reference").read(list(rows))
    assert found == {("accounts", OTHER): {"name": "Bo"}}
