"""How far `route_events` came with what was sent to `ingest-bulk`.

A group that was sent to bulk stays there until its last bulk event is routed: a live event sent
past one that still waits would overtake it.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from switchboard.event import EventKey


class BulkProgress(Protocol):
    """What a sender to `ingest-bulk` can find out about its events."""

    def routed(self, events: Sequence[EventKey]) -> Collection[EventKey]:
        """Those of `events` that are fanned out to every destination.

        An event that was dead-lettered is never among them.

        Raises:
            Unavailable: the events table cannot be reached.
        """
        ...

    def empty(self) -> bool:
        """Whether nothing is in the queue: visible, in flight or delayed.

        SQS counts approximately: it may not know yet of what was sent in the last minute.

        Raises:
            Unavailable: the queue cannot be reached.
        """
        ...
