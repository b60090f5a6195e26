"""What sources have in common whose payloads are not known beforehand: their documents say."""

import re
from typing import Any

from switchboard.errors import ConfigurationError, EventError
from switchboard.mapping import compile_expression
from switchboard.sources.payloads import identifier

_SAFE = re.compile(r"[^A-Za-z0-9_.-]")


def checked_expression(text: str | None) -> str | None:
    """`text`, for a document's field that is an expression; ValueError if it is broken."""
    if text is not None:
        try:
            compile_expression(text)
        except ConfigurationError as error:
            raise ValueError(str(error)) from None
    return text


def found(expression: str | None, payload: dict[str, Any]) -> Any:
    """The value of an optional expression on a payload."""
    return None if expression is None else compile_expression(expression).evaluate(payload)


def found_id(expression: str | None, payload: dict[str, Any], what: str) -> str | None:
    """An id by expression; null where it is absent.

    Raises:
        EventError: it is there, but no text or whole number.
    """
    value = found(expression, payload)
    if value is None or value == "":
        return None
    text = identifier(value)
    if text is None:
        raise EventError(f"reading {what}: {expression!r} is neither a text nor a whole number")
    return text


def canonical_type(name: Any, source: str) -> str:
    """The event's own type, made safe; without one, one that names the source."""
    text = identifier(name)
    return _SAFE.sub("_", text)[:128] if text else f"{source}.received"
