"""The `events` table: each event one small item under its group, conditional on its id.

What was chosen for an event is recorded with it, so that a router's second try fans out to the
same destinations even if documents changed in between.

An event of a paused source is appended as held, with its place in the order of its group; its
destinations are chosen when it is released. Held events are in a sparse index by the source that
holds them, in shards by group; an event leaves it when it is released to every destination, or
discarded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from switchboard.destination import Lane
from switchboard.envelope import ObjectRef, RawRef
from switchboard.event import Event, EventKey, digest
from switchboard.routing import Choice

SHARDS = 8
EVENT_TEXT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is kept: whole up to `EVENT_TEXT_LIMIT`, and where its payload is.

    `held_order` is the place of a held event among those of its group; empty: it is not held.
    `held_by` is the source that holds it; empty: its own.
    """

    group: str
    event: Event
    received_at: str
    raw_ref: RawRef | None
    event_ref: ObjectRef | None
    destinations: Sequence[Choice]
    held_order: str = ""
    held_by: str = ""

    @property
    def holder(self) -> str:
        """The source that holds it, if any: its own, or the one that a fact of ours follows."""
        return self.held_by or self.event.source


@dataclass(frozen=True, slots=True)
class Appended:
    """What the table says of an event: its destinations, and whether it is held."""

    destinations: Sequence[Choice]
    held: bool = False


@dataclass(frozen=True, slots=True)
class GroupSoFar:
    """What is recorded of a group: what sources hold of it, and its lane at destinations."""

    held: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)


class EventStore(Protocol):
    """The events table."""

    def append(self, recorded: Recorded) -> Appended:
        """Keep it unless its id is there already.

        Returns:
            What is recorded: the given destinations, or those of the first time.

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

    def group_so_far(self, group: str) -> GroupSoFar:
        """What was appended under `group` until now.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def choose_held(
        self, group: str, event_id: str, destinations: Sequence[Choice]
    ) -> Sequence[Choice] | None:
        """Record the destinations of a held event that is to be released.

        Returns:
            The destinations that are recorded: the given ones, or those of an earlier try; None:
            it is not held any more.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def hold_for(self, group: str, event_id: str, source: str) -> None:
        """Let another source hold a held event.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def mark_released(self, group: str, event_id: str) -> None:
        """Note that a held event is fanned out to every destination: it is not held any more.

        Raises:
            Unavailable: the table cannot be reached.
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


class GroupReader(Protocol):
    """The events table, for whoever folds a group."""

    def of_group(self, group: str) -> Sequence[Event]:
        """The events that were appended under `group`, in any order. Raises Unavailable."""
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
