"""The types of meetings' events."""

from collections.abc import Iterator, Mapping

from switchboard.catalogue.event_type import EventType, Family
from switchboard.catalogue.meetings import meeting_data
from switchboard.sources.jaas_events import TYPES

_SOMEBODY = "id name email avatar moderator participantJid participantId"
_IN_MEETING = f"{_SOMEBODY} group isBreakout breakoutRoomId"
_LINE = "participantJid participantId"
_POLL = "pollId question answers user isBreakout breakoutRoomId"
_FILE = "fileId fileName initiatorId"

# What each tells, and the fields that 8x8's page gives it.
_SUMMARIES: Mapping[str, tuple[str, str]] = {
    "meeting.chat.uploaded": ("The chat was stored.", "preAuthenticatedLink"),
    "meeting.dial_in.ended": ("Somebody who had called in left.", _LINE),
    "meeting.dial_in.started": ("Somebody called in.", f"direction nick {_LINE}"),
    "meeting.dial_out.ended": ("Somebody who had been called left.", _LINE),
    "meeting.dial_out.started": ("Somebody was called.", f"direction nick {_LINE}"),
    "meeting.document.added": (
        "A file was added.",
        f"{_FILE} preAuthenticatedLink linkExpiration fileSize fileCreatedAt",
    ),
    "meeting.document.deleted": ("A file was deleted.", _FILE),
    "meeting.feedback.given": ("Somebody rated the meeting.", "rating comments userId"),
    "meeting.live_stream.ended": ("The live stream ended.", "conference"),
    "meeting.live_stream.started": ("The live stream began.", "conference"),
    "meeting.lobby.joined": ("Somebody waits in the lobby.", _SOMEBODY),
    "meeting.lobby.left": ("Somebody left the lobby.", f"{_SOMEBODY} disconnectReason"),
    "meeting.participant.joined": ("Somebody joined.", _IN_MEETING),
    "meeting.participant.left": ("Somebody left.", f"{_IN_MEETING} disconnectReason"),
    "meeting.poll.answered": ("Somebody answered a poll.", _POLL),
    "meeting.poll.created": ("A poll was opened.", _POLL),
    "meeting.reactions.aggregated": (
        "Everybody's reactions, after the meeting.",
        "entries",
    ),
    "meeting.reactions.given": (
        "Somebody reacted.",
        "participantId participantJid participantName reactions",
    ),
    "meeting.recording.ended": ("The recording ended.", "conference"),
    "meeting.recording.started": ("The recording began.", "conference"),
    "meeting.recording.uploaded": (
        "The recording can be fetched.",
        "preAuthenticatedLink recordingSessionId durationSec startTimestamp endTimestamp share"
        " initiatorId participants",
    ),
    "meeting.role.changed": ("Somebody has another role.", "role grantedTo grantedBy"),
    "meeting.room.created": ("The room was opened.", "conference isBreakout breakoutRoomId"),
    "meeting.room.destroyed": ("The room was closed.", "conference isBreakout breakoutRoomId"),
    "meeting.rtc_stats.uploaded": (
        "Statistics of the connection were stored.",
        "statsUrl participantId participantName endpointId",
    ),
    "meeting.screen_sharing.reported": (
        "The history of shared screens was stored, after the meeting.",
        "preAuthenticatedLink linkExpiration",
    ),
    "meeting.sip_call_in.ended": ("A SIP device that had called in left.", _LINE),
    "meeting.sip_call_in.started": ("A SIP device called in.", f"sipAddress nick {_LINE}"),
    "meeting.sip_call_out.ended": ("A SIP device that had been called left.", _LINE),
    "meeting.sip_call_out.started": ("A SIP device was called.", f"sipAddress nick {_LINE}"),
    "meeting.speaker_stats.reported": ("How long everybody spoke.", "speakers"),
    "meeting.transcription.chunk_received": (
        "A piece of what was said, as text.",
        "final language messageID participant",
    ),
    "meeting.transcription.uploaded": ("The transcription was stored.", "preAuthenticatedLink"),
    "meeting.usage.reported": ("Who is counted for this meeting.", "entries"),
    "meeting.video_segment.uploaded": (
        "A piece of the recording can be fetched.",
        "preAuthenticatedLink startTimestamp endTimestamp recordingSessionId",
    ),
}


def meeting_types() -> Iterator[EventType]:
    """One for each of 8x8's names."""
    for name, type_ in sorted(TYPES.items(), key=lambda pair: pair[1]):
        summary, fields = _SUMMARIES[type_]
        model = name.title().replace("_", "")
        yield EventType(
            name=type_,
            family=Family.MEETINGS,
            kinds=("jaas",),
            summary=summary,
            data=meeting_data(model, fields.split()),
            sender_names=(name,),
        )
