"""Arithmetic, which JMESPath lacks. Null is "not known" and makes null."""

from collections.abc import Callable
from typing import Any

from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, number, text, whole


def add(*values: Any) -> float | None:
    """The sum; null if any is null."""
    return _folded(values, lambda left, right: left + right)


def sub(left: Any, right: Any) -> float | None:
    """The difference; null if any is null."""
    return _folded((left, right), lambda a, b: a - b)


def mul(*values: Any) -> float | None:
    """The product; null if any is null."""
    return _folded(values, lambda left, right: left * right)


def div(left: Any, right: Any) -> float | None:
    """The quotient; null if any is null, or the divisor 0."""
    divisor = number(right)
    return None if divisor == 0 else _folded((left, right), lambda a, b: a / b)


def round_to(value: Any, places: Any = 0) -> float | None:
    """The number to so many decimal places, halves to even."""
    rounded, digits = number(value), number(places)
    if rounded is None:
        return None
    return whole(round(float(rounded), max(-15, min(15, int(digits or 0)))))


def min_of(*values: Any) -> float | None:
    """The least of the numbers that are there; null if none is."""
    there = [one for value in values if (one := number(value)) is not None]
    return whole(min(there)) if there else None


def max_of(*values: Any) -> float | None:
    """The greatest of the numbers that are there; null if none is."""
    there = [one for value in values if (one := number(value)) is not None]
    return whole(max(there)) if there else None


def between(value: Any, low: Any, high: Any) -> bool | None:
    """Whether a number is neither below `low` nor above `high`; null if any is null."""
    one, least, most = number(value), number(low), number(high)
    if one is None or least is None or most is None:
        return None
    return least <= one <= most


def band(value: Any, *bounds: Any) -> str | None:
    """The name of the first band whose upper bound is above the number, else the last name.

    `band(seconds, 30, 'short', 120, 'long', 'too long')`: bounds and names by turns.
    """
    if len(bounds) % 2 == 0:
        raise Impossible("takes a number, then bounds and names by turns, and a name for the rest")
    one = number(value)
    if one is None:
        return None
    for bound, name in zip(bounds[:-1:2], bounds[1::2], strict=True):
        limit = number(bound)
        if limit is not None and one < limit:
            return text(name)
    return text(bounds[-1])


def _folded(values: tuple[Any, ...], fold: Callable[[float, float], float]) -> float | None:
    numbers = [number(value) for value in values]
    folded: float | None = None
    for one in numbers:
        if one is None:
            return None
        # Floats bound the work: a product of huge whole numbers would grow without end.
        folded = float(one) if folded is None else fold(folded, float(one))
    return None if folded is None else whole(number(folded) or 0.0)


FUNCTIONS = (
    Function(
        "add",
        add,
        2,
        16,
        (
            gives("add(`1`, `2`)", 3),
            gives("add(`1`, '2', `3.5`)", 6.5),
            gives("add(`0.5`, `0.5`)", 1),
            gives("add(`1`, nothing)", None),
            refused("add(`1`, 'two')", "takes a number, and found a text that is none"),
        ),
    ),
    Function(
        "sub",
        sub,
        2,
        2,
        (
            gives("sub(`5`, `3`)", 2),
            gives("sub('5', `7.5`)", -2.5),
            gives("sub(`5`, nothing)", None),
            gives("sub('', `5`)", None),
            refused("sub(`5`, `true`)", "takes a number, and found a boolean"),
        ),
    ),
    Function(
        "mul",
        mul,
        2,
        16,
        (
            gives("mul(`2`, `3`)", 6),
            gives("mul('60', `1.5`)", 90),
            gives("mul(`2`, `3`, `4`)", 24),
            gives("mul(`2`, nothing)", None),
            refused("mul(`2`, `[]`)", "takes a number, and found an array"),
        ),
    ),
    Function(
        "div",
        div,
        2,
        2,
        (
            gives("div(`7`, `2`)", 3.5),
            gives("div('90', '60')", 1.5),
            gives("div(`7`, `0`)", None),
            gives("div(nothing, `2`)", None),
            refused("div(`{}`, `2`)", "takes a number, and found an object"),
        ),
    ),
    Function(
        "round",
        round_to,
        1,
        2,
        (
            gives("round(`2.567`, `2`)", 2.57),
            gives("round(`2.5`)", 2),
            gives("round('3.5')", 4),
            gives("round(`1234`, `-2`)", 1200),
            gives("round(nothing)", None),
            refused("round('soon')", "takes a number, and found a text that is none"),
        ),
    ),
    Function(
        "min_of",
        min_of,
        1,
        16,
        (
            gives("min_of(`3`, `2`)", 2),
            gives("min_of('3', `20`)", 3),
            gives("min_of(nothing, `2`)", 2),
            gives("min_of(nothing)", None),
            refused("min_of(`[1, 2]`)", "takes a number, and found an array"),
        ),
    ),
    Function(
        "max_of",
        max_of,
        1,
        16,
        (
            gives("max_of(`3`, `2`)", 3),
            gives("max_of('3', `20`)", 20),
            gives("max_of(`-1`, `0`)", 0),
            gives("max_of(nothing, nothing)", None),
            refused("max_of(`{}`)", "takes a number, and found an object"),
        ),
    ),
    Function(
        "between",
        between,
        3,
        3,
        (
            gives("between(`5`, `1`, `10`)", True),
            gives("between('10', `1`, `10`)", True),
            gives("between(`11`, `1`, `10`)", False),
            gives("between(nothing, `1`, `10`)", None),
            refused("between('x', `1`, `10`)", "takes a number, and found a text that is none"),
        ),
    ),
    Function(
        "band",
        band,
        4,
        32,
        (
            gives("band(`10`, `30`, 'short', `120`, 'long', 'too long')", "short"),
            gives("band(`30`, `30`, 'short', `120`, 'long', 'too long')", "long"),
            gives("band('500', `30`, 'short', `120`, 'long', 'too long')", "too long"),
            gives("band(nothing, `30`, 'short', 'long')", None),
            refused("band(`1`, `30`, 'short', `120`, 'long')", "a name for the rest"),
            refused("band(`true`, `30`, 'short', 'long')", "found a boolean"),
        ),
    ),
)
