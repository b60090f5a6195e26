"""One expression: parsed and checked when its document is read, evaluated for each event."""

from functools import lru_cache
from typing import Any

from jmespath.exceptions import JMESPathError

from switchboard.errors import EventError
from switchboard.mapping.compiled import Compiled, Failure
from switchboard.mapping.compiling import compile_value
from switchboard.mapping.grammar import parse
from switchboard.mapping.values import Impossible, type_name

FAILURES = (JMESPathError, Impossible, ArithmeticError, RecursionError, TypeError, ValueError)
"""What a value can make an expression raise."""


class Expression:
    """A compiled expression; it is a value of its text."""

    def __init__(self, text: str, compiled: Compiled) -> None:
        self.text = text
        self._compiled = compiled
        self._run = compiled.run

    def evaluate(self, document: dict[str, Any]) -> Any:
        """The expression's value on `document`, a JSON object.

        Raises:
            EventError: a function met a value that it cannot take.
        """
        try:
            return self._run(document)
        except FAILURES as error:
            raise EventError(why(self.text, self._compiled.failure(error), error)) from None


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> Expression:
    """Parse `text`, check its functions, length and depth, and compile it.

    Raises:
        ConfigurationError: naming the position, and what was meant if it is close.
    """
    return Expression(text, compile_value(parse(text)))


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
