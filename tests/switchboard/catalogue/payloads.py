"""Payloads whose types float, and events made of payloads."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources import KINDS, connect_chat_apps, connect_sms, stream_types
from switchboard.sources.stream import stream_event

EVENTS = Path(__file__).parents[3] / "events"
AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
RECEIVED = "2026-09-01T12:00:00.000Z"

sane_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
floating = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | sane_text
    | st.sampled_from(["true", "yes", "N/A", "0123", "75", "a,b;c", "5|12,8|99", "[1;2]", "In"])
)
shapes = (
    floating | st.lists(floating, max_size=3) | st.dictionaries(sane_text, floating, max_size=3)
)
FIELDS = (
    "interactionGUID transactionNum direction mediaType resourceType callState priority"
    " inboundChannelid outboundCampaignid queueId queueList isQueued agentId agentGUID newState"
    " newSubState newSubStateReason newReasonCodeUser skillId tenantSkillId enabled agentPhone"
    " participatingAgents emailSourceAddress status rejectReason dispositionCode agentNotes"
    " tclSelectedItems hangupInitiator callHangupReason interactionEventTS statusEventTS msgInfo"
    " attachedData agentTreatedPhone"
)
ATTACHED = (
    "remotePhoneNum phoneNum pho callerId callingName nam ema que tenantSkillName tok"
    " originalInteractionGuid tclSelectedItems campId cha"
)
datum = st.fixed_dictionaries(
    {"attachedDataKey": st.sampled_from(ATTACHED.split()) | floating, "attachedDataValue": shapes}
)
attached = st.fixed_dictionaries({"attachedDatum": datum | st.lists(datum, max_size=6) | shapes})
stream_names = st.sampled_from([*stream_types.TYPES, "InteractionBoiled", ""])
stream_fields = st.builds(
    lambda fields, more: {**fields, **more},
    st.dictionaries(st.sampled_from(FIELDS.split()), shapes, max_size=12),
    st.fixed_dictionaries({}, optional={"event": stream_names | shapes, "attachedData": attached}),
)


def normalised(kind: str, body: str) -> Event:
    """The event in a payload of the stream, read as one of `kind`."""
    received = stream_event("contact-center", body.encode(), AT)
    return KINDS[kind].normalise(received.event, Raw(kind=kind, body=body, received_at=RECEIVED))


connect_names = (
    st.sampled_from([*connect_sms.TYPES, *connect_chat_apps.TYPES, "template_boiled"]) | floating
)
moments = st.sampled_from(
    ["2026-09-01T08:15:30Z", "2026-09-01T10:15:30.1234567+02:00", 1_788_250_530_188, 10**40]
)
numbers = st.sampled_from(["+6581968289", "81968289", "77777", "PARCELS", 6581968289, "anonymous"])
STATUS = (
    "state detail timestamp errorCode errorMessage msisdn channelUserId name username channel"
    " channelId text url interactive button_reply list_reply id title total currency"
    " providerErrorCode"
)
MESSAGE = (
    "umid eventId subAccountId timestamp occurredAt source destination body smsCount price status"
    " user recipient type content replyToUmid channel whatsapp shortUrl targetUrl surveyId"
    " surveyStartedAt surveySubmittedAt templateVariables answers provider businessAccountId"
    " accountId eventDetails"
)
scalars = shapes | moments | numbers
part = st.dictionaries(st.sampled_from(STATUS.split()), scalars, max_size=6)
connect_fields = st.dictionaries(
    st.sampled_from(MESSAGE.split()), scalars | part | st.lists(part, max_size=2), max_size=10
)
