"""What a source brought in a span of time, as the events table has it."""

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from desk.migration.comparison import Span
from desk.records.events import EventRecords, Kept, Key
from desk.records.rules import rule_of
from desk.target import Target
from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event
from switchboard.sources.tenant import Tenant


def recorded(target: Target, source: str, span: Span) -> Sequence[Event]:
    """Its events of the span."""
    records = EventRecords(target)
    kept = records.get(_keys(records, source, span))
    tenant = rule_of(source, target.parameters("sources/")).tenant
    events = (one.event or _from_archive(target, one, tenant) for one in kept)
    return [event for event in events if span.holds(event.time)]


def _keys(records: EventRecords, source: str, span: Span) -> Iterator[Key]:
    day = span.begin.date()
    while day <= span.end.date():
        yield from records.keys_of_day(source, day)
        day += timedelta(days=1)


def _from_archive(target: Target, kept: Kept, tenant: Tenant) -> Event:
    """An event that is too large for the table, made anew from its payload."""
    assert kept.raw_ref is not None  # noqa: S101 - what the stream brought was archived first
    ref = kept.raw_ref
    body = target.client("s3").get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
    line = json.loads(gzip.decompress(body).splitlines()[ref.line])
    raw = Raw(kind=line["kind"], body=line["body"], received_at=line["received_at"])
    received = stream_event(kept.source, raw.body.encode(), datetime.fromisoformat(kept.time))
    return KINDS[raw.kind].normalise(received.event, raw, tenant)
