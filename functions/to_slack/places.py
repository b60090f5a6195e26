"""Where a delivery goes in Slack, and how the ledger names that. Pure.

A receipt's name is `channel/ts`, or `channel/ts/thread` for a message in a thread. A reference is
`channel:seconds:thread:digest`: where a message was sent, since when it may be there, and which
deliveries were in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.to_slack.settings import CHANNEL_PATTERN, SlackDocument
from switchboard.destination import Delivery
from switchboard.errors import EventError
from switchboard.event import as_document, digest
from switchboard.mapping import compile_expression

_CHANNEL = re.compile(CHANNEL_PATTERN)
_NAME = re.compile(r"([A-Z0-9]+)/(\d+\.\d+)(?:/(\d+\.\d+))?")
_PLACE = re.compile(r"([A-Z0-9]+):(\d+):((?:\d+\.\d+)?):[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A channel, and the thread in it. `is_fixed`: the document names it, and not the event."""

    channel: str
    thread: str = ""
    is_fixed: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message was sent, not before `since` (epoch seconds)."""

    channel: str
    since: int
    thread: str = ""


def target_of(delivery: Delivery, document: SlackDocument) -> Target:
    """Where a delivery goes.

    Raises:
        EventError: the mapping or `channel_by` gave what is no channel's id, or nothing did.
    """
    chosen: Any = delivery.output.get("channel") if document.mapping else None
    if chosen is None and document.channel_by is not None:
        expression = compile_expression(document.channel_by)
        chosen = expression.evaluate(as_document(delivery.event))
    if chosen is None and document.channel is not None:
        return _threaded(Target(document.channel), delivery, document)
    if not isinstance(chosen, str) or not _CHANNEL.fullmatch(chosen):
        raise EventError(
            "choosing the channel: the event gives no channel's id, such as C0123456789"
        )
    return _threaded(Target(chosen, is_fixed=False), delivery, document)


def _threaded(target: Target, delivery: Delivery, document: SlackDocument) -> Target:
    """In the thread of its interaction's first message, if that is known and in this channel."""
    first = _NAME.fullmatch(delivery.first)
    if first is None or not document.threads or first[1] != target.channel:
        return target
    return replace(target, thread=first[3] or first[2])


def name_of(channel: str, ts: str, thread: str) -> str:
    """What a receipt calls a message; empty where Slack gave no `ts`."""
    name = f"{channel}/{ts}" + (f"/{thread}" if thread else "")
    return name if _NAME.fullmatch(name) else ""


def reference_of(target: Target, keys: Sequence[str], now: float) -> str:
    """The reference of a message that is about to be posted for the deliveries of `keys`."""
    return f"{target.channel}:{int(now)}:{target.thread}:{digest(*keys)}"


def place_in(reference: str) -> Place | None:
    """The place that a reference names; None where it names none."""
    found = _PLACE.fullmatch(reference)
    return Place(found[1], int(found[2]), found[3]) if found else None
