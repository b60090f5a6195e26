"""`data` of meetings' events: what all of them share, and 8x8's own fields under `details`.

https://developer.8x8.com/jaas/docs/webhooks-payload. A field that comes in another type than its
page says is left as it came: a model says what it is as a rule, and takes anything.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model


class Details(BaseModel):
    """8x8's own fields, under its own names."""

    model_config = ConfigDict(frozen=True, extra="allow")


class MeetingData(BaseModel):
    """`data` of an event of a meeting."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    session: str | None = Field(description="The meeting's session; its events keep their order.")
    room: str | None = Field(description="The room's name.")
    app: str | None = Field(description="The JaaS app.")
    customer: str | None = Field(description="8x8's id of the customer.")
    details: Details = Field(description="The event's own fields, under 8x8's names.")


# What each field is as a rule, and what it says.
_FIELDS: Mapping[str, tuple[str, str]] = {
    "answers": ("list", "The answers: key, name, and of a given one its value."),
    "avatar": ("text", "The address of the picture."),
    "breakoutRoomId": ("text", "The breakout room."),
    "comments": ("text", "What was written."),
    "conference": ("text", "The address of the conference."),
    "direction": ("text", "in or out."),
    "disconnectReason": ("text", "left, kicked, switch_room, unrecoverable_error or unknown."),
    "durationSec": ("number", "The length in seconds."),
    "email": ("text", "The user's address."),
    "endTimestamp": ("number", "The end, in epoch milliseconds."),
    "endpointId": ("text", "The endpoint."),
    "entries": ("list", "8x8's list, one object each."),
    "fileCreatedAt": ("number", "When the file was made."),
    "fileId": ("text", "The file."),
    "fileName": ("text", "The name of the file."),
    "fileSize": ("number", "Its size in bytes."),
    "final": ("boolean", "Whether the text will not change any more."),
    "grantedBy": ("object", "Who gave the role."),
    "grantedTo": ("object", "Who has it now."),
    "group": ("text", "The user's group."),
    "id": ("text", "The user."),
    "initiatorId": ("text", "The user who began it."),
    "isBreakout": ("boolean", "Whether it is in a breakout room."),
    "language": ("text", "The language."),
    "linkExpiration": ("number", "Until when the link can be used."),
    "messageID": ("text", "The message."),
    "moderator": ("boolean", "Whether the user is a moderator."),
    "name": ("text", "The name that is shown."),
    "nick": ("text", "The name that is shown; of a telephone call, its number."),
    "participant": ("object", "Who spoke: id, name, userId, email, avatarUrl."),
    "participantId": ("text", "The participant."),
    "participantJid": ("text", "The participant, by jid."),
    "participantName": ("text", "The name of the participant."),
    "participants": ("list", "Who took part: id, name, avatar."),
    "pollId": ("text", "The poll."),
    "preAuthenticatedLink": ("text", "Where the file is; 8x8 keeps it for 24 hours."),
    "question": ("text", "The question."),
    "rating": ("number", "1 to 5; -1: none was given."),
    "reactions": ("list", "The reactions."),
    "recordingSessionId": ("text", "The recording."),
    "role": ("text", "The role."),
    "share": ("boolean", "Whether it is shared."),
    "sipAddress": ("text", "The SIP address."),
    "speakers": ("list", "Who spoke: jid, id, name, email, and time in milliseconds."),
    "startTimestamp": ("number", "The beginning, in epoch milliseconds."),
    "statsUrl": ("text", "Where the statistics are; 8x8 keeps them for 48 hours."),
    "user": ("object", "Who asked or answered."),
    "userId": ("text", "The user."),
}


def meeting_data(name: str, fields: Iterable[str]) -> type[MeetingData]:
    """The model of an event's `data` whose details have these fields; others may be among them."""
    known: dict[str, Any] = {field: _field(*_FIELDS[field]) for field in fields}
    details = create_model(f"{name}Details", __base__=Details, **known)
    described = Field(description=MeetingData.model_fields["details"].description)
    return create_model(f"{name}Data", __base__=MeetingData, details=(details, described))


def _field(usually: str, description: str) -> tuple[Any, Any]:
    kind = Annotated[Any, WithJsonSchema({"x-usually": usually})]
    return kind, Field(default=None, description=description)
