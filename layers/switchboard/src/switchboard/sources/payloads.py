"""Reading a body: JSON objects only, and ids and times as vendors write them."""

import json
import math
from datetime import UTC, datetime
from typing import Any, NoReturn

from switchboard.errors import EventError
from switchboard.event import digest, utc_milliseconds

# As seconds this is past the year 5000: a larger number is in milliseconds.
SECONDS_BELOW = 100_000_000_000
DEEPEST = 100
LONGEST_ID = 256


def read_object(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a body; a byte order mark before it is skipped.

    Raises:
        EventError: saying why it is none.
    """
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        payload = _DECODER.decode(text.removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise EventError("reading the body: it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise EventError(
            f"reading the body: it is not JSON (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # Python's limit on the digits of an integer is the one other ValueError json raises.
        raise EventError("reading the body: it holds a number of too many digits") from None
    if not isinstance(payload, dict):
        raise EventError(f"reading the body: it is JSON, but {json_type(payload)}, not an object")
    if text.count("{") + text.count("[") > DEEPEST:
        _check_depth(payload)
    return payload


def _refuse_constant(name: str) -> NoReturn:
    raise EventError(f"reading the body: {name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise EventError("reading the body: it holds a number that is too large")
    return number


# Made once: `json.loads` makes one for each call that has options.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _check_depth(payload: Any) -> None:
    """Refuse what later steps, which recurse, could not write again."""
    level = [payload]
    for _ in range(DEEPEST):
        children: list[Any] = []
        for value in level:
            inside = value.values() if isinstance(value, dict) else value
            children.extend(child for child in inside if isinstance(child, dict | list))
        if not children:
            return
        level = children
    raise _too_deep()


def _too_deep() -> EventError:
    return EventError(f"reading the body: its JSON is deeper than {DEEPEST} levels")


def json_type(value: object) -> str:
    """The JSON name of a value's type, for messages."""
    if value is None:
        return "null"
    names = {bool: "a boolean", dict: "an object", list: "an array", str: "a text"}
    return names.get(type(value), "a number")


def read_time(value: object, what: str) -> datetime:
    """A moment, to the millisecond, from epoch seconds or milliseconds or from RFC 3339.

    Raises:
        EventError: naming `what`, and what was found.
    """
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            moment = datetime.fromisoformat(value)
            return utc_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            number = float(value)
            scaled = number / 1000 if abs(number) >= SECONDS_BELOW else number
            return utc_milliseconds(datetime.fromtimestamp(scaled, UTC))
    except (ValueError, OverflowError, OSError):
        pass
    raise EventError(f"reading {what}: it is {json_type(value)} that is no time")


def read_time_or(value: object, otherwise: datetime) -> datetime:
    """A moment, or `otherwise` where there is none to read."""
    try:
        return read_time(value, "a time")
    except EventError:
        return otherwise


def weak_id(body: bytes, signed_at: float | None) -> str:
    """An id for a payload that has none: two equal payloads of one moment are one event."""
    return digest(body.decode("utf-8", "replace"), str(signed_at))


def identifier(value: object) -> str | None:
    """An id as text; whole numbers count, and what is empty or of another type does not."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def kept_id(text: str) -> str:
    """`text` as it may travel with its event: hashed where it is too long, or no Unicode text."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "hash:" + digest(text)
    return text if len(text) <= LONGEST_ID else "hash:" + digest(text)
