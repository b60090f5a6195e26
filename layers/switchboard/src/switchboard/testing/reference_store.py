"""Reference data in memory."""

from collections.abc import Collection, Mapping

from switchboard.mapping import Asked
from switchboard.mapping.catalogue import Row
from switchboard.testing.stores import Failing


class MemoryReference(Failing):
    """See ReferenceStore. `reads` holds what each request asked for."""

    def __init__(self, rows: Mapping[Asked, Row] | None = None) -> None:
        self.rows = dict(rows or {})
        self.reads: list[Collection[Asked]] = []

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        """See ReferenceStore."""
        self.check()
        self.reads.append(keys)
        return {key: self.rows[key] for key in keys if key in self.rows}
