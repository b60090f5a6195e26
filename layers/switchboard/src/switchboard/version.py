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
        return cls(max(0, round(event.time.timestamp() * 1000)), max(0, event.sequence), event.id)

    @property
    def text(self) -> str:
        """The version as the ledger keeps it: its texts sort as versions do."""
        return f"{self.milliseconds:015d}-{self.sequence:020d}-{self.event_id}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The version in a text of the ledger's."""
        milliseconds, sequence, event_id = text.split("-", 2)
        return cls(int(milliseconds), int(sequence), event_id)
