"""The raw archive against the events: every event has its line, and every line its event."""

import gzip
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from desk.proof.spool import Spool
from desk.records.events import EventRecords
from desk.target import Target

SAMPLE = 200
EARLIER_DAYS = 7

Found = Callable[[str, str], None]
"""Is told the kind of a problem and what it is about."""


@dataclass(frozen=True, slots=True)
class Archived:
    """How much of the archive was looked at. `on_their_way` are lines that wait for routing."""

    objects: int
    looked_at: int
    lines: int
    on_their_way: int


class ArchiveCheck:
    """Compares one day's objects with the events that are noted in a spool."""

    def __init__(self, target: Target, events: EventRecords, spool: Spool) -> None:
        self._s3 = target.client("s3")
        self._bucket = str(target.core()["archive_bucket"])
        self._events = events
        self._spool = spool

    def run(
        self, day: date, *, whole: bool, in_ingest: int, found: Found, looked: Callable[[int], None]
    ) -> Archived:
        """Look at the day's objects, all or some, and tell `found` of each problem."""
        listed = sum(1 for _ in self._listed(day))
        step = 1 if whole else max(1, -(-listed // SAMPLE))
        looked_at = lines = 0
        missing: list[tuple[str, str]] = []
        for key in self._chosen(day, step):
            objects = self._lines(key)
            looked_at += 1
            lines += len(objects)
            self._forward(key, objects, found)
            missing.extend(self._backward(key, objects, day))
            looked(looked_at)
        # Which of them still wait nobody can say: if more are missing, all are named.
        lost = len(missing) > in_ingest
        for name, key in missing if lost else ():
            found("archived_not_recorded", f"{name}, whose payload is in {key}")
        return Archived(listed, looked_at, lines, 0 if lost else len(missing))

    def _chosen(self, day: date, step: int) -> Iterator[str]:
        """Objects that arrived on the day, and those to which events of the day refer.

        Both come in the order of their names.
        """
        before = ""
        number = 0
        for key in heapq.merge(self._listed(day), self._spool.objects()):
            if key == before:
                continue
            if number % step == 0:
                yield key
            before, number = key, number + 1

    def _listed(self, day: date) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=_prefix(day)):
            yield from (item["Key"] for item in page.get("Contents", []))

    def _lines(self, key: str) -> Sequence[Mapping[str, Any]]:
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return []
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]

    def _forward(self, key: str, lines: Sequence[Mapping[str, Any]], found: Found) -> None:
        """Each event of the day that refers to this object has its line there."""
        for name, number in self._spool.lines(key):
            if number >= len(lines) or lines[number].get("id") != name:
                found("no_raw_line", f"{name}, whose payload should be line {number} of {key}")

    def _backward(
        self, key: str, lines: Sequence[Mapping[str, Any]], day: date
    ) -> Iterator[tuple[str, str]]:
        """Each line is an event: of this day, or of another, because days are of its time."""
        for line in lines:
            name = str(line["id"])
            if not self._spool.knows(name) and not self._recorded(line, day):
                yield name, key

    def _recorded(self, line: Mapping[str, Any], day: date) -> bool:
        source, event_id = str(line["source"]), str(line["id"])
        return any(self._events.holds(source, each, event_id) for each in _days(line, day))


def _days(line: Mapping[str, Any], arrived: date) -> Iterator[date]:
    """The day of the event's time; release 0.1.0 wrote none, so its lines may be of any near by."""
    if "time" in line:
        yield date.fromisoformat(line["time"][:10])
    else:
        yield from (arrived - timedelta(days=back) for back in range(-1, EARLIER_DAYS + 1))


def _prefix(day: date) -> str:
    return f"raw/{day:%Y/%m/%d}/"
