"""The archive as it is compacted, in memory."""

from collections.abc import Iterable, Iterator
from datetime import date

from switchboard.event import digest
from switchboard.hours import RAW, Stored
from switchboard.testing.stores import Failing


class MemoryHours(Failing):
    """See ArchivedHours. `kept` has every object; `notes` what one was noted to be made of."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.notes: dict[str, str] = {}
        self.writes = 0

    def of_day(self, day: date) -> Iterator[Stored]:
        """See ArchivedHours."""
        self.check()
        for key, body in sorted(self.kept.items()):
            if key.startswith(f"{RAW}/{day:%Y/%m/%d}/"):
                yield Stored(key, digest(body.hex()))

    def read(self, keys: Iterable[str]) -> Iterator[bytes]:
        """See ArchivedHours."""
        self.check()
        return (self.kept[key] for key in keys if key in self.kept)

    def made_of(self, key: str) -> str | None:
        """See ArchivedHours."""
        self.check()
        return self.notes.get(key)

    def write(self, key: str, body: bytes, made_of: str) -> None:
        """See ArchivedHours."""
        self.check()
        self.kept[key], self.notes[key] = body, made_of
        self.writes += 1
