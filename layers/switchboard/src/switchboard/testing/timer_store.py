"""The timers table in memory."""

from collections.abc import Collection, Sequence

from switchboard.testing.stores import Failing
from switchboard.timers import Mark


class MemoryTimers(Failing):
    """See TimerStore. `writes` and `reads` count the requests that a real table would have had."""

    def __init__(self) -> None:
        self.marks: dict[tuple[str, str], Mark] = {}
        self.writes = 0
        self.reads = 0

    def put(self, marks: Collection[Mark], now: float) -> None:
        """See TimerStore."""
        del now
        self.check()
        self.writes += 1
        self.marks.update(((mark.bucket, mark.place), mark) for mark in marks)

    def read(self, bucket: str, *, after: str = "", until: str = "~") -> Sequence[Mark]:
        """See TimerStore."""
        self.check()
        self.reads += 1
        found = [m for m in self.marks.values() if m.bucket == bucket and after <= m.place <= until]
        return sorted(found, key=lambda mark: mark.place)

    def delete(self, marks: Collection[Mark]) -> None:
        """See TimerStore."""
        self.check()
        for mark in marks:
            self.marks.pop((mark.bucket, mark.place), None)
