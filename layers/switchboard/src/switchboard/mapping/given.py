"""What expressions are given beside the event: rows of reference data, and the raw payload.

It is collected first: which rows expressions ask for is a pure question to them. What is found is
handed over, and they are evaluated on it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from switchboard.mapping.catalogue import Need, Row
from switchboard.mapping.compiled import FAILURES, Compiled

Asked: TypeAlias = tuple[str, str]
"""A reference table's name, and a key in it."""
Found: TypeAlias = Mapping[Asked, Row | None]
"""Rows that were looked for; None: it is not there."""
Asks: TypeAlias = Callable[[Found], Collection[Asked]]
"""What is asked for on one event, given what was found so far; to be asked until it is nothing."""


@dataclass(frozen=True, slots=True)
class Given:
    """`rows` are those that were looked for; `raw` is the payload."""

    rows: Found = field(default_factory=dict)
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
        return _Inquiry(self.programs, document, given.raw).missing(given.rows)

    def about(self, document: dict[str, Any], raw: Any) -> Asks:
        """The same, round by round: what can have nothing more to ask for is not run again."""
        return _Inquiry(self.programs, document, raw).missing


class _Inquiry:
    """What is asked for on one event; `programs` are those that may have more to ask for."""

    def __init__(self, programs: Sequence[Compiled], document: dict[str, Any], raw: Any) -> None:
        self._programs = programs
        self._document = document
        self._raw = raw

    def missing(self, found: Found) -> AbstractSet[Asked]:
        """What is asked for and not among `found`."""
        missing: set[Asked] = set()
        open_programs: list[Compiled] = []
        for program in self._programs:
            asked, may_ask_more = self._ask(program, found)
            missing |= asked
            if asked and may_ask_more:
                open_programs.append(program)
        self._programs = open_programs
        return missing

    def _ask(self, program: Compiled, found: Found) -> tuple[AbstractSet[Asked], bool]:
        """What one program misses, and whether it may ask for more when that is found.

        It may where it failed, or has several calls: what one finds can decide what another looks
        up. The keys of a single call hang on nothing that it finds.
        """
        missing: set[Asked] = set()

        def find(table: str, key: str) -> Row | None:
            asked = table, key
            if asked in found:
                return found[asked]
            missing.add(asked)
            return None

        try:
            program.run(self._document, find, self._raw)
        except FAILURES:
            return missing, True
        return missing, program.needs[Need.REFERENCE] > 1
