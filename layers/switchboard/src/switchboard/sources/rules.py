"""Payloads that nobody knows beforehand: the source's document says where things are in them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator

from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event, event_id, group_of
from switchboard.mapping import Expression, compile_expression
from switchboard.sources.kind import Received
from switchboard.sources.payloads import identifier, json_type, kept_id

_UNSAFE = re.compile(r"[^A-Za-z0-9_.:-]")
LONGEST_TYPE = 128


def _checked(text: str) -> str:
    try:
        compile_expression(text)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return text


Rule = Annotated[str, AfterValidator(_checked)]
"""A JMESPath expression over the payload."""


@cache
def _compiled(text: str) -> Expression:
    return compile_expression(text)


def found(rule: str | None, payload: dict[str, Any]) -> Any:
    """What an optional rule finds in a payload; null without one.

    Raises:
        EventError: a function of the rule met a value it cannot take.
    """
    return None if rule is None else _compiled(rule).evaluate(payload)


def found_id(rule: str | None, payload: dict[str, Any], what: str) -> str | None:
    """The id that a rule finds; None where it is absent or empty.

    Raises:
        EventError: it is there, but neither a text nor a whole number.
    """
    value = found(rule, payload)
    if value is None or value == "":
        return None
    text = identifier(value)
    if text is None:
        raise EventError(
            f"reading {what}: {rule!r} gives {json_type(value)}, not a text or a whole number"
        )
    return text


def safe_type(name: Any, source: str) -> str:
    """The sender's own type, made safe; without one, a type that names the source."""
    text = identifier(name)
    return _UNSAFE.sub("_", text)[:LONGEST_TYPE] if text else f"{source}.received"


def signed_time(signed_at: float | None, now: float) -> datetime:
    """The time of an event that says none itself: when it was signed, else received."""
    return datetime.fromtimestamp(now if signed_at is None else signed_at, UTC)


def named_event(source: str, own_id: str | None, weak: Callable[[], str], **fields: Any) -> Event:
    """An event under its sender's id, or under one made from its payload."""
    named = own_id or weak()
    return Event(
        id=event_id(source, named),
        source=source,
        sourceeventid=kept_id(named),
        weakid=own_id is None,
        **fields,
    )


def ordered(event: Event, interaction: str | None) -> Received:
    """The event with its ordering key."""
    return Received(event, group_of(event.id, event.time, interaction=interaction))
