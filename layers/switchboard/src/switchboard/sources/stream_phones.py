"""Telephone numbers in the stream's events: E.164, or why not, and what came."""

from collections.abc import Mapping
from typing import Any

from switchboard.phone import parse
from switchboard.sources.stream_fields import named

_SPOKEN = frozenset({None, "phone"})


def customer_phone(written: str | None, region: str) -> dict[str, str | None]:
    """The customer's number, as the fields of `customer`."""
    if written is None:
        return dict.fromkeys(("phone", "phone_extension", "phone_reason", "phone_written"))
    number, extension, reason = parse(written, region)
    return {
        "phone": number,
        "phone_extension": extension,
        "phone_reason": reason and reason.value,
        "phone_written": written,
    }


def dialled(channel: str | None, media: str | None, region: str) -> dict[str, str | None] | None:
    """The number that was called; None of a channel that is none."""
    if channel is None:
        return None
    found = _number(channel, region)
    return found if media in _SPOKEN or found["phone"] is not None else None


def agent_phone(fields: Mapping[str, Any], region: str) -> dict[str, str | None] | None:
    """Where the agent's telephone rings: `agentTreatedPhone` is what 8x8 made of `agentPhone`."""
    own = named(fields.get("agentPhone"))
    treated = named(fields.get("agentTreatedPhone"))
    if own is None or treated is None:
        return None if own is treated else _number(treated or own or "", region)
    found = _number(treated, region)
    return found if found["phone"] is not None else _number(own, region)


def _number(written: str, region: str) -> dict[str, str | None]:
    number, extension, reason = parse(written, region)
    return {
        "phone": number,
        "extension": extension,
        "reason": reason and reason.value,
        "written": written,
    }
