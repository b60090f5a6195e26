"""One expression: parsed and checked when its document is read, evaluated for each event."""

from functools import lru_cache
from typing import Any

from switchboard.errors import EventError
from switchboard.mapping.catalogue import Need
from switchboard.mapping.compiled import FAILURES, Compiled, Failure
from switchboard.mapping.compiling import compile_value
from switchboard.mapping.given import NOTHING, Asking, Given
from switchboard.mapping.grammar import parse
from switchboard.mapping.values import Impossible, type_name

IN_PREDICATES = frozenset({Need.REFERENCE})
"""What the predicates of destinations may take beside the event."""


class Expression:
    """A compiled expression; it is a value of its text."""

    def __init__(self, text: str, compiled: Compiled) -> None:
        self.text = text
        self.asking = Asking([compiled] if Need.REFERENCE in compiled.needs else [])
        self._compiled = compiled

    def evaluate(self, document: dict[str, Any], given: Given = NOTHING) -> Any:
        """The expression's value on `document`, a JSON object, with what is `given` beside it.

        Raises:
            EventError: a function met a value that it cannot take.
        """
        try:
            return self._compiled.run(document, given.find, given.raw)
        except FAILURES as error:
            raise EventError(why(self.text, self._compiled.failure(error), error)) from None


@lru_cache(maxsize=1024)
def compile_expression(text: str, allowed: frozenset[Need] = frozenset()) -> Expression:
    """Parse `text`, check its functions, length and depth, and compile it.

    It may call what takes one of `allowed` beside its values.

    Raises:
        ConfigurationError: naming the position, and what was meant if it is close.
    """
    return Expression(text, compile_value(parse(text, allowed)))


def why(text: str, failure: Failure | None, error: Exception) -> str:
    """What failed where, without the offending value, which may be personal data."""
    if failure is None:
        return f"evaluating {text!r}: a value it cannot work with ({type(error).__name__})"
    place = failure.place
    where = "" if place.start is None else f" at position {place.start + 1}"
    return f"evaluating {text!r}{where}: {_reason(failure, error)}"


def _reason(failure: Failure, error: Exception) -> str:
    what = failure.place.what
    if isinstance(error, Impossible):
        return f"{what} {error}"
    function = getattr(error, "function_name", None)
    actual = getattr(error, "actual_type", None)
    expected = getattr(error, "expected_types", None)
    if function and actual and expected:
        return f"{function}() takes {' or '.join(expected)}, and found {actual}"
    if isinstance(error, TypeError) and failure.values:
        found = " and ".join(type_name(value) for value in failure.values)
        return f"{what} takes two numbers or two texts, and found {found}"
    return f"{what} found a value it cannot work with ({type(error).__name__})"
