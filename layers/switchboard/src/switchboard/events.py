"""The `events` table: each event one small item under its group, conditional on its id.

What was chosen for an event is recorded with it, so that a router's second try fans out to the
same destinations even if documents changed in between.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from switchboard.envelope import ObjectRef, RawRef
from switchboard.event import Event, EventKey, digest
from switchboard.routing import Choice

SHARDS = 8
EVENT_TEXT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is kept: whole up to `EVENT_TEXT_LIMIT`, and where its payload is."""

    group: str
    event: Event
    received_at: str
    raw_ref: RawRef | None
    event_ref: ObjectRef | None
    destinations: Sequence[Choice]


class EventStore(Protocol):
    """The events table."""

    def append(self, recorded: Recorded) -> Sequence[Choice]:
        """Keep it unless its id is there already.

        Returns:
            The destinations that are recorded: the given ones, or those of the first time.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def mark_routed(self, group: str, event_id: str) -> None:
        """Note that an event which was appended is fanned out to every destination.

        Raises:
            Unavailable: the table cannot be reached, or does not hold the event.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it was kept: whole, or where its claim is; and where its payload is."""

    event: Event | None
    event_ref: ObjectRef | None
    raw_ref: RawRef | None


class EventReader(Protocol):
    """The events table, for whoever sends its events again."""

    def read(self, keys: Sequence[EventKey]) -> Mapping[EventKey, Kept]:
        """Those of `keys` that are kept. Raises Unavailable."""
        ...


def event_text(event: Event) -> str:
    """The event as its item holds it."""
    return json.dumps(event.model_dump(mode="json"), separators=(",", ":"))


def is_small(event: Event) -> bool:
    """Whether its item holds it whole; else a claim does."""
    return len(event_text(event)) <= EVENT_TEXT_LIMIT


def shard_of(event_id: str) -> int:
    """In which part of its day an event is; shards keep a busy day from being one partition."""
    return int(digest(event_id)[:4], 16) % SHARDS


def source_day(event: Event) -> str:
    """The partition of the index by source and day."""
    return f"{event.source}#{event.time:%Y-%m-%d}#{shard_of(event.id)}"
