"""The `events` table: each event one small item under its group, conditional on its id.

What was chosen for an event is recorded with it, so that a router's second try fans out to the
same destinations even if documents changed in between.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from switchboard.envelope import ObjectRef, RawRef
from switchboard.event import Event
from switchboard.routing import Choice

SHARDS = 8
EVENT_TEXT_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it is kept: whole, or by reference where it is large."""

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


def source_day(event: Event) -> str:
    """The partition of the index by source and day; a shard keeps a busy day from being one."""
    shard = int(event.id[:8], 36) % SHARDS if event.id[:8].isalnum() else 0
    return f"{event.source}#{event.time:%Y-%m-%d}#{shard}"


def choices_text(choices: Sequence[Choice]) -> str:
    """How choices are kept in an item."""
    return json.dumps([choice.model_dump(mode="json") for choice in choices])
