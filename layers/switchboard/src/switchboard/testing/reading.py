"""What the reader of a stream keeps and looks up, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from switchboard.checkpoints import check_size
from switchboard.event import EventKey
from switchboard.lease import CLOCK_MARGIN, Lease
from switchboard.testing.stores import Failing


class MemoryLeases(Failing):
    """See LeaseStore. `held` has those that were neither released nor taken over."""

    def __init__(self) -> None:
        self.held: dict[str, Lease] = {}
        self.fences: dict[str, int] = {}

    def take(self, name: str, owner: str, now: float, seconds: float) -> Lease | None:
        """See LeaseStore."""
        self.check()
        found = self.held.get(name)
        if found is not None and found.owner != owner and found.until > now - CLOCK_MARGIN:
            return None
        self.fences[name] = self.fences.get(name, 0) + 1
        self.held[name] = Lease(name, owner, self.fences[name], now + seconds)
        return self.held[name]

    def renew(self, lease: Lease, now: float, seconds: float) -> Lease | None:
        """See LeaseStore."""
        self.check()
        if not self._is_held(lease):
            return None
        self.held[lease.name] = replace(lease, until=now + seconds)
        return self.held[lease.name]

    def release(self, lease: Lease) -> None:
        """See LeaseStore."""
        self.check()
        if self._is_held(lease):
            del self.held[lease.name]

    def _is_held(self, lease: Lease) -> bool:
        found = self.held.get(lease.name)
        return found is not None and (found.owner, found.fence) == (lease.owner, lease.fence)


class MemoryCheckpoints(Failing):
    """See CheckpointStore. `kept` has each name's text and fence."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, int]] = {}

    def read(self, name: str) -> str | None:
        """See CheckpointStore."""
        self.check()
        return self.kept[name][0] if name in self.kept else None

    def write(self, name: str, text: str, fence: int) -> bool:
        """See CheckpointStore."""
        self.check()
        check_size(name, text)
        if name in self.kept and self.kept[name][1] > fence:
            return False
        self.kept[name] = (text, fence)
        return True


class MemoryBulk(Failing):
    """See BulkProgress. `marked` has what the router is through with; `waiting` counts the rest."""

    def __init__(self) -> None:
        self.marked: set[EventKey] = set()
        self.waiting = 0

    def routed(self, events: Sequence[EventKey]) -> Collection[EventKey]:
        """See BulkProgress."""
        self.check()
        return self.marked.intersection(events)

    def empty(self) -> bool:
        """See BulkProgress."""
        self.check()
        return self.waiting == 0
