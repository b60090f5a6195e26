"""One value out of several."""

from typing import Any

from switchboard.mapping.catalogue import Function, gives
from switchboard.mapping.values import Impossible


def coalesce(*values: Any) -> Any:
    """The first value that is neither null nor an empty text."""
    return next((value for value in values if value is not None and value != ""), None)


def when(condition: Any, then: Any, otherwise: Any = None) -> Any:
    """The second value where the first is true, else the third, else null.

    False are null, `false`, and what is empty; 0 is true, as everywhere in JMESPath.
    """
    false = condition is None or condition is False or condition in ("", [], {})
    return otherwise if false else then


def case(value: Any, *choices: Any) -> Any:
    """What stands behind the first choice that equals the value, else the last one, else null.

    `case(state, 'in', 'Inbound', 'out', 'Outbound', 'Unknown')`: choices and results by turns, and
    at the end what is given for all others. A number equals the text that is written alike.
    """
    if len(choices) < 2:
        raise Impossible("takes a value, then choices and results by turns")
    for choice, result in zip(choices[::2], choices[1::2], strict=False):
        if _same(value, choice):
            return result
    return choices[-1] if len(choices) % 2 else None


def _same(value: Any, choice: Any) -> bool:
    if isinstance(value, bool) or isinstance(choice, bool):
        return value is choice
    scalar = isinstance(value, int | float | str) and isinstance(choice, int | float | str)
    return str(value) == str(choice) or value == choice if scalar else bool(value == choice)


FUNCTIONS = (
    Function(
        "coalesce",
        coalesce,
        1,
        16,
        (
            gives("coalesce(nothing, '', 'third')", "third"),
            gives("coalesce('first', 'second')", "first"),
            gives("coalesce(`0`, `1`)", 0),
            gives("coalesce(`[]`, 'second')", []),
            gives("coalesce(nothing)", None),
        ),
    ),
    Function(
        "when",
        when,
        2,
        3,
        (
            gives("when(`true`, 'yes', 'no')", "yes"),
            gives("when('x' == 'y', 'yes', 'no')", "no"),
            gives("when(nothing, 'yes', 'no')", "no"),
            gives("when(`0`, 'yes', 'no')", "yes"),
            gives("when(`[]`, 'yes')", None),
        ),
    ),
    Function(
        "case",
        case,
        3,
        32,
        (
            gives("case('in', 'in', 'Inbound', 'out', 'Outbound')", "Inbound"),
            gives("case('up', 'in', 'Inbound', 'out', 'Outbound', 'Unknown')", "Unknown"),
            gives("case('up', 'in', 'Inbound')", None),
            gives("case('3', `3`, 'three')", "three"),
            gives("case(nothing, 'in', 'Inbound', 'Unknown')", "Unknown"),
            gives("case(`[1]`, `[1]`, 'a list')", "a list"),
        ),
    ),
)
