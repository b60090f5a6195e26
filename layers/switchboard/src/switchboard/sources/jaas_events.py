"""The events of JaaS: canonical types, and `data` in one shape per type.

https://developer.8x8.com/jaas/docs/webhooks-payload. Fields keep the vendor's names, so that its
pages explain them; what arrives as a text here and as a number or a boolean there becomes one of
them, and what cannot is left as it came: no meeting is lost for an odd field.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from switchboard.errors import EventError
from switchboard.sources.payloads import json_type

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

_LISTS = frozenset({"USAGE", "AGGREGATED_REACTIONS"})
_BOOLEANS = frozenset({"moderator", "isBreakout", "share", "final"})
_NUMBERS = frozenset(
    {"durationSec", "startTimestamp", "endTimestamp", "rating", "fileSize", "time", "timestamp"}
)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


def canonical_type(name: object) -> str:
    """The canonical type; an unknown name passes through, made safe, under `8x8.unknown.`."""
    if isinstance(name, str) and name in TYPES:
        return TYPES[name]
    written = name if isinstance(name, str) else ""
    return UNKNOWN + (re.sub(r"[^A-Za-z0-9_.-]", "_", written)[:64] or "unnamed")


def canonical_data(name: object, data: object) -> dict[str, Any]:
    """`data` as an object: the vendor's own; lists under `entries`, speakers under `speakers`.

    Raises:
        EventError: it has a shape that this type never has.
    """
    if data is None:
        return {}
    shape = _shape(name) if isinstance(name, str) else _anything
    return shape(_tidy(data))


def _shape(name: str) -> Callable[[Any], dict[str, Any]]:
    if name in _LISTS:
        return _entries
    if name == "SPEAKER_STATS":
        return _speakers
    return _fields if name in TYPES else _anything


def _fields(data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    raise EventError(f"normalising data: it is {json_type(data)}, not an object")


def _entries(data: Any) -> dict[str, Any]:
    """A list; one entry may come without its list."""
    if isinstance(data, list):
        return {"entries": data}
    if isinstance(data, dict):
        return {"entries": [data]}
    raise EventError(f"normalising data: it is {json_type(data)}, not a list")


def _speakers(data: Any) -> dict[str, Any]:
    """A map from jid to speaker, as a list: an expression cannot go over keys that it must know."""
    return {
        "speakers": [
            {"jid": jid, **(speaker if isinstance(speaker, dict) else {"value": speaker})}
            for jid, speaker in _fields(data).items()
        ]
    }


def _anything(data: Any) -> dict[str, Any]:
    """What an unknown type brings."""
    return data if isinstance(data, dict) else {"value": data}


def _tidy(data: Any) -> Any:
    """The same data with booleans and numbers where they are meant."""
    if isinstance(data, dict):
        return {field: _meant(field, _tidy(value)) for field, value in data.items()}
    if isinstance(data, list):
        return [_tidy(value) for value in data]
    return data


def _meant(field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if field in _BOOLEANS and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if field in _NUMBERS and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value
