"""Compiled source that can be run, and where in which field something in it fails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from jmespath.exceptions import JMESPathError

from switchboard.mapping.catalogue import Find, Need
from switchboard.mapping.values import Impossible

Run: TypeAlias = Callable[[Any, Find, Any], Any]
"""Takes a JSON value, and what is given beside the event: rows of reference data, the payload."""

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
    """Compiled expressions, made once.

    `needs` is what they take of that which is given to `run`, and how many of their calls do.
    """

    def __init__(
        self,
        source: str,
        constants: Mapping[str, Any],
        needs: Mapping[Need, int],
        places: Mapping[int, Place],
    ) -> None:
        self.source = source
        self.needs = needs
        self._places = places
        self._namespace: dict[str, Any] = {"__builtins__": KNOWN_BUILTINS}
        exec(compile(source, "<mapping>", "exec"), self._namespace)  # noqa: S102 - names of our own
        self.run: Run = self._namespace["make"](**constants)

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


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next
