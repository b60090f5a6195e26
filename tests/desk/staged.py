"""A stage in moto as its stacks would have made it, written to by the product's own adapters."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from switchboard.archive import RawLine
from switchboard.aws import clients
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.events_table import EventsTable
from switchboard.aws.ledger_table import LedgerTable, entry_item
from switchboard.configuration import Judged, Status
from switchboard.envelope import Claim, Raw, encode
from switchboard.event import Event, utc_text
from switchboard.events import Recorded
from switchboard.ledger import Entry, State
from switchboard.routing import Choice
from switchboard.testing.deliveries import make_event

STAGE = "dev"
DAY = "2026-11-24"
AT = datetime(2026, 11, 24, 9, 45, tzinfo=UTC)
DESTINATIONS = ("crm", "pager")
OWN = [f"{name}-{queue}" for name in DESTINATIONS for queue in ("normal", "dead")]
QUEUES = ("ingest", "ingest-bulk", "ingest-dead", *OWN)
TABLES: Mapping[str, tuple[str, str | None, tuple[str, str, str] | None]] = {
    "ledger": ("group", "delivery", ("dead", "dead", "dead_at")),
    "events": ("group", "event_id", ("by-source-day", "source_day", "event_id")),
    "state": ("item", None, None),
    "configuration": ("name", "version", None),
    "reference": ("table", "key", None),
}


class Staged:
    """The stage `dev`: sources `meetings` and `partner`, destinations `crm` and `pager`."""

    def __init__(self) -> None:
        sqs: Any = boto3.client("sqs")
        self.urls = {
            name: sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})[
                "QueueUrl"
            ]
            for name in QUEUES
        }
        for name in TABLES:
            _create(name)
        boto3.client("s3").create_bucket(
            Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        self.events = EventsTable("events", 90, AT.timestamp)
        self.ledger = LedgerTable("ledger", 90, AT.timestamp)
        self.archive = ArchiveBucket("archive")
        self._describe()

    def _describe(self) -> None:
        queues = {f"{name.replace('-', '_')}_queue_url": self.urls[name] for name in QUEUES[:3]}
        tables = {f"{name}_table": name for name in TABLES}
        self.put("deployment/core", {
            **queues, **tables, "archive_bucket": "archive",
            "sources": {"meetings": "jaas", "partner": "standard_webhooks"},
        })  # fmt: skip
        for name in DESTINATIONS:
            self.put(f"deployment/destinations/{name}", {
                "kind": "webhook",
                "queues": {"normal": self.urls[f"{name}-normal"]},
                "dead_queue_url": self.urls[f"{name}-dead"],
            })  # fmt: skip

    def put(self, name: str, value: Any) -> None:
        """Write a parameter."""
        boto3.client("ssm").put_parameter(
            Name=f"/switchboard/{STAGE}/{name}",
            Value=json.dumps(value),
            Type="String",
            Overwrite=True,
        )

    def route(
        self,
        number: int,
        *destinations: str,
        group: str = "interaction:one",
        source: str = "meetings",
        archived: bool = True,
        apart: bool = False,
        held: str = "",
        held_by: str = "",
        **changes: Any,
    ) -> Event:
        """Archive and record an event as the router does; `apart`, with a claim of its own."""
        event = make_event(number, source=source, **changes)
        raw = Raw(kind="jaas", body="{}", received_at=utc_text(AT))
        refs = self.archive.write([RawLine(event.id, source, event.time, raw)]) if archived else {}
        choices = [Choice(name=name, version=1) for name in destinations]
        claim = self.archive.store(event.id, encode(Claim(event=event))) if apart else None
        ref = refs.get(event.id)
        self.events.append(
            Recorded(group, event, raw.received_at, ref, claim, choices, held, held_by)
        )
        return event

    def settle(
        self,
        event: Event,
        destination: str,
        state: State = State.DELIVERED,
        group: str = "interaction:one",
        **changes: Any,
    ) -> Entry:
        """Write the ledger's entry of a delivery."""
        now = AT.timestamp()
        entry = Entry(group, event.id, destination, state, first_attempt_at=now, updated_at=now)
        entry = replace(entry, **changes)
        assert self.ledger.put(entry, expected=None) is None
        return entry

    def discard(self, event: Event, group: str = "interaction:one") -> None:
        """Drop a held event as `switchboard sources discard` does."""
        boto3.client("dynamodb").update_item(
            TableName="events",
            Key={"group": {"S": group}, "event_id": {"S": event.id}},
            UpdateExpression="SET discarded_at = :now REMOVE held",
            ExpressionAttributeValues={":now": {"S": utc_text(AT)}},
        )

    def resettle(self, before: Entry, **changes: Any) -> None:
        """Write over an entry, whatever is there."""
        item = entry_item(replace(before, **changes), expires_at=0)
        boto3.client("dynamodb").put_item(TableName="ledger", Item=item)

    def judged(self, name: str, version: int, text: str, status: Status = Status.GOOD) -> None:
        """Keep a version of a document."""
        ConfigurationTable("configuration").record(Judged(name, version, status, text))

    def queue(self, name: str, number: int = 1) -> None:
        """Put messages into a queue."""
        for count in range(number):
            boto3.client("sqs").send_message(
                QueueUrl=self.urls[name],
                MessageBody="{}",
                MessageGroupId=f"g{count}",
                MessageDeduplicationId=f"d{count}",
            )

    def remove(self, table: str, group: str, sort: str) -> None:
        """Take an item away, as nothing in the product does."""
        key = {"group": {"S": group}, TABLES[table][1] or "": {"S": sort}}
        boto3.client("dynamodb").delete_item(TableName=table, Key=key)


def _create(name: str) -> None:
    partition, sort, index = TABLES[name]
    keys: Sequence[str] = [key for key in (partition, sort) if key]
    more: Any = {}
    if index:
        more = {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index[0],
                    "KeySchema": _schema(index[1:]),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ]
        }
    boto3.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "N" if key == "version" else "S"}
            for key in sorted({*keys, *(index[1:] if index else ())})
        ],
        KeySchema=_schema(keys),
        **more,
    )


def _schema(keys: Sequence[str]) -> Any:
    return [
        {"AttributeName": key, "KeyType": kind}
        for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


@contextmanager
def staged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    """The stage, for as long as a test runs."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("COLUMNS", "200")
    clients._made.cache_clear()
    with mock_aws():
        yield Staged()
    clients._made.cache_clear()
