"""The message body of an event that arrived: what `envelope.encode` writes, at a third of its cost.

It is written for every event, so the general way (a model, its dump, and Python's encoder) is taken
only for what is not ASCII.
"""

import json
from typing import Any

import msgspec

from functions.stream_reader.intake import Arrived
from switchboard.envelope import DEFAULT_TENANT, VERSION
from switchboard.event import Event, as_document, utc_text

_ENCODER = msgspec.json.Encoder()


def body_of(arrived: Arrived) -> str:
    """ASCII JSON; equal to the encoded `arrived.envelope()`."""
    document = {
        "v": VERSION,
        "event": _event(arrived.event),
        "group": arrived.group,
        "tenant": DEFAULT_TENANT,
        "raw": {
            "kind": arrived.kind,
            "body": arrived.body,
            "received_at": utc_text(arrived.received_at),
        },
    }
    try:
        encoded = _ENCODER.encode(document)
    except UnicodeEncodeError:
        encoded = b"\xff"
    if encoded.isascii():
        return encoded.decode("ascii")
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))


def _event(event: Event) -> dict[str, Any]:
    fields = as_document(event)
    if event.subject is None:
        del fields["subject"]
    return fields
