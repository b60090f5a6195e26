"""`data` of 8x8's stream: one shape for all its events, with null where an event says nothing.

Ids, codes and numbers of telephones are texts, whatever they came as; `details` is what came.
"""

import re
from collections.abc import Mapping
from typing import Any

from switchboard.sources.stream_fields import (
    attached,
    boolean,
    integer,
    lower,
    named,
    texts,
    unless_empty,
)
from switchboard.sources.stream_phones import agent_phone, customer_phone, dialled
from switchboard.sources.tenant import UNSAID, Tenant

MEDIA = {0: "phone", 1: "email", 2: "chat", 3: "chat", 4: "phone"}
REJECTIONS = {0: "unknown", 1: "timeout", 2: "refused"}

_ITEM = re.compile(r"([^|,]+)\|([^|,]+)")


def canonical_data(fields: Mapping[str, Any], tenant: Tenant = UNSAID) -> dict[str, Any]:
    """The canonical fields of an event, whatever types they came in."""
    more = attached(fields)
    media = lower(fields.get("mediaType")) or _media(fields.get("resourceType"))
    channel = named(fields.get("inboundChannelid"))
    return {
        "event": named(fields.get("event")),
        "interaction": named(fields.get("interactionGUID")),
        "original_interaction": named(more.get("originalInteractionGuid")),
        "transaction": named(fields.get("transactionNum")) or named(more.get("tok")),
        "direction": lower(fields.get("direction")),
        "media": media,
        "call_state": named(fields.get("callState")),
        "priority": integer(fields.get("priority")),
        "channel": channel,
        "dialled": dialled(channel, media, tenant.region),
        "campaign": _campaign(fields, more),
        **_queue(fields, more),
        **_agent(fields, tenant),
        "participants": texts(fields.get("participatingAgents")),
        "customer": _customer(fields, more, tenant.region),
        **_line(fields),
        **_ending(fields, more),
        "attached": more,
        "details": dict(fields),
    }


def _media(resource_type: object) -> str | None:
    number = integer(resource_type)
    return None if number is None else MEDIA.get(number)


def _campaign(fields: Mapping[str, Any], more: Mapping[str, str]) -> str | None:
    """The campaign that placed the call; 0 says that none did."""
    found = named(fields.get("outboundCampaignid")) or named(more.get("campId"))
    return None if found == "0" else found


def _queue(fields: Mapping[str, Any], more: Mapping[str, str]) -> dict[str, Any]:
    """`que` is `tenant~~queue~~media~~interaction`."""
    parts = more.get("que", "").split("~~")
    return {
        "queue": named(fields.get("queueId")) or (named(parts[1]) if len(parts) > 1 else None),
        "queue_name": named(more.get("tenantSkillName")),
        "queues": texts(fields.get("queueList")),
        "queued": boolean(fields.get("isQueued")),
    }


def _agent(fields: Mapping[str, Any], tenant: Tenant) -> dict[str, Any]:
    """Who, and for a change of status its codes as they came, and the name of the state."""
    state = named(fields.get("newState"))
    return {
        "agent": named(fields.get("agentId")),
        "agent_guid": named(fields.get("agentGUID")),
        "agent_phone": agent_phone(fields, tenant.region),
        "agent_status": unless_empty(
            state=state,
            state_name=None if state is None else tenant.states.get(state),
            substate=named(fields.get("newSubState")),
            substate_reason=named(fields.get("newSubStateReason")),
            reason=named(fields.get("newReasonCodeUser")),
        ),
        "agent_skill": unless_empty(
            skill=named(fields.get("skillId")),
            queue=named(fields.get("tenantSkillId")),
            enabled=boolean(fields.get("enabled")),
        ),
    }


def _customer(
    fields: Mapping[str, Any], more: Mapping[str, str], region: str
) -> dict[str, str | None] | None:
    """`remotePhoneNum` is E.164; the others have lost their `+`."""
    phones = ("remotePhoneNum", "phoneNum", "pho", "callerId")
    return unless_empty(
        **customer_phone(_first(more, *phones), region),
        name=_first(more, "callingName", "remoteCallingName", "nam"),
        email=named(fields.get("emailSourceAddress")) or _first(more, "ema"),
    )


def _first(more: Mapping[str, str], *keys: str) -> str | None:
    return next((found for key in keys if (found := named(more.get(key)))), None)


def _line(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`status` is a boolean of a line that is held or muted, and a text of a recording."""
    event = lower(fields.get("event"))
    status = fields.get("status")
    return {
        "held": boolean(status) if event == "lineholdstatus" else None,
        "muted": boolean(status) if event == "linemutestatus" else None,
        "recording": lower(status) if event == "recordingstatus" else None,
    }


def _ending(fields: Mapping[str, Any], more: Mapping[str, str]) -> dict[str, Any]:
    reason = integer(fields.get("rejectReason"))
    items = named(fields.get("tclSelectedItems")) or more.get("tclSelectedItems", "")
    return {
        "rejection": named(fields.get("rejectReason")) if reason is None else _rejection(reason),
        "disposition": named(fields.get("dispositionCode")),
        "wrap_up": [{"list": one, "item": other} for one, other in _ITEM.findall(items)],
        "notes": named(fields.get("agentNotes")),
        "hangup": unless_empty(
            by=lower(fields.get("hangupInitiator")),
            reason=named(fields.get("callHangupReason")),
        ),
    }


def _rejection(reason: int) -> str:
    return REJECTIONS.get(reason, str(reason))
