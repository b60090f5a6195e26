"""Reading a body: JSON objects only, and times as vendors write them."""

import json
from datetime import UTC, datetime
from typing import Any, NoReturn

from switchboard.errors import EventError
from switchboard.event import digest

# As seconds this is past the year 5000: a larger number is in milliseconds.
SECONDS_BELOW = 100_000_000_000


def read_object(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        EventError: saying why it is none.
    """
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        payload = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise EventError("reading the body: it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise EventError(
            f"reading the body: it is not JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except (RecursionError, ValueError):
        raise EventError("reading the body: its JSON nests or counts too far") from None
    if not isinstance(payload, dict):
        raise EventError(f"reading the body: it is JSON, but {json_type(payload)}, not an object")
    return payload


def _refuse_constant(name: str) -> NoReturn:
    raise EventError(f"reading the body: {name} is no JSON")


def json_type(value: object) -> str:
    """The JSON name of a value's type, for messages."""
    if value is None:
        return "null"
    names = {bool: "a boolean", dict: "an object", list: "an array", str: "a text"}
    return names.get(type(value), "a number")


def read_time(value: object, what: str) -> datetime:
    """A moment from epoch seconds or milliseconds (number or text) or RFC 3339.

    Raises:
        EventError: naming `what`, and what was found.
    """
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            number = float(value)
            scaled = number / 1000 if abs(number) >= SECONDS_BELOW else number
            return datetime.fromtimestamp(scaled, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise EventError(f"reading {what}: it is {json_type(value)} that is no time")


def weak_id(body: bytes, signed_at: float | None) -> str:
    """An id for a payload that has none: two equal payloads of one moment are one event."""
    return digest(body.decode("utf-8", "replace"), str(signed_at))


def identifier(value: object) -> str | None:
    """An id as text; numbers count, and what is empty or of another type does not."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None
