"""Moments: UTC inside, a zone of the IANA database where a person reads."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from switchboard.event import utc_text
from switchboard.mapping.catalogue import Function, gives, refused
from switchboard.mapping.values import Impossible, number, whole

# Above this, a number of 8x8's is in milliseconds (as seconds it would be past the year 5000).
SECONDS_BELOW = 100_000_000_000


def utc(value: Any) -> str | None:
    """RFC 3339 in UTC with milliseconds, of a text with an offset or of epoch (milli)seconds."""
    moment = _moment(value)
    return None if moment is None else utc_text(moment)


def local_time(value: Any, zone: Any) -> str | None:
    """RFC 3339 with the offset of `zone`, to the second."""
    moment = _moment(value)
    return None if moment is None else moment.astimezone(_zone(zone)).isoformat(timespec="seconds")


def local_date(value: Any, zone: Any) -> str | None:
    """`2026-11-24`: the day it is in `zone`."""
    moment = _moment(value)
    return None if moment is None else moment.astimezone(_zone(zone)).date().isoformat()


def epoch(value: Any) -> float | None:
    """Seconds since 1970 in UTC."""
    moment = _moment(value)
    return None if moment is None else whole(moment.timestamp())


def age(value: Any, at: Any) -> float | None:
    """Seconds from the first moment to the second; `age(data.created, time)`: at the event.

    There is no clock: an event that is mapped again, or later, gives the same.
    """
    born, now = _moment(value), _moment(at)
    return None if born is None or now is None else whole((now - born).total_seconds())


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = number(value) or 0
        return datetime.fromtimestamp(
            seconds / 1000 if abs(seconds) >= SECONDS_BELOW else seconds, UTC
        )
    except (ValueError, OverflowError, OSError):
        raise Impossible("takes a time, and found a value that is none") from None


def _zone(name: Any) -> ZoneInfo:
    if not isinstance(name, str):
        raise Impossible('takes a zone, such as "Europe/Berlin"')
    return _zone_of(name)


@lru_cache(maxsize=64)
def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Impossible(f"knows no zone {name[:40]!r}") from None


FUNCTIONS = (
    Function(
        "utc",
        utc,
        1,
        1,
        (
            gives("utc(`1788250530188`)", "2026-09-01T08:15:30.188Z"),
            gives("utc(`1788250530`)", "2026-09-01T08:15:30.000Z"),
            gives("utc('1788250530')", "2026-09-01T08:15:30.000Z"),
            gives("utc('2026-09-01T10:15:30+02:00')", "2026-09-01T08:15:30.000Z"),
            gives("utc(nothing)", None),
            refused("utc('yesterday')", "takes a time, and found a value that is none"),
            refused("utc(`[]`)", "takes a number, and found an array"),
        ),
    ),
    Function(
        "local_time",
        local_time,
        2,
        2,
        (
            gives("local_time(`1788250530`, 'Europe/Berlin')", "2026-09-01T10:15:30+02:00"),
            gives(
                "local_time('2026-12-01T08:15:30Z', 'Europe/Berlin')", "2026-12-01T09:15:30+01:00"
            ),
            gives("local_time('2026-09-01T08:15:30Z', 'UTC')", "2026-09-01T08:15:30+00:00"),
            gives("local_time(nothing, 'Europe/Berlin')", None),
            refused("local_time(`0`, 'Mars/Olympus')", "knows no zone"),
            refused("local_time(`0`, `1`)", "takes a zone"),
        ),
    ),
    Function(
        "local_date",
        local_date,
        2,
        2,
        (
            gives("local_date('2026-09-01T23:30:00Z', 'Europe/Berlin')", "2026-09-02"),
            gives("local_date('2026-09-01T23:30:00Z', 'America/New_York')", "2026-09-01"),
            gives("local_date(`1788250530`, 'UTC')", "2026-09-01"),
            gives("local_date(nothing, 'UTC')", None),
            refused("local_date('soon', 'UTC')", "takes a time"),
        ),
    ),
    Function(
        "epoch",
        epoch,
        1,
        1,
        (
            gives("epoch('2026-09-01T08:15:30Z')", 1788250530),
            gives("epoch(`1788250530188`)", 1788250530.188),
            gives("epoch('1970-01-01T00:00:00Z')", 0),
            gives("epoch(nothing)", None),
            refused("epoch(`true`)", "takes a number, and found a boolean"),
        ),
    ),
    Function(
        "age",
        age,
        2,
        2,
        (
            gives("age('2026-09-01T08:15:00Z', '2026-09-01T08:15:30Z')", 30),
            gives("age(`1788250530`, '2026-09-01T08:15:30Z')", 0),
            gives("age('2026-09-02T00:00:00Z', '2026-09-01T00:00:00Z')", -86400),
            gives("age(nothing, '2026-09-01T08:15:30Z')", None),
            refused("age('soon', '2026-09-01T08:15:30Z')", "takes a time"),
        ),
    ),
)
