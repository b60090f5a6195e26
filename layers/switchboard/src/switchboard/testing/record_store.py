"""Version guards, and the records behind them, in memory."""

from collections import defaultdict
from typing import TYPE_CHECKING

from switchboard.guards import NOTHING, Fact, Guard
from switchboard.testing.stores import Failing
from switchboard.version import Version

if TYPE_CHECKING:
    from switchboard.envelope import RawRef
    from switchboard.event import Event


class MemoryGuards(Failing):
    """See GuardStore."""

    def __init__(self) -> None:
        self.guards: dict[tuple[str, str], Guard] = {}
        self.reads = 0

    @property
    def written(self) -> dict[tuple[str, str], Version]:
        """What was written last, where something was."""
        return {key: one.written for key, one in self.guards.items() if one.written > NOTHING}

    def read(self, group: str, destination: str) -> Guard:
        """See GuardStore."""
        self.reads += 1
        self.check()
        return self._guard(group, destination)

    def rise(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        self.check()
        self.guards[group, destination] = self._guard(group, destination).risen(version)

    def doubt(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        self.check()
        self.guards[group, destination] = self._guard(group, destination).doubted(version)

    def _guard(self, group: str, destination: str) -> Guard:
        return self.guards.get((group, destination), Guard())


class MemoryRecords(Failing):
    """See RecordSource. `sent` has each group's events that were sent to each destination.

    `raw_refs` has where the payloads are of those that have one, by their ids.
    """

    def __init__(self) -> None:
        self.raw_refs: dict[str, RawRef] = {}
        self.sent: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)

    def newest(self, group: str, destination: str) -> Fact | None:
        """See RecordSource."""
        self.check()
        newest = max(self.sent[group, destination], key=Version.of, default=None)
        return None if newest is None else Fact(newest, self.raw_refs.get(newest.id))
