"""The events table as an operator reads it: by day, by group, by id."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import TypeAdapter

from desk.records.rules import rule_of
from desk.records.tables import Plain, get_batch, query
from desk.target import Target, TargetError
from switchboard.archive import decode_line
from switchboard.envelope import Claim, ObjectRef, Raw, RawRef
from switchboard.errors import EventError
from switchboard.event import OWN_SOURCE, Event, queue_safe
from switchboard.events import SHARDS, shard_of
from switchboard.held import held_by
from switchboard.routing import Choice
from switchboard.sources import normalised

BY_DAY = "by-source-day"
DAY_CONDITION = "#source_day = :day"
WHOLE_ID = 40
LOOKED_BACK_DAYS = 14

_CHOICES = TypeAdapter(list[Choice])


@dataclass(frozen=True, slots=True)
class Key:
    """Where an event is in the table."""

    group: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as the table has it. `event` is None where it is too large and was not fetched.

    A paused source holds it (`held_by`), or it was `discarded` there: nobody was asked for it. A
    fact of ours is held by the source whose events it follows.
    """

    key: Key
    source: str
    type: str
    time: str
    received_at: str
    choices: Sequence[Choice]
    event: Event | None
    event_ref: ObjectRef | None
    raw_ref: RawRef | None
    held_by: str = ""
    discarded: bool = False

    @property
    def held(self) -> bool:
        """Whether it is."""
        return bool(self.held_by)


class EventRecords:
    """Reads one stage's events."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._dynamodb = target.client("dynamodb")
        self.table = str(target.core()["events_table"])

    def sources(self) -> Sequence[str]:
        """The names of every deployed source, and of Switchboard as the source of its own facts."""
        kinds = self._target.kinds()
        deployed = (n.removeprefix("sources/") for n in kinds if n.startswith("sources/"))
        return sorted([OWN_SOURCE, *deployed])

    def keys(self, source: str, day: date, shard: int) -> Iterator[Key]:
        """The keys of a source's events of one day (of their own time, UTC), by event id."""
        values = {"day": partition(source, day, shard)}
        for item in query(self._dynamodb, self.table, DAY_CONDITION, values, index=BY_DAY):
            yield Key(item["group"], item["event_id"])

    def keys_of_day(self, source: str, day: date) -> Iterator[Key]:
        """The same of every shard."""
        for shard in range(SHARDS):
            yield from self.keys(source, day, shard)

    def holds(self, source: str, day: date, event_id: str) -> bool:
        """Whether an event of that source and day is there."""
        return any(key.event_id == event_id for key in self._fitting(source, day, event_id))

    def get(self, keys: Iterable[Key]) -> Iterator[Kept]:
        """The events of `keys` that exist, in any order."""
        asked = ({"group": key.group, "event_id": key.event_id} for key in keys)
        for item in get_batch(self._dynamodb, self.table, asked):
            yield kept_of(item)

    def of_group(self, group: str) -> Sequence[Kept]:
        """Every event of a group, by one Query."""
        found = query(self._dynamodb, self.table, "#group = :group", {"group": group})
        return [kept_of(item) for item in found]

    def find(self, beginning: str, today: date) -> Key:
        """The one event whose id begins so, among those of the last two weeks.

        Raises:
            TargetError: there is none, or the beginning fits several.
        """
        fits: set[Key] = set()
        sources = self.sources()
        for back in range(-1, LOOKED_BACK_DAYS):
            day = today - timedelta(days=back)
            fits.update(key for source in sources for key in self._fitting(source, day, beginning))
            if fits and len(beginning) == WHOLE_ID:
                break
        if len(fits) != 1:
            raise TargetError(
                f"{len(fits)} events of the last {LOOKED_BACK_DAYS} days begin with {beginning};"
                " `switchboard search` finds them by source, type, day or text"
            )
        return fits.pop()

    def _fitting(self, source: str, day: date, beginning: str) -> Iterator[Key]:
        """An id's shard follows from the id; a beginning may be in any."""
        whole = len(beginning) == WHOLE_ID
        for shard in [shard_of(beginning)] if whole else range(SHARDS):
            values = {"day": partition(source, day, shard), "begin": beginning}
            condition = f"{DAY_CONDITION} AND begins_with(#event_id, :begin)"
            for item in query(self._dynamodb, self.table, condition, values, index=BY_DAY):
                yield Key(item["group"], item["event_id"])

    def whole(self, kept: Kept) -> Event | None:
        """The event itself, also where only a reference to it is kept; None where it is gone."""
        if kept.event is not None or kept.event_ref is None:
            return kept.event
        s3 = self._target.client("s3")
        try:
            found = s3.get_object(Bucket=kept.event_ref.bucket, Key=kept.event_ref.key)
        except s3.exceptions.NoSuchKey:
            return None
        claim = Claim.model_validate(json.loads(found["Body"].read()))
        # An item of release 0.1.0 may refer to the claim of its arrival, which has the payload.
        raw = claim.raw
        return claim.event if raw is None else self._normalised(claim.event, raw)

    def anew(self, kept: Kept, event: Event) -> Event:
        """The event as its archived payload is understood now.

        Raises:
            EventError: the payload is gone, or nothing can be made of it any more.
        """
        if kept.raw_ref is None:
            return event
        return self._normalised(event, self.payload(kept.raw_ref))

    def payload(self, ref: RawRef) -> Raw:
        """An archived payload; raises EventError where it is gone."""
        s3 = self._target.client("s3")
        try:
            found = s3.get_object(Bucket=ref.bucket, Key=ref.key)
        except s3.exceptions.NoSuchKey:
            raise EventError(f"reading a raw payload: {ref.key} is gone") from None
        return decode_line(found["Body"].read(), ref)

    def _normalised(self, event: Event, raw: Raw) -> Event:
        rule = rule_of(event.source, self._target.parameters("sources/"))
        return normalised(event, raw, rule.tenant)


def partition(source: str, day: date, shard: int) -> str:
    """A partition of the index by source and day."""
    return f"{source}#{day:%Y-%m-%d}#{shard}"


def group_named(text: str) -> str | None:
    """The group that `text` names: one as it is, or the agent's or interaction's; None: an id."""
    if text.startswith(("interaction:", "agent:", "queue:", "event:", "hash:")):
        return queue_safe(text)
    return None


def kept_of(item: Plain) -> Kept:
    """An item of the table."""
    return Kept(
        key=Key(item["group"], item["event_id"]),
        source=item.get("source", ""),
        type=item.get("type", ""),
        time=item.get("time", ""),
        received_at=item.get("received_at", ""),
        choices=_CHOICES.validate_json(item.get("destinations", "[]")),
        event=Event.model_validate(json.loads(item["event"])) if "event" in item else None,
        event_ref=_reference(item, "event_ref", ObjectRef),
        raw_ref=_reference(item, "raw_ref", RawRef),
        held_by=held_by(item.get("held", "")),
        discarded="discarded_at" in item,
    )


def _reference(item: Mapping[str, Any], name: str, model: Any) -> Any:
    return model.model_validate_json(item[name]) if name in item else None
