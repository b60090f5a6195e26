"""8x8 Event Streaming: the payloads of the stream as events, and what is told in their place.

https://developer.8x8.com/actions-events/docs/streaming/message-format. A payload carries no id of
its own, may be on several topics at once, and may be published again: what names and groups an
event is therefore read from the payload alone.
"""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from switchboard.envelope import Raw
from switchboard.event import Event, event_id, group_of, utc_text
from switchboard.sources.kind import Received, SourceKind
from switchboard.sources.payloads import kept_id, read_object
from switchboard.sources.stream_data import canonical_data
from switchboard.sources.stream_document import StreamDocument
from switchboard.sources.stream_fields import (
    event_time,
    integer,
    message_info,
    message_name,
    named,
)
from switchboard.sources.stream_types import GAP, UNDECODABLE, canonical_type, unknown_type
from switchboard.sources.tenant import UNSAID, Tenant


def stream_event(source: str, payload: bytes, published: datetime) -> Received:
    """Name and order the event in a message's decoded payload.

    Every JSON object that can travel is an event, if need be of a type `8x8.unknown.…`.
    `published` is its time only where it says none itself.

    Raises:
        EventError: the payload is not one JSON object, or one that is too deep or has a number
            too large to be written again.
    """
    kind, fields = _opened(read_object(payload))
    own_name = message_name(fields)
    named_by = own_name or hashlib.sha256(payload).hexdigest()
    own_time = event_time(fields)
    interaction = named(fields.get("interactionGUID"))
    agent = named(fields.get("agentId"))
    subject = interaction or agent
    identity = event_id(source, named_by)
    time = own_time or published
    event = Event(
        id=identity,
        source=source,
        type=kind,
        subject=None if subject is None else kept_id(subject),
        time=time,
        sourceeventid=kept_id(named_by),
        weakid=own_name is None,
        sequence=integer(message_info(fields).get("sequenceId")) or 0,
    )
    # The agent's group holds the day: without a time of its own, two topics would disagree on it.
    by_agent = agent if own_time else None
    return Received(event, group_of(identity, time, interaction=interaction, agent=by_agent))


def _opened(payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The type, and the fields inside the one key; where there is another shape, all of it."""
    if len(payload) == 1:
        ((outer, fields),) = payload.items()
        if isinstance(fields, dict):
            return canonical_type(named(fields.get("event")), outer), fields
        return unknown_type(outer), payload
    return unknown_type(named(payload.get("eventType"))), payload


def undecodable(
    source: str, frame: bytes | str, reason: str, position: str, now: datetime
) -> tuple[Received, str]:
    """The event in the place of a frame that cannot be read, and its raw body, which keeps it.

    `position` is host/tenant/topic/message id: the same message makes the same event again.
    """
    told = {"reason": reason, "position": position, **_kept(frame)}
    return _told(source, UNDECODABLE, position, told, now)


def _kept(frame: bytes | str) -> dict[str, str]:
    if isinstance(frame, str):
        return {"frame": frame}
    try:
        return {"frame": frame.decode("utf-8")}
    except UnicodeDecodeError:
        return {"frame_base64": base64.b64encode(frame).decode()}


def gap(
    source: str,
    *,
    place: str,
    after: str | None,
    until: str | None,
    after_time: datetime | None,
    until_time: datetime | None,
    cause: str,
    now: datetime,
) -> tuple[Received, str]:
    """The event that tells of a hole in what was read, and its raw body.

    It is after the message id `after` and before `until`, as far as they are known.
    """
    told: dict[str, Any] = {
        "place": place,
        "after": after,
        "until": until,
        "after_time": None if after_time is None else utc_text(after_time),
        "until_time": None if until_time is None else utc_text(until_time),
        "cause": cause,
    }
    name = json.dumps(["gap", place, after, until, cause])
    return _told(source, GAP, name, told, now)


def _told(
    source: str, kind: str, name: str, body: dict[str, Any], now: datetime
) -> tuple[Received, str]:
    """An event of our own making, alone in its group."""
    event = Event(
        id=event_id(source, name),
        source=source,
        type=kind,
        time=now,
        sourceeventid=kept_id(name),
    )
    return Received(event, group_of(event.id, event.time)), json.dumps(body)


def normalise(event: Event, raw: Raw, tenant: Tenant = UNSAID) -> Event:
    """The canonical type and fields; of what was told in an event's place, what was told."""
    payload = read_object(raw.body)
    if event.type in {UNDECODABLE, GAP}:
        return event.model_copy(update={"data": payload})
    kind, fields = _opened(payload)
    return event.model_copy(update={"type": kind, "data": canonical_data(fields, tenant)})


KIND = SourceKind(
    kind="stream",
    summary="8x8 Event Streaming: Contact Center's events, read from Pulsar over WebSocket.",
    documentation="https://developer.8x8.com/actions-events/docs/streaming/overview",
    document=StreamDocument,
    secret_fields=("key",),
    normalise=normalise,
)
