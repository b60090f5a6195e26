"""Stored events as they are now read from their raw payloads."""

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Any

from desk.records.events import EventRecords, Kept
from desk.records.rules import rule_of
from desk.records.tables import BATCH_KEYS, batches
from desk.target import Target
from switchboard.envelope import Raw, RawRef
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.guards import Fact
from switchboard.sources import KINDS

OBJECTS_KEPT = 64


class StoredEvents:
    """The events of a stage, normalised once more from what is in the archive."""

    def __init__(self, target: Target) -> None:
        self._records = EventRecords(target)
        self._s3 = target.client("s3")
        self._sources = target.parameters("sources/")
        self._lines = lru_cache(maxsize=OBJECTS_KEPT)(self._read)

    def of_days(self, days: Iterable[date], source: str | None = None) -> Iterator[Fact]:
        """Those of some days (of their own time, UTC), of one source or of all."""
        for day in days:
            for name in [source] if source else self._records.sources():
                for keys in batches(self._records.keys_of_day(name, day), BATCH_KEYS):
                    for kept in self._records.get(keys):
                        event = self._event(kept)
                        if event is not None:
                            yield Fact(event, kept.raw_ref)

    def payload(self, ref: RawRef) -> Raw:
        """An archived payload; raises EventError where it is gone."""
        raw = self._raw(ref)
        if raw is None:
            raise EventError(f"reading a raw payload: {ref.key} is gone")
        return raw

    def _event(self, kept: Kept) -> Event | None:
        """The event as its raw payload gives it now; as it was recorded where that is gone."""
        event = self._records.whole(kept)
        raw = None if kept.raw_ref is None else self._raw(kept.raw_ref)
        if event is None or raw is None or raw.kind not in KINDS:
            return event
        try:
            return KINDS[raw.kind].normalise(event, raw, rule_of(kept.source, self._sources).tenant)
        except EventError:
            return event

    def _raw(self, ref: RawRef) -> Raw | None:
        lines = self._lines(ref.bucket, ref.key)
        line = lines[ref.line] if ref.line < len(lines) else {}
        if "body" not in line:
            return None
        return Raw(kind=line["kind"], body=line["body"], received_at=line["received_at"])

    def _read(self, bucket: str, key: str) -> list[dict[str, Any]]:
        try:
            body = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return []
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]
