"""What the server sends: one JSON text frame per message, and now and then something else.

https://pulsar.apache.org/docs/4.0.x/client-libraries-websocket/ ; unknown fields are skipped.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec


class _Written(msgspec.Struct):
    messageId: str | None = None  # noqa: N815 - the server's name
    payload: str = ""
    publishTime: str = ""  # noqa: N815 - the server's name


_WRITTEN = msgspec.json.Decoder(_Written)


@dataclass(frozen=True, slots=True)
class MessageFrame:
    """A message. It must be answered with its `message_id`, exactly as that came.

    `payload` is None where the frame holds none that can be read; `trouble` then says why.
    `published` is in epoch seconds, None where it cannot be read.
    """

    message_id: str
    payload: bytes | None
    published: float | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class OtherFrame:
    """No message: it is not answered, since the server does not count it."""

    what: str


def read_frame(data: bytes) -> MessageFrame | OtherFrame:
    """What a frame is; never raises."""
    try:
        written = _WRITTEN.decode(data)
    except msgspec.DecodeError as error:
        return _odd_frame(data, str(error))
    if not written.messageId:
        return OtherFrame(_summary(data))
    try:
        payload = base64.b64decode(written.payload, validate=True)
    except (binascii.Error, ValueError):
        return MessageFrame(
            written.messageId, None, _epoch(written.publishTime), "its payload is no base64"
        )
    return MessageFrame(written.messageId, payload, _epoch(written.publishTime))


def _odd_frame(data: bytes, trouble: str) -> MessageFrame | OtherFrame:
    """A frame whose fields are of other types may still have an id, and then wants its answer."""
    try:
        loose = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return OtherFrame(_summary(data))
    message_id = loose.get("messageId") if isinstance(loose, dict) else None
    if not isinstance(message_id, str) or not message_id:
        return OtherFrame(_summary(data))
    return MessageFrame(message_id, None, _epoch(loose.get("publishTime")), trouble)


def _epoch(text: object) -> float | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _summary(data: bytes) -> str:
    return data[:200].decode("utf-8", "replace")
