"""Compiled source that can be run, and where in which field something in it fails."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from jmespath.exceptions import JMESPathError

from switchboard.mapping.catalogue import Find, Function, Need, Row
from switchboard.mapping.values import Impossible

FAILURES = (JMESPathError, Impossible, ArithmeticError, RecursionError, TypeError, ValueError)
"""What a value can make an expression raise."""

KNOWN_BUILTINS = {
    one.__name__: one for one in (bool, dict, float, int, isinstance, len, list, str, type)
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which field something fails, what it calls or compares, and the names it reads."""

    field: str
    start: int | None
    what: str
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed in which field. `values` are those that were compared."""

    field: str
    place: Place
    values: tuple[Any, ...]


class Compiled:
    """Compiled expressions: `run` takes a JSON value, and finds nothing that is beside it.

    `beside` are the functions whose first value is given for each event, by their constants' names.
    """

    def __init__(
        self,
        source: str,
        constants: Mapping[str, Any],
        beside: Mapping[str, Function],
        places: Mapping[int, Place],
    ) -> None:
        self.source = source
        self.needs: AbstractSet[Need | None] = {function.needs for function in beside.values()}
        self._constants = constants
        self._beside = beside
        self._places = places
        self._namespace: dict[str, Any] = {"__builtins__": KNOWN_BUILTINS}
        exec(compile(source, "<mapping>", "exec"), self._namespace)  # noqa: S102 - names of our own
        self.run = self._made(no_row, None)

    def given(self, find: Find, raw: Any) -> Callable[[Any], Any]:
        """`run` with what is given beside one event."""
        return self._made(find, raw) if self._beside else self.run

    def _made(self, find: Find, raw: Any) -> Callable[[Any], Any]:
        given = {Need.REFERENCE: find, Need.RAW: raw}
        bound = {
            name: partial(function.call, given[function.needs])
            for name, function in self._beside.items()
            if function.needs is not None
        }
        run: Callable[[Any], Any] = self._namespace["make"](**self._constants, **bound)
        return run

    def failure(self, error: Exception) -> Failure | None:
        """Where `error`, raised by `run`, comes from; None: from nowhere in an expression."""
        found = [
            (place, frame)
            for frame in _frames(error.__traceback__)
            if frame.tb_frame.f_globals is self._namespace
            and (place := self._places.get(frame.tb_lineno)) is not None
        ]
        if not found:
            return None
        place, frame = found[-1]
        seen = frame.tb_frame.f_locals
        return Failure(
            found[0][0].field, place, tuple(seen[name] for name in place.operands if name in seen)
        )


def no_row(table: str, key: str) -> Row | None:  # noqa: ARG001 - see Find
    """Where no reference data is given."""
    return None


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
