"""The functions that our expressions have beyond JMESPath's own.

All take null for "not there" and answer null, so that an absent field is no error. What is there
but of an impossible type raises, and the error names the function and the type it found.
"""

from collections.abc import Callable
from typing import Any

from switchboard.mapping import moments, phones
from switchboard.mapping.values import number, text, whole

LONGEST_TEXT = 64 * 1024


def coalesce(*values: Any) -> Any:
    """The first value that is neither null nor an empty text."""
    return next((value for value in values if value is not None and value != ""), None)


def when(condition: Any, then: Any, otherwise: Any = None) -> Any:
    """`then` where `condition` is true in JMESPath's sense, else `otherwise`."""
    false = condition is None or condition is False or condition in ("", [], {})
    return otherwise if false else then


def upper(value: Any) -> str | None:
    """In capitals."""
    written = text(value)
    return None if written is None else written.upper()


def lower(value: Any) -> str | None:
    """In small letters."""
    written = text(value)
    return None if written is None else written.lower()


def trim(value: Any) -> str | None:
    """Without white space at both ends."""
    written = text(value)
    return None if written is None else written.strip()


def concat(*values: Any) -> str:
    """Texts and numbers one after the other; null is left out."""
    return "".join([text(value) or "" for value in values])[:LONGEST_TEXT]


def mask(value: Any, keep: Any = 4) -> str | None:
    """All but the last `keep` characters as `*`."""
    written, kept = text(value), number(keep)
    if written is None:
        return None
    shown = max(0, min(len(written), int(kept or 0)))
    return "*" * (len(written) - shown) + written[len(written) - shown :]


def add(*values: Any) -> float | None:
    """The sum; null if any is null."""
    return _folded(values, lambda left, right: left + right)


def sub(left: Any, right: Any) -> float | None:
    """The difference."""
    return _folded((left, right), lambda a, b: a - b)


def mul(*values: Any) -> float | None:
    """The product; null if any is null."""
    return _folded(values, lambda left, right: left * right)


def div(left: Any, right: Any) -> float | None:
    """The quotient; null where the divisor is 0."""
    divisor = number(right)
    return None if divisor == 0 else _folded((left, right), lambda a, b: a / b)


def round_to(value: Any, places: Any = 0) -> float | None:
    """To `places` decimal places, halves to even."""
    rounded, digits = number(value), number(places)
    if rounded is None:
        return None
    return whole(round(float(rounded), max(-15, min(15, int(digits or 0)))))


def _folded(values: tuple[Any, ...], fold: Callable[[float, float], float]) -> float | None:
    numbers = [number(value) for value in values]
    folded: float | None = None
    for one in numbers:
        if one is None:
            return None
        # Floats bound the work: a product of huge whole numbers would grow without end.
        folded = float(one) if folded is None else fold(folded, float(one))
    return None if folded is None else whole(number(folded) or 0.0)


OURS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "e164": (phones.e164, 1, 2),
    "national": (phones.national, 1, 2),
    "country": (phones.country, 1, 2),
    "utc": (moments.utc, 1, 1),
    "local_time": (moments.local_time, 2, 2),
    "local_date": (moments.local_date, 2, 2),
    "epoch": (moments.epoch, 1, 1),
    "hhmmss": (moments.hhmmss, 1, 1),
    "minutes": (moments.minutes, 1, 1),
    "coalesce": (coalesce, 1, 16),
    "when": (when, 2, 3),
    "upper": (upper, 1, 1),
    "lower": (lower, 1, 1),
    "trim": (trim, 1, 1),
    "concat": (concat, 1, 32),
    "mask": (mask, 1, 2),
    "add": (add, 2, 16),
    "sub": (sub, 2, 2),
    "mul": (mul, 2, 16),
    "div": (div, 2, 2),
    "round": (round_to, 1, 2),
}
"""Each function with the fewest and the most values it takes."""
