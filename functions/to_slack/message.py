"""Deliveries as one message: what a channel reads. Pure.

A mapping's output may hold `text`, `blocks` and `channel`; its other fields are shown as a list.
Without a mapping the message names the event and the plain fields of its data.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.to_slack.limits import (
    LONGEST_PLACE,
    LONGEST_TEXT,
    note,
    shortened,
    within_limits,
)
from functions.to_slack.masking import Mask, masker
from switchboard.destination import Delivery
from switchboard.destination_documents import whole_event
from switchboard.errors import EventError
from switchboard.event import Event, utc_text

RESERVED = frozenset({"text", "blocks", "channel"})
MOST_FIELDS = 10
LONGEST_VALUE = 300
DIVIDER = {"type": "divider"}
_STRUCTURE = frozenset({"type", "style", "action_id", "block_id"})


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted. `text` is what a notification shows, and what there is without blocks."""

    text: str
    blocks: Sequence[Mapping[str, Any]]


def message_of(deliveries: Sequence[Delivery], *, show_personal_data: bool) -> Message:
    """One message of one delivery, or of several that go to one channel together."""
    parts = [_part(delivery, show_personal_data=show_personal_data) for delivery in deliveries]
    if len(parts) == 1:
        (part,) = parts
        return Message(shortened(part.text, LONGEST_TEXT), within_limits(part.blocks))
    blocks: list[Mapping[str, Any]] = []
    for part in parts:
        blocks += [DIVIDER] if blocks else []
        blocks += part.blocks or [section(part.text)]
    text = "\n".join(part.text for part in parts)
    return Message(shortened(text, LONGEST_TEXT), within_limits(blocks))


def section(text: str) -> dict[str, Any]:
    """A block of text."""
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": shortened(text, LONGEST_PLACE)},
    }


def escaped(text: Any) -> str:
    """`text` so that Slack shows it as it is (no link, no mention)."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _part(delivery: Delivery, *, show_personal_data: bool) -> Message:
    show: Mask = str if show_personal_data else masker(delivery.event.data)
    output = delivery.output
    if output == whole_event(delivery.event):
        return described(delivery.event, plain_fields(delivery.event.data), show)
    fields = {name: value for name, value in output.items() if name not in RESERVED}
    text, blocks = output.get("text"), output.get("blocks")
    if blocks is not None and not _are_blocks(blocks):
        raise EventError("mapping: blocks must be a list of objects, each with a type")
    if text is None and not blocks:
        return described(delivery.event, fields, show)
    shown = [masked(block, show) for block in blocks or ()]
    if fields and not blocks:
        shown = [section(show(str(text))), *_table(fields, show)]
    return Message(_title(delivery.event, show) if text is None else show(str(text)), shown)


def described(event: Event, fields: Mapping[str, Any], show: Mask) -> Message:
    """An event by its type, subject and time, with a list of `fields`."""
    title = _title(event, show)
    foot = f"{escaped(event.source)} · {utc_text(event.time)} · {event.id}"
    return Message(title, [section(title), *_table(fields, show), note(foot)])


def _title(event: Event, show: Mask) -> str:
    subject = f" {escaped(show(event.subject))}" if event.subject else ""
    return f"*{escaped(event.type)}*{subject}"


def _table(fields: Mapping[str, Any], show: Mask) -> list[dict[str, Any]]:
    rows = [(name, value) for name, value in fields.items() if value not in (None, "", [], {})]
    shown = [
        {
            "type": "mrkdwn",
            "text": f"*{escaped(name)}*\n"
            + shortened(escaped(show(_written(value))), LONGEST_VALUE),
        }
        for name, value in rows[:MOST_FIELDS]
    ]
    return [{"type": "section", "fields": shown}] if shown else []


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def plain_fields(data: Any) -> Mapping[str, Any]:
    """The plain fields of an event's data, also of one level of objects in it."""
    return dict(_scalars(data))


def _scalars(data: Any) -> Iterator[tuple[str, Any]]:
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            for inner, one in value.items():
                if isinstance(one, str | int | float):
                    yield f"{name}.{inner}", one
        elif isinstance(value, str | int | float):
            yield name, value


def _are_blocks(blocks: Any) -> bool:
    return isinstance(blocks, list) and all(
        isinstance(block, dict) and isinstance(block.get("type"), str) for block in blocks
    )


def masked(part: Any, show: Mask) -> Any:
    """A block with every text of it masked, and its structure as it is."""
    if isinstance(part, str):
        return show(part)
    if isinstance(part, list):
        return [masked(one, show) for one in part]
    if isinstance(part, dict):
        return {
            name: value if name in _STRUCTURE else masked(value, show)
            for name, value in part.items()
        }
    return part
