"""Version guards, and the records behind them, in memory."""

from collections import defaultdict

from switchboard.event import Event
from switchboard.testing.stores import Failing
from switchboard.version import Version


class MemoryGuards(Failing):
    """See GuardStore."""

    def __init__(self) -> None:
        self.written: dict[tuple[str, str], Version] = {}
        self.reads = 0

    def read(self, group: str, destination: str) -> Version | None:
        """See GuardStore."""
        self.reads += 1
        self.check()
        return self.written.get((group, destination))

    def rise(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        self.check()
        found = self.written.get((group, destination), version)
        self.written[group, destination] = max(found, version)


class MemoryRecords(Failing):
    """See RecordSource. `sent` has each group's events that were sent to each destination."""

    def __init__(self) -> None:
        self.sent: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)

    def newest(self, group: str, destination: str) -> Event | None:
        """See RecordSource."""
        self.check()
        return max(self.sent[group, destination], key=Version.of, default=None)
