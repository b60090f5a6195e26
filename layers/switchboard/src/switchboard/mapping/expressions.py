"""One expression: parsed and checked when its document is read, evaluated for each event."""

import difflib
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, ParseError
from jmespath.visitor import Options

from switchboard.errors import ConfigurationError, EventError
from switchboard.mapping.functions import OurFunctions, Unmappable, function_names

LONGEST = 1024
DEEPEST = 32


class Expression:
    """A compiled expression; it is a value of its text."""

    def __init__(self, text: str, parsed: Any) -> None:
        self.text = text
        self._parsed = parsed
        self._options = Options(custom_functions=OurFunctions())

    def evaluate(self, document: dict[str, Any]) -> Any:
        """The expression's value on `document`, a JSON object.

        Raises:
            EventError: a function met a value that it cannot take.
        """
        try:
            return self._parsed.search(document, options=self._options)
        except (JMESPathError, Unmappable) as error:
            raise EventError(f"evaluating {self.text!r}: {_readable(error)}") from None
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise EventError(
                f"evaluating {self.text!r}: a value it cannot work with ({type(error).__name__})"
            ) from None


def compile_expression(text: str) -> Expression:
    """Parse `text` and check its functions, length and depth.

    Raises:
        ConfigurationError: naming the position, and what was meant if it is close.
    """
    if len(text) > LONGEST:
        raise ConfigurationError(
            f"an expression has {len(text)} characters, at most {LONGEST} are taken: {text[:40]!r}…"
        )
    try:
        parsed = jmespath.compile(text)
    except ParseError as error:
        position = getattr(error, "lex_position", None)
        where = f" at position {position + 1}" if isinstance(position, int) else ""
        raise ConfigurationError(f"the expression {text!r} cannot be parsed{where}") from None
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"the expression {text!r} cannot be parsed: {_readable(error)}"
        ) from None
    _check(parsed.parsed, text)
    return Expression(text, parsed)


def _check(root: Any, text: str) -> None:
    """Refuse unknown functions and depth, without recursion of our own."""
    known = function_names()
    level = [root]
    for _ in range(DEEPEST):
        for node in level:
            if node.get("type") == "function_expression" and node["value"] not in known:
                raise ConfigurationError(_unknown_function(node["value"], text, known))
        level = [
            child for node in level for child in node.get("children", []) if isinstance(child, dict)
        ]
        if not level:
            return
    raise ConfigurationError(f"the expression {text[:40]!r}… is deeper than {DEEPEST} levels")


def _unknown_function(name: str, text: str, known: frozenset[str]) -> str:
    position = text.find(name) + 1
    close = difflib.get_close_matches(name, sorted(known), n=1)
    meant = f"; did you mean {close[0]}()?" if close else ""
    return f"the expression {text!r} calls {name}() at position {position}, which is unknown{meant}"


def _readable(error: Exception) -> str:
    """The library's messages without the offending value, which may be personal data."""
    function = getattr(error, "function_name", None)
    actual = getattr(error, "actual_type", None)
    expected = getattr(error, "expected_types", None)
    if function and actual and expected:
        return f"{function}() takes {' or '.join(expected)}, and found {actual}"
    return str(error).split("\n", 1)[0][:200]
