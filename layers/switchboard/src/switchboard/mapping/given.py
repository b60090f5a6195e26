"""What expressions are given beside the event: rows of reference data, and the raw payload.

It is collected first: which rows expressions ask for is a pure question to them. What is found is
handed over, and they are evaluated on it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from switchboard.mapping.catalogue import Row
from switchboard.mapping.compiled import FAILURES, Compiled

Asked: TypeAlias = tuple[str, str]
"""A reference table's name, and a key in it."""


@dataclass(frozen=True, slots=True)
class Given:
    """`rows` are those that were looked for, None where there is none; `raw` is the payload."""

    rows: Mapping[Asked, Row | None] = field(default_factory=dict)
    raw: Any = None

    def find(self, table: str, key: str) -> Row | None:
        """See Find."""
        return self.rows.get((table, key))


NOTHING = Given()


class Asking:
    """What one or several expressions ask for; nothing is fetched here.

    `programs` are those that look something up, each by itself: one that fails, because what it
    looked up is not there yet, keeps no other from asking.
    """

    def __init__(self, programs: Sequence[Compiled], *, raw: bool = False) -> None:
        self.raw = raw
        self.programs = programs

    def rows(self, document: dict[str, Any], given: Given) -> AbstractSet[Asked]:
        """The rows that are asked for on an event's JSON and were not looked for yet.

        A key may be a looked up value: with its rows given, there may be more to ask for.
        """
        missing: set[Asked] = set()

        def find(table: str, key: str) -> Row | None:
            if (table, key) not in given.rows:
                missing.add((table, key))
            return given.find(table, key)

        for program in self.programs:
            with suppress(*FAILURES):
                program.given(find, given.raw)(document)
        return missing
