"""Durations: seconds inside, and as a person reads them."""

import re
from typing import Any

from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, number, whole

_CLOCK = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,2}):([0-9]{1,2}(?:\.[0-9]{1,6})?)", re.ASCII)


def hhmmss(value: Any) -> str | None:
    """`01:02:03` of seconds; hours grow past 24, and a negative duration keeps its sign."""
    seconds = number(value)
    if seconds is None:
        return None
    minutes, left = divmod(abs(int(seconds)), 60)
    written = "%02d:%02d:%02d" % (minutes // 60, minutes % 60, left)  # noqa: UP031 - a third faster
    return f"-{written}" if seconds < 0 else written


def minutes(value: Any) -> float | None:
    """Seconds as minutes, to two places."""
    seconds = number(value)
    if seconds is None:
        return None
    rounded = round(seconds / 60, 2)
    return int(rounded) if rounded.is_integer() else rounded


def seconds(value: Any) -> float | None:
    """Seconds of a clock such as `01:02:03` or `02:03`; a number of seconds stays what it is."""
    clock = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if clock is None:
        found = number(value)
        return None if found is None else whole(found)
    if int(clock[2]) > 59 or float(clock[3]) >= 60:
        raise Impossible("takes a clock such as 01:02:03, and found minutes or seconds above 59")
    return whole(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3]))


FUNCTIONS = (
    Function(
        "hhmmss",
        hhmmss,
        1,
        1,
        (
            gives("hhmmss(`3723`)", "01:02:03"),
            gives("hhmmss('90')", "00:01:30"),
            gives("hhmmss(`-5`)", "-00:00:05"),
            gives("hhmmss(`360000`)", "100:00:00"),
            gives("hhmmss(nothing)", None),
            refused("hhmmss('soon')", "takes a number, and found a text that is none"),
            refused("hhmmss(`[]`)", "takes a number, and found an array"),
        ),
    ),
    Function(
        "minutes",
        minutes,
        1,
        1,
        (
            gives("minutes(`90`)", 1.5),
            gives("minutes('60')", 1),
            gives("minutes(`100`)", 1.67),
            gives("minutes(nothing)", None),
            refused("minutes(`{}`)", "takes a number, and found an object"),
        ),
    ),
    Function(
        "seconds",
        seconds,
        1,
        1,
        (
            gives("seconds('01:02:03')", 3723),
            gives("seconds('02:03')", 123),
            gives("seconds('90')", 90),
            gives("seconds(`1.5`)", 1.5),
            gives("seconds(nothing)", None),
            refused("seconds('00:99')", "minutes or seconds above 59"),
            refused("seconds(`[]`)", "takes a number, and found an array"),
        ),
    ),
)
