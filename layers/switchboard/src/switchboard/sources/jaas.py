"""JaaS and 8x8 Meetings webhooks.

https://developer.8x8.com/jaas/docs/webhooks-overview and, for X-Jaas-Signature,
https://developer.8x8.com/jaas/docs/webhooks-signatures. The key is the whole secret as it is
shown, `whsec_` included. Whether a redelivery is signed anew is not said anywhere: widen
`tolerance_seconds` where late ones are refused; the event's id removes repeats.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event, event_id, group_of
from switchboard.sources.kind import (
    Received,
    Request,
    SignatureRefused,
    SourceDocument,
    SourceKind,
)
from switchboard.sources.payloads import (
    identifier,
    json_type,
    read_object,
    read_time,
    weak_id,
)
from switchboard.sources.signatures import any_equal, check_age, seconds, sha256

HEADER = "X-Jaas-Signature"
SYNCHRONOUS = "SETTINGS_PROVISIONING"
UNKNOWN = "8x8.unknown."

TYPES: Mapping[str, str] = {
    "ROOM_CREATED": "meeting.room.created",
    "ROOM_DESTROYED": "meeting.room.destroyed",
    "PARTICIPANT_JOINED": "meeting.participant.joined",
    "PARTICIPANT_LEFT": "meeting.participant.left",
    "PARTICIPANT_JOINED_LOBBY": "meeting.lobby.joined",
    "PARTICIPANT_LEFT_LOBBY": "meeting.lobby.left",
    "RECORDING_STARTED": "meeting.recording.started",
    "RECORDING_ENDED": "meeting.recording.ended",
    "RECORDING_UPLOADED": "meeting.recording.uploaded",
    "VIDEO_SEGMENT_UPLOADED": "meeting.video_segment.uploaded",
    "LIVE_STREAM_STARTED": "meeting.live_stream.started",
    "LIVE_STREAM_ENDED": "meeting.live_stream.ended",
    "TRANSCRIPTION_UPLOADED": "meeting.transcription.uploaded",
    "TRANSCRIPTION_CHUNK_RECEIVED": "meeting.transcription.chunk_received",
    "CHAT_UPLOADED": "meeting.chat.uploaded",
    "SIP_CALL_IN_STARTED": "meeting.sip_call_in.started",
    "SIP_CALL_IN_ENDED": "meeting.sip_call_in.ended",
    "SIP_CALL_OUT_STARTED": "meeting.sip_call_out.started",
    "SIP_CALL_OUT_ENDED": "meeting.sip_call_out.ended",
    "DIAL_IN_STARTED": "meeting.dial_in.started",
    "DIAL_IN_ENDED": "meeting.dial_in.ended",
    "DIAL_OUT_STARTED": "meeting.dial_out.started",
    "DIAL_OUT_ENDED": "meeting.dial_out.ended",
    "FEEDBACK": "meeting.feedback.given",
    "USAGE": "meeting.usage.reported",
    "SPEAKER_STATS": "meeting.speaker_stats.reported",
    "POLL_CREATED": "meeting.poll.created",
    "POLL_ANSWER": "meeting.poll.answered",
    "REACTIONS": "meeting.reactions.given",
    "AGGREGATED_REACTIONS": "meeting.reactions.aggregated",
    "SCREEN_SHARING_HISTORY": "meeting.screen_sharing.reported",
    "ROLE_CHANGED": "meeting.role.changed",
    "RTCSTATS_UPLOADED": "meeting.rtc_stats.uploaded",
    "DOCUMENT_ADDED": "meeting.document.added",
    "DOCUMENT_DELETED": "meeting.document.deleted",
}


def verify(request: Request, secrets: Sequence[str], document: SourceDocument, now: float) -> float:
    """Check X-Jaas-Signature against every secret; several `v1` are several candidates."""
    signed_at, given = _parts(request.header(HEADER))
    message = signed_at.encode() + b"." + request.body
    if not any_equal((sha256(secret.encode(), message) for secret in secrets), given):
        raise SignatureRefused("verifying: no signature was made with a secret of this source")
    moment = seconds(signed_at, f"t of {HEADER}")
    check_age(moment, document.tolerance_seconds, now)
    return moment


def _parts(header: str) -> tuple[str, list[bytes]]:
    """`t` and every `v1`. Base64 ends in `=`, so a part is split at its first one only."""
    times: list[str] = []
    signatures: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            try:
                signatures.append(base64.b64decode(value, validate=True))
            except (binascii.Error, ValueError):
                continue
    if len(times) != 1 or not signatures:
        raise SignatureRefused(f"verifying: {HEADER} needs one t and a v1 in base64")
    return times[0], signatures


def receive(
    source: str, request: Request, document: SourceDocument, signed_at: float | None, now: float
) -> Received:
    """Name and order the event: `idempotencyKey` is its id, the meeting's session its group."""
    del document
    payload = read_object(request.body)
    name = payload.get("eventType")
    if name == SYNCHRONOUS:
        raise EventError(
            f"receiving {SYNCHRONOUS}: it is a question that wants its answer at once, not an"
            " event; take it off this endpoint's list in the JaaS console"
        )
    own = identifier(payload.get("idempotencyKey"))
    named = own or weak_id(request.body, signed_at)
    known = event_id(source, named)
    session = identifier(payload.get("sessionId"))
    time = datetime.fromtimestamp(now if signed_at is None else signed_at, UTC)
    event = Event(
        id=known,
        source=source,
        type=_type(name),
        subject=identifier(payload.get("fqn")),
        time=time,
        sourceeventid=named,
        weakid=own is None,
    )
    return Received(event, group_of(known, time, interaction=session))


def normalise(event: Event, raw: Raw) -> Event:
    """The canonical event: the vendor's time, and the fields that all meetings share."""
    payload = read_object(raw.body)
    data = payload.get("data")
    if data is not None and not isinstance(data, dict | list):
        raise EventError(f"normalising data: it is {json_type(data)}, not an object or a list")
    return event.model_copy(
        update={
            "type": _type(payload.get("eventType")),
            "time": read_time(payload.get("timestamp"), "timestamp"),
            "data": {
                "session": identifier(payload.get("sessionId")),
                "room": _room(payload.get("fqn")),
                "app": identifier(payload.get("appId")),
                "customer": identifier(payload.get("customerId")),
                "details": data,
            },
        }
    )


def _type(name: Any) -> str:
    """The canonical type; an unknown name passes through, made safe, under `8x8.unknown.`."""
    if isinstance(name, str) and name in TYPES:
        return TYPES[name]
    written = name if isinstance(name, str) else ""
    return UNKNOWN + (re.sub(r"[^A-Za-z0-9_.-]", "_", written)[:64] or "unnamed")


def _room(fqn: Any) -> str | None:
    """The room in `{AppID}/{room}`."""
    return fqn.partition("/")[2] or fqn if isinstance(fqn, str) else None


KIND = SourceKind(
    kind="jaas",
    summary="8x8 Meetings (JaaS) webhooks, signed with X-Jaas-Signature.",
    documentation="https://developer.8x8.com/jaas/docs/webhooks-overview",
    document=SourceDocument,
    verify=verify,
    receive=receive,
    normalise=normalise,
)
