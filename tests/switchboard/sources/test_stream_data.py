"""`data` of the stream's events: the table of what each field becomes."""

from typing import Any

import pytest

from switchboard.sources.stream_data import canonical_data


def with_data(**pairs: Any) -> dict[str, Any]:
    data = [{"attachedDataKey": key, "attachedDataValue": value} for key, value in pairs.items()]
    return {"attachedData": {"attachedDatum": data}}


def test_an_event_that_says_nothing_has_every_field() -> None:
    found = canonical_data({})
    assert {name for name, value in found.items() if value} == set()
    assert {
        "interaction", "transaction", "agent", "agent_status", "queue", "direction", "media",
        "call_state", "disposition", "hangup", "participants", "attached", "details",
    } <= found.keys()  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"interactionGUID": "int-1"}, "interaction", "int-1"),
        ({"transactionNum": 991204}, "transaction", "991204"),
        (with_data(tok=991204), "transaction", "991204"),
        (with_data(originalInteractionGuid="int-0"), "original_interaction", "int-0"),
        ({"direction": "In"}, "direction", "in"),
        ({"mediaType": "Phone", "resourceType": 2}, "media", "phone"),
        ({"resourceType": 3}, "media", "chat"),
        ({"resourceType": "4"}, "media", "phone"),
        ({"resourceType": 99}, "media", None),
        ({"callState": "CS_HOLD"}, "call_state", "CS_HOLD"),
        ({"priority": "75"}, "priority", 75),
        ({"inboundChannelid": 15550100800}, "channel", "15550100800"),
        ({"inboundChannelid": "N/A"}, "channel", None),
        ({"outboundCampaignid": 0}, "campaign", None),
        ({"outboundCampaignid": "77"}, "campaign", "77"),
        (with_data(campId=78), "campaign", "78"),
        ({"queueId": 1162}, "queue", "1162"),
        (with_data(que="acme01~~1163~~phone~~int-1"), "queue", "1163"),
        (with_data(que="acme01"), "queue", None),
        (with_data(tenantSkillName="Sales"), "queue_name", "Sales"),
        ({"queueList": "[1162,1163]"}, "queues", ["1162", "1163"]),
        ({"isQueued": "false"}, "queued", False),
        ({"agentId": "ag1"}, "agent", "ag1"),
        ({"agentGUID": "acme01-ag1-x"}, "agent_guid", "acme01-ag1-x"),
        (
            {"newState": 5, "newSubState": "none", "newReasonCodeUser": "801=1722"},
            "agent_status",
            {
                "state": "5",
                "state_name": "working_offline",
                "substate": "none",
                "substate_reason": None,
                "reason": "801=1722",
            },
        ),
        (
            {"skillId": 1162, "tenantSkillId": "0042", "enabled": "yes"},
            "agent_skill",
            {"skill": "1162", "queue": "0042", "enabled": True},
        ),
        ({"participatingAgents": "ag1;ag2"}, "participants", ["ag1", "ag2"]),
        (
            with_data(remotePhoneNum="+12025550123", phoneNum=12025550123, callingName=112),
            "customer",
            {
                "phone": "+12025550123",
                "phone_extension": None,
                "phone_reason": None,
                "phone_written": "+12025550123",
                "name": "112",
                "email": None,
            },
        ),
        (
            {"emailSourceAddress": "a@example.com"},
            "customer",
            {
                "phone": None,
                "phone_extension": None,
                "phone_reason": None,
                "phone_written": None,
                "name": None,
                "email": "a@example.com",
            },
        ),
        ({"event": "LineHoldStatus", "status": "true"}, "held", True),
        ({"event": "LineHoldStatus", "status": True}, "muted", None),
        ({"event": "linemutestatus", "status": False}, "muted", False),
        ({"event": "RecordingStatus", "status": "pause"}, "recording", "pause"),
        ({"rejectReason": 1}, "rejection", "timeout"),
        ({"rejectReason": "2"}, "rejection", "refused"),
        ({"rejectReason": 9}, "rejection", "9"),
        ({"rejectReason": "because"}, "rejection", "because"),
        ({"dispositionCode": 1000}, "disposition", "1000"),
        ({"dispositionCode": "SALE"}, "disposition", "SALE"),
        (
            with_data(tclSelectedItems="5|12,8|99"),
            "wrap_up",
            [{"list": "5", "item": "12"}, {"list": "8", "item": "99"}],
        ),
        (with_data(tclSelectedItems="|,5"), "wrap_up", []),
        ({"agentNotes": 42}, "notes", "42"),
        (
            {"hangupInitiator": "CUSTOMER", "callHangupReason": "CEC_DISCONNECT_NORMAL"},
            "hangup",
            {"by": "customer", "reason": "CEC_DISCONNECT_NORMAL"},
        ),
        (with_data(sessionId="0123", n=7), "attached", {"sessionId": "0123", "n": "7"}),
        ({"some": [1, {"thing": None}]}, "details", {"some": [1, {"thing": None}]}),
    ],
)
def test_fields(fields: dict[str, Any], name: str, value: object) -> None:
    assert canonical_data(fields)[name] == value
