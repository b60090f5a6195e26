"""Values of 8x8's stream, whose JSON types float from one event to the next.

What looks like a number or a boolean loses its quotes, value by value: `"SALE"` and `1000`,
`"0123"` and `5551234567`, `true` and `"true"`. Every scalar is therefore a text first. Nothing
here raises for what it finds.
https://developer.8x8.com/actions-events/docs/streaming/field-reference
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from switchboard.sources.payloads import SECONDS_BELOW

NOT_THERE = frozenset({"", "N/A", "null"})
LARGEST = 2**63 - 1

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_BETWEEN = re.compile(r"[,;]")
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


def text(value: object) -> str | None:
    """A scalar as the text it was before it lost its quotes; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def named(value: object) -> str | None:
    """A scalar that says something: not empty, and not one of the words for nothing."""
    found = text(value)
    return None if found is None or found.strip() in NOT_THERE else found


def lower(value: object) -> str | None:
    """What it says, in small letters: 8x8's words come in several cases."""
    found = named(value)
    return None if found is None else found.lower()


def inside(fields: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under a key; an empty one where there is none."""
    found = fields.get(key)
    return found if isinstance(found, dict) else {}


def unless_empty(**fields: Any) -> dict[str, Any] | None:
    """`fields`, if one of them says something."""
    return fields if any(value is not None for value in fields.values()) else None


def integer(value: object) -> int | None:
    """A whole number of at most 64 bits, written with quotes or without."""
    if type(value) is int:  # the usual case, asked first: a bool is none of it
        return value if -LARGEST <= value <= LARGEST else None
    if isinstance(value, str):
        stripped = value.strip()
        return integer(int(stripped)) if _WHOLE.fullmatch(stripped) else None
    return integer(int(value)) if isinstance(value, float) and value.is_integer() else None


def boolean(value: object) -> bool | None:
    """A boolean, written with quotes or without, or as yes or no."""
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """A time in epoch seconds, or in milliseconds where the number is too large for them."""
    number = integer(value)
    if number is None or number <= 0:
        return None
    milliseconds = number if number >= SECONDS_BELOW else number * 1000
    if milliseconds > _LAST_MILLISECOND:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def event_time(fields: Mapping[str, Any]) -> datetime | None:
    """When the event happened, if it says so itself.

    Never `eventTS`: that is when the interaction was first offered, the same on all its events.
    """
    found = moment(fields.get("interactionEventTS")) or moment(fields.get("statusEventTS"))
    return found or moment(message_info(fields).get("timestamp"))


def message_info(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """`msgInfo`, which some events have empty or not at all."""
    return inside(fields, "msgInfo")


def message_name(fields: Mapping[str, Any]) -> str | None:
    """What names the message on every topic that carries it; None where a part is missing."""
    info = message_info(fields)
    instance = named(info.get("instanceId"))
    sequence = named(info.get("sequenceId"))
    timestamp = named(info.get("timestamp"))
    if instance is None or sequence is None or timestamp is None:
        return None
    return f"{instance}/{sequence}/{timestamp}"


def texts(value: object) -> list[str]:
    """A list, or a text with commas or semicolons between, as texts; each once, in their order."""
    parts: list[Any] = value if isinstance(value, list) else _split(text(value))
    found = ((text(part) or "").strip(" \t\"'") for part in parts)
    return list(dict.fromkeys(part for part in found if named(part)))


def _split(written: str | None) -> list[str]:
    return _BETWEEN.split((written or "").strip().removeprefix("[").removesuffix("]"))


def attached(fields: Mapping[str, Any]) -> dict[str, str]:
    """`attachedData` as a flat map of texts; of a key that is there twice, the last value."""
    found: dict[str, str] = {}
    for datum in _data(fields.get("attachedData")):
        key = named(datum.get("attachedDataKey"))
        value = text(datum.get("attachedDataValue"))
        if key is not None and value is not None:
            found[key] = value
    return found


def _data(container: object) -> Iterator[Mapping[str, Any]]:
    """Its data: a list, or the one that lost its list on the way from XML."""
    inside = container.get("attachedDatum") if isinstance(container, dict) else container
    if isinstance(inside, dict):
        inside = [inside]
    if isinstance(inside, list):
        yield from (datum for datum in inside if isinstance(datum, dict))
