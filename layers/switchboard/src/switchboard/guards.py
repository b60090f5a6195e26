"""The version guard: an older fact never overwrites a newer one, where whole records are sent.

The record's key is the delivery's group. Its guard is the version that was written last: read
before the send, raised after the destination took it, and never lowered. A delivery that comes
late, or again, sends the record as it stands now; if that was written already, it is skipped.

What an attempt may have written, though nobody can say so, is in doubt: nothing older is sent after
it, and the record as it stands is sent in its place.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from switchboard.envelope import RawRef
from switchboard.event import Event
from switchboard.ledger import Entry
from switchboard.version import Version

NOTHING = Version(0, 0, "")
"""Older than every event."""


@dataclass(frozen=True, slots=True)
class Guard:
    """`written` was written last; up to `possible`, something newer may have been."""

    written: Version = NOTHING
    possible: Version = NOTHING

    def lets(self, version: Version) -> bool:
        """Whether nothing newer than `version` can be at the destination already."""
        return version > self.written and version >= self.possible

    def risen(self, version: Version) -> "Guard":
        """The guard after `version` was written."""
        return replace(self, written=max(self.written, version))

    def doubted(self, version: Version) -> "Guard":
        """The guard after `version` may have been written."""
        if version <= self.written:
            return self
        return replace(self, possible=max(self.possible, version))


@dataclass(frozen=True, slots=True)
class Fact:
    """An event from which a record is sent, and where its payload is archived."""

    event: Event
    raw_ref: RawRef | None = None


class GuardStore(Protocol):
    """The store of guards: in the ledger, under their group."""

    def read(self, group: str, destination: str) -> Guard:
        """The guard of a record.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def rise(self, group: str, destination: str, version: Version) -> None:
        """Raise the guard to `version`; a higher one stays.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def doubt(self, group: str, destination: str, version: Version) -> None:
        """Note that `version` may have been written.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


class RecordSource(Protocol):
    """The records that events make."""

    def newest(self, group: str, destination: str) -> Fact | None:
        """The newest event of a group among those that were sent to a destination.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """What an arriving delivery sends: `fact`; None: the record is `written` already, or newer."""

    fact: Fact | None
    written: Version | None = None


def look(guards: GuardStore, records: RecordSource, fact: Fact, fresh: Entry) -> Due:
    """Look what of the record `fact` belongs to is to be sent, before it is claimed with `fresh`.

    Raises:
        Unavailable: a store cannot be reached.
    """
    guard = guards.read(fresh.group, fresh.destination)
    if guard.lets(Version.of(fact.event)):
        return Due(fact)
    newest = records.newest(fresh.group, fresh.destination)
    found = due(fact, guard, newest, again=fresh.generation > 0)
    return Due(found, max(guard.written, guard.possible))


def due(fact: Fact, guard: Guard, newest: Fact | None, *, again: bool) -> Fact | None:
    """The event from which an arriving delivery sends the record; None: it is written already.

    `again` is a delivery that is sent once more on purpose: it writes the record as it stands, but
    nothing older.
    """
    if guard.lets(Version.of(fact.event)):
        return fact
    if newest is None:
        return None
    version = Version.of(newest.event)
    return newest if guard.lets(version) or (again and version == guard.written) else None
