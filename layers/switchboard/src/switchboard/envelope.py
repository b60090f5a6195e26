"""What travels in the queues: an event, its group, its raw payload, and its delivery.

A release writes the version that the release before it already reads. Bodies are ASCII JSON, so
that no payload holds a character SQS refuses. Over `CLAIM_CHECK_BYTES` the event and the raw
payload go to S3 whole and a reference travels.
"""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from switchboard.destination import Lane
from switchboard.errors import EventError, Unavailable
from switchboard.event import Event

VERSION = 1
CLAIM_CHECK_BYTES = 256 * 1024
DEFAULT_TENANT = "default"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectRef(_Part):
    """A whole object in the archive bucket."""

    bucket: str
    key: str


class RawRef(ObjectRef):
    """One line (from 0) of a raw-archive object."""

    line: int = Field(ge=0)


class Raw(_Part):
    """A payload exactly as it was received; JSON is UTF-8, so `body` gives the bytes back.

    `kind` is the source's kind: it says who can normalise the payload.
    """

    kind: str
    body: str
    received_at: str


class DeliveryOrder(_Part):
    """Where the envelope is going. `only` names the destination.

    `replay` is the replay's id; `generation` is part of the vendor's key and grows only when a
    delivered event is deliberately sent again; `mapping_version` pins a mapping (None: current).
    `from_raw` lets the router make the event anew from its archived payload, and goes no further:
    None instead of false, so that releases that do not know it read every other order.
    """

    only: str
    replay: str | None = None
    generation: int = Field(default=0, ge=0)
    lane: Lane = Lane.NORMAL
    mapping_version: int | None = None
    from_raw: bool | None = None


class Envelope(_Part):
    """Exactly one of `event` and `event_ref`, and at most one of `raw` and `raw_ref`, is set."""

    v: int = VERSION
    event: Event | None = None
    event_ref: ObjectRef | None = None
    group: str
    tenant: str = DEFAULT_TENANT
    raw: Raw | None = None
    raw_ref: RawRef | None = None
    delivery: DeliveryOrder | None = None

    @model_validator(mode="after")
    def _one_event(self) -> Self:
        if (self.event is None) == (self.event_ref is None):
            raise ValueError("exactly one of event and event_ref must be set")
        if self.raw is not None and self.raw_ref is not None:
            raise ValueError("raw and raw_ref exclude each other")
        return self


class Claim(_Part):
    """What a claim check's object holds in the place of a large envelope's event and raw."""

    event: Event
    raw: Raw | None = None


class Newer(Unavailable):
    """The envelope was written by a later release: it goes back to the queue and waits for one."""


def encode(envelope: BaseModel) -> str:
    """ASCII JSON, lone surrogates and NUL as escapes; fields that are None are left out."""
    document = envelope.model_dump(mode="python", exclude_none=True)
    return json.dumps(_plain(document), ensure_ascii=True, separators=(",", ":"))


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    event = document.get("event")
    if event is not None:
        event.setdefault("data", None)
    return document


def decode(body: str) -> Envelope:
    """The envelope in a message body.

    Raises:
        Newer: a later release wrote it.
        EventError: it is no envelope of ours.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        raise EventError(f"reading an envelope: the message is not JSON ({error})") from None
    version = document.get("v") if isinstance(document, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise Newer(
            f"reading an envelope: version {version} is newer than {VERSION}, which this release"
            " reads; it waits until the newer release is deployed"
        )
    try:
        return Envelope.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "envelope"
        raise EventError(f"reading an envelope: {where}: {first['msg']}") from None
