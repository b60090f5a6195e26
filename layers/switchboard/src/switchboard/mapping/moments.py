"""Moments and durations: UTC inside, a zone of the IANA database where a person reads."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from switchboard.event import utc_text
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


def hhmmss(value: Any) -> str | None:
    """`01:02:03` of seconds; hours grow past 24, and a negative duration keeps its sign."""
    seconds = number(value)
    if seconds is None:
        return None
    sign, left = ("-" if seconds < 0 else ""), abs(int(seconds))
    return f"{sign}{left // 3600:02d}:{left // 60 % 60:02d}:{left % 60:02d}"


def minutes(value: Any) -> float | None:
    """Seconds as minutes, to two places."""
    seconds = number(value)
    return None if seconds is None else whole(round(seconds / 60, 2))


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
