"""The canonical types of 8x8's stream of events.

https://developer.8x8.com/actions-events/docs/streaming/event-reference. Its pages write a name in
more than one way (`InteractionDeAssigned`), so case does not count.
"""

import re
from collections.abc import Mapping

UNKNOWN = "8x8.unknown."
UNDECODABLE = "8x8.undecodable"
GAP = "stream.gap.detected"

TYPES: Mapping[str, str] = {
    "AgentLoginUpdate": "agent.login.changed",
    "AgentProvChange": "agent.profile.changed",
    "AgentSkillChanged": "agent.skill.changed",
    "AgentSkillCreated": "agent.skill.created",
    "AgentStatusChange": "agent.status.changed",
    "AgentUpdate": "agent.updated",
    "GuestChatEnd": "interaction.guest_chat.ended",
    "InteractionAccepted": "interaction.accepted",
    "InteractionAssigned": "interaction.assigned",
    "InteractionChanged": "interaction.changed",
    "InteractionCreated": "interaction.created",
    "InteractionCustomerAccepted": "interaction.customer.accepted",
    "InteractionDeassigned": "interaction.deassigned",
    "InteractionDeleted": "interaction.deleted",
    "InteractionEndPostProcess": "interaction.wrap_up.ended",
    "InteractionJoined": "interaction.joined",
    "InteractionJoinLinesRequest": "interaction.lines.join_requested",
    "InteractionParticipantChange": "interaction.participant.changed",
    "InteractionParticipantRemovedByHost": "interaction.participant.removed",
    "InteractionPostProcess": "interaction.wrap_up.started",
    "InteractionQueued": "interaction.queued",
    "InteractionQueueTimeout": "interaction.queue.timed_out",
    "InteractionReconnect": "interaction.reconnected",
    "InteractionRecordingReady": "interaction.recording.ready",
    "InteractionRecordingStarted": "interaction.recording.started",
    "InteractionRejected": "interaction.rejected",
    "InteractionTransferRequest": "interaction.transfer.requested",
    "InteractionUnqueued": "interaction.unqueued",
    "LineHoldStatus": "interaction.hold.changed",
    "LineMuteStatus": "interaction.mute.changed",
    "MediaProxyAdded": "interaction.media_proxy.added",
    "MediaProxyRemoved": "interaction.media_proxy.removed",
    "RecordingStatus": "interaction.recording.changed",
}

_LOWER = {name.lower(): canonical for name, canonical in TYPES.items()}
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST = 64


def canonical_type(name: str | None, outer: str | None = None) -> str:
    """The canonical type of an event that names itself `name` inside the key `outer`.

    Where only the key is known, it decides: `AgentProvChange` carries several kinds of change. An
    unknown name passes through, made safe.
    """
    found = _LOWER.get((name or "").lower()) or _LOWER.get((outer or "").lower())
    return found or unknown_type(name or outer)


def unknown_type(name: str | None) -> str:
    """The type of an event that is none of `TYPES`, or not in a shape that they have."""
    return UNKNOWN + (_UNSAFE.sub("_", name or "")[:_LONGEST] or "unnamed")
