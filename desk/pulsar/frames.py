"""The JSON of the frames, field for field."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.pulsar.inbox import Delivery
from desk.pulsar.topic import Message


class NotAnObject(ValueError):
    """A frame that is not a JSON object: the server drops the connection."""


class Null(ValueError):
    """The frame `null`: the server's handler throws."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a reader or a consumer says."""

    type: str | None
    message_id: str | None
    permits: int | None


def message_frame(delivery: Delivery, payload: bytes) -> str:
    """The frame of one message, whose payload is `payload`."""
    frame: dict[str, Any] = {
        "messageId": delivery.id.encode(),
        "payload": base64.b64encode(payload).decode(),
        "properties": dict(delivery.message.properties),
        "publishTime": iso(delivery.publish_time),
        "redeliveryCount": delivery.redeliveries,
    }
    if delivery.message.event_time:
        frame["eventTime"] = iso(delivery.message.event_time)
    if delivery.message.key is not None:
        frame["key"] = delivery.message.key
    return json.dumps(frame, separators=(",", ":"))


def command(text: str) -> Command:
    """A client's frame.

    Raises:
        NotAnObject: for text that is no JSON object.
        Null: for `null`.
    """
    said = _object(text)
    permits = said.get("permitMessages")
    if permits is not None and not isinstance(permits, int):
        raise NotAnObject(text)
    return Command(_text(said.get("type")), _text(said.get("messageId")), permits)


@dataclass(frozen=True, slots=True)
class Publication:
    """What a producer sends; `context` comes back in the answer."""

    message: Message
    context: str | None


def publication(text: str) -> Publication:
    """A producer's frame.

    Raises:
        NotAnObject: for text that is no JSON object.
        Null: for `null`.
        ValueError: for a payload that is missing or not base64.
    """
    said = _object(text)
    if said.get("payload") is None:
        raise ValueError("a frame without a payload")
    message = Message(
        base64.b64decode(str(said["payload"]), validate=True),
        _text(said.get("key")),
        {str(name): str(value) for name, value in (said.get("properties") or {}).items()},
        int(said.get("eventTime") or 0),
    )
    return Publication(message, _text(said.get("context")))


def iso(ms: int) -> str:
    """A time as Java prints it: the fraction no longer than needed."""
    text = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{ms % 1000:03d}".rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise NotAnObject(text[:80]) from error
    if said is None:
        raise Null(text)
    if not isinstance(said, dict):
        raise NotAnObject(text[:80])
    return said


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
