"""Which of two facts about one record is the newer: by time, then by the source's own count."""

from dataclasses import dataclass
from typing import Self

from switchboard.event import Event


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Event time in milliseconds, the source's sequence, and the event's id: never two the same.

    The normaliser sets all three, and a replay keeps them: an event is as old as it was.
    """

    milliseconds: int
    sequence: int
    event_id: str

    @classmethod
    def of(cls, event: Event) -> Self:
        """The version of an event."""
        return cls(round(event.time.timestamp() * 1000), event.sequence, event.id)
