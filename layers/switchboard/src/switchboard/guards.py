"""The version guard: an older fact never overwrites a newer one, where whole records are sent.

The record's key is the delivery's group. Its guard is the version that was written last: read
before the send, raised after the destination took it, and never lowered. A delivery that comes
late, or again, sends the record as it stands now; if that was written already, it is skipped.
"""

from dataclasses import dataclass
from typing import Protocol

from switchboard.event import Event
from switchboard.ledger import Entry
from switchboard.version import Version


class GuardStore(Protocol):
    """The store of guards: in the ledger, under their group."""

    def read(self, group: str, destination: str) -> Version | None:
        """The version that was written last; None: none was.

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


class RecordSource(Protocol):
    """The records that events make."""

    def newest(self, group: str, destination: str) -> Event | None:
        """The newest event of a group among those that were sent to a destination.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """What an arriving delivery sends: `event`; None: the record is `written` already."""

    event: Event | None
    written: Version | None = None


def look(guards: GuardStore, records: RecordSource, event: Event, fresh: Entry) -> Due:
    """Look what of the record `event` belongs to is to be sent, before it is claimed with `fresh`.

    Raises:
        Unavailable: a store cannot be reached.
    """
    written = guards.read(fresh.group, fresh.destination)
    if written is None or Version.of(event) > written:
        return Due(event, written)
    newest = records.newest(fresh.group, fresh.destination)
    return Due(due(event, written, newest, again=fresh.generation > 0), written)


def due(
    event: Event, written: Version | None, newest: Event | None, *, again: bool
) -> Event | None:
    """The event from which an arriving delivery sends the record; None: it is written already.

    `again` is a delivery that is sent once more on purpose: it writes the record as it stands, but
    nothing older.
    """
    if written is None or Version.of(event) > written:
        return event
    if newest is None:
        return None
    version = Version.of(newest)
    return newest if version > written or (again and version == written) else None
