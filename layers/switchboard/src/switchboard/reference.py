"""Reference data: what is known of accounts, queues and agents beside what events say.

Rows are read when an expression asks for them, and kept for a while by each sandbox: also that a
row is not there, for less long, so that a new customer is known soon.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol

from switchboard.errors import EventError
from switchboard.mapping import Asked, Asks, Found
from switchboard.mapping.catalogue import Row

FOUND_SECONDS = 300.0
UNKNOWN_SECONDS = 60.0
MOST_KEYS = 50
"""Rows that may be looked up for one event."""
MOST_AHEAD = 5_000
"""Rows that are read ahead for one batch: so few that they do not drive each other out."""
ROUNDS_AHEAD = 3
"""How far ahead keys are followed that are looked up themselves."""
MOST_KEPT = 10_000
"""Rows that a sandbox keeps; those that were read first go first."""
NEVER_READ = (0.0, None)
"""What is kept of a row: until when, and the row; None: it is not there."""


class ReferenceStore(Protocol):
    """Where reference data is kept."""

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        """The rows of `keys` that exist.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


class Lookups:
    """A cache over a ReferenceStore of `most_kept` rows. Nothing is read that nobody asks for."""

    def __init__(
        self, store: ReferenceStore, clock: Callable[[], float], most_kept: int = MOST_KEPT
    ) -> None:
        self._store = store
        self._most_kept = most_kept
        self._clock = clock
        self._kept: dict[Asked, tuple[float, Row | None]] = {}

    def all(self, asks: Asks) -> Found:
        """Every row that an event asks for.

        Raises:
            EventError: more is asked for than one event may.
            Unavailable: the store cannot be reached.
        """
        found: dict[Asked, Row | None] = {}
        while missing := asks(found):
            if len(found) + len(missing) > MOST_KEYS:
                raise EventError(
                    f"looking up reference data: an event asks for more than {MOST_KEYS} rows"
                )
            found |= self._rows(missing)
        return found

    def prefetch(self, events: Sequence[Asks]) -> None:
        """Read together what several events ask for; `all` finds it kept.

        Whatever fails here is left to the events: each that asks for a row reads it for itself, and
        fails alone.
        """
        found: dict[Asked, Row | None] = {}
        with suppress(Exception):
            for _ in range(ROUNDS_AHEAD):
                missing = _together(events, found)
                if not missing:
                    return
                found |= self._rows(missing)

    def _rows(self, keys: Collection[Asked]) -> Found:
        now = self._clock()
        rows: dict[Asked, Row | None] = {}
        unread: list[Asked] = []
        for key in keys:
            until, row = self._kept.get(key, NEVER_READ)
            if until > now:
                rows[key] = row
            else:
                unread.append(key)
        if unread:
            rows |= self._read(sorted(unread), now)
        return rows

    def _read(self, keys: Sequence[Asked], now: float) -> Found:
        read = self._store.read(keys)
        rows = {key: read.get(key) for key in keys}
        for key, row in rows.items():
            self._kept.pop(key, None)
            self._kept[key] = (now + (UNKNOWN_SECONDS if row is None else FOUND_SECONDS), row)
        for oldest in list(islice(self._kept, max(0, len(self._kept) - self._most_kept))):
            del self._kept[oldest]
        return rows


def _together(events: Sequence[Asks], found: Found) -> Collection[Asked]:
    """What `events` ask for beside what was found, as far as there is room for it."""
    missing: set[Asked] = set()
    for asks in events:
        asked: Collection[Asked] = ()
        with suppress(Exception):
            asked = asks(found)
        if len(found) + len(missing) + len(asked) > MOST_AHEAD:
            break
        if len(asked) <= MOST_KEYS:
            missing.update(asked)
    return missing
