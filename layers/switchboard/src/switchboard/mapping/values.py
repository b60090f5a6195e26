"""What the functions take: JSON values, with 8x8's habit of sending numbers as texts."""

import math
from typing import Any


class Impossible(Exception):
    """A value of a type that a function cannot take; the message says which it found."""


def number(value: Any) -> float | None:
    """A number, or a text that is one; null and empty texts are null.

    Raises:
        Impossible: anything else, and what is not finite.
    """
    kind = type(value)
    if kind is int:
        return value  # type: ignore[no-any-return]  # it is one
    if value is None or value == "":
        return None
    if kind is not str and kind is not float:
        raise Impossible(f"takes a number, and found {type_name(value)}")
    try:
        read = float(value)
        finite = math.isfinite(read)
    except (ValueError, OverflowError):
        raise Impossible("takes a number, and found a text that is none") from None
    if not finite:
        raise Impossible("takes a number, and found one that is not finite")
    return read


def text(value: Any) -> str | None:
    """A text, or a number written as one; null is null.

    Raises:
        Impossible: anything else.
    """
    kind = type(value)
    if kind is str or value is None:
        return value  # type: ignore[no-any-return]  # it is one
    if kind is not int and kind is not float:
        raise Impossible(f"takes a text, and found {type_name(value)}")
    return str(value)


def type_name(value: Any) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    names = {
        bool: "a boolean",
        dict: "an object",
        float: "a number",
        int: "a number",
        list: "an array",
        str: "a text",
    }
    return names.get(type(value), "an expression")


def whole(value: float) -> float:
    """3.0 as 3: what is whole looks whole in the output."""
    return int(value) if float(value).is_integer() else value
