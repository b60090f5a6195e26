"""What a source brought in a span of time, as the events table has it."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from desk.migration.comparison import Span
from desk.target import Target
from switchboard.envelope import Raw, RawRef
from switchboard.event import Event
from switchboard.events import SHARDS
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event

BATCH_KEYS = 100


def recorded(target: Target, source: str, span: Span) -> Sequence[Event]:
    """Its events of the span."""
    table = str(target.core()["events_table"])
    dynamodb = target.client("dynamodb")
    keys = list(_keys(dynamodb, table, source, span))
    events = (
        _event(target, item)
        for start in range(0, len(keys), BATCH_KEYS)
        for item in _items(dynamodb, table, keys[start : start + BATCH_KEYS])
    )
    return [event for event in events if span.holds(event.time)]


def _keys(dynamodb: Any, table: str, source: str, span: Span) -> Iterator[Mapping[str, Any]]:
    pages = dynamodb.get_paginator("query")
    day = span.begin.date()
    while day <= span.end.date():
        for shard in range(SHARDS):
            for page in pages.paginate(
                TableName=table,
                IndexName="by-source-day",
                KeyConditionExpression="source_day = :day",
                ExpressionAttributeValues={":day": {"S": f"{source}#{day:%Y-%m-%d}#{shard}"}},
            ):
                for item in page["Items"]:
                    yield {"group": item["group"], "event_id": item["event_id"]}
        day += timedelta(days=1)


def _items(
    dynamodb: Any, table: str, keys: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """The items of these keys; what DynamoDB leaves out of an answer is asked for again."""
    asked: Mapping[str, Any] = {table: {"Keys": list(keys)}}
    while asked:
        answer = dynamodb.batch_get_item(RequestItems=asked)
        yield from answer["Responses"].get(table, [])
        asked = answer.get("UnprocessedKeys", {})


def _event(target: Target, item: Mapping[str, Any]) -> Event:
    if "event" in item:
        return Event.model_validate_json(item["event"]["S"])
    return _from_archive(target, item)


def _from_archive(target: Target, item: Mapping[str, Any]) -> Event:
    """An event that is too large for the table, made anew from its payload."""
    ref = RawRef.model_validate_json(item["raw_ref"]["S"])
    body = target.client("s3").get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
    line = json.loads(gzip.decompress(body).splitlines()[ref.line])
    raw = Raw(kind=line["kind"], body=line["body"], received_at=line["received_at"])
    time = datetime.fromisoformat(item["time"]["S"])
    received = stream_event(item["source"]["S"], raw.body.encode(), time)
    return KINDS[raw.kind].normalise(received.event, raw)
