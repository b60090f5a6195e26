"""The ids of a day in a file that goes with the process: a day never has to fit into memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from switchboard.envelope import RawRef


class Spool:
    """What is known of the events of a day: their ids, and where their payloads are."""

    def __init__(self) -> None:
        # SQLite spills a database without a name to a temporary file of its own.
        self._db = sqlite3.connect("")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA cache_size = -32000")
        self._db.execute(
            "CREATE TABLE known (id TEXT PRIMARY KEY, key TEXT, line INTEGER) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def add(self, events: Iterable[tuple[str, RawRef | None]]) -> None:
        """Note events and their raw lines; one that is noted already stays."""
        rows = ((name, ref.key if ref else None, ref.line if ref else None) for name, ref in events)
        self._db.executemany("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", rows)

    def knows(self, event_id: str) -> bool:
        """Whether the event was noted."""
        found = self._db.execute("SELECT 1 FROM known WHERE id = ?", (event_id,))
        return found.fetchone() is not None

    def objects(self) -> Iterator[str]:
        """Every object that holds a payload, once, in the order of names."""
        # Filled in the order of ids, an index by key costs most of the time; now it is a sort.
        self._db.execute("CREATE INDEX IF NOT EXISTS by_key ON known (key)")
        for (key,) in self._db.execute(
            "SELECT DISTINCT key FROM known WHERE key IS NOT NULL ORDER BY key"
        ):
            yield key

    def lines(self, key: str) -> Iterator[tuple[str, int]]:
        """The events that refer to an object, and the line of each."""
        yield from self._db.execute("SELECT id, line FROM known WHERE key = ?", (key,)).fetchall()
