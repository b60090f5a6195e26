"""The types of Contact Center's events."""

from collections.abc import Iterator, Mapping

from switchboard.catalogue.contact_center import ContactCenterData
from switchboard.catalogue.event_type import EventType, Family
from switchboard.sources.stream_types import TYPES

KINDS = ("stream", "sapi")

# What each tells, and the fields of `data` that tell it.
_SUMMARIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "agent.login.changed": ("An agent logged in or out.", ("agent",)),
    "agent.profile.changed": ("An agent's profile changed.", ("agent", "agent_skill")),
    "agent.skill.changed": ("An agent's skill changed.", ("agent", "agent_skill")),
    "agent.skill.created": ("An agent was given a skill.", ("agent", "agent_skill")),
    "agent.status.changed": (
        "An agent's state changed; logging in and out are such changes.",
        ("agent", "agent_status"),
    ),
    "agent.updated": ("Something of an agent changed; 8x8 does not say what.", ("agent",)),
    "interaction.accepted": (
        "An agent took it; of an outbound call, the customer's telephone rings now.",
        ("agent", "queue"),
    ),
    "interaction.assigned": ("It was offered to an agent, and rings there.", ("agent", "queue")),
    "interaction.changed": ("Something of it changed.", ("call_state",)),
    "interaction.created": (
        "It began, or one of its legs did.",
        ("direction", "media", "channel", "customer"),
    ),
    "interaction.customer.accepted": ("The customer answered an outbound call.", ("customer",)),
    "interaction.deassigned": ("The agent was released from it.", ("agent",)),
    "interaction.deleted": (
        "It ended, or one of its legs did: more may come after it.",
        ("hangup", "disposition", "notes"),
    ),
    "interaction.guest_chat.ended": ("A guest's chat ended.", ("customer",)),
    "interaction.hold.changed": ("The line was put on hold, or taken off it.", ("held",)),
    "interaction.joined": ("Another line joined it.", ("participants",)),
    "interaction.lines.join_requested": ("Its lines are to be joined.", ("participants",)),
    "interaction.media_proxy.added": ("8x8 put a media proxy into it.", ("interaction",)),
    "interaction.media_proxy.removed": ("8x8 took a media proxy out of it.", ("interaction",)),
    "interaction.mute.changed": ("The line was muted, or unmuted.", ("muted",)),
    "interaction.participant.changed": (
        "Who takes part changed: a conference, or a supervisor.",
        ("participants",),
    ),
    "interaction.participant.removed": (
        "The host removed somebody from it.",
        ("participants",),
    ),
    "interaction.queue.timed_out": ("It waited for too long in its queue.", ("queue",)),
    "interaction.queued": (
        "It waits for an agent.",
        ("queue", "queue_name", "queues", "priority", "customer"),
    ),
    "interaction.reconnected": ("Its legs were connected again.", ("participants",)),
    "interaction.recording.changed": ("Its recording pauses or goes on.", ("recording",)),
    "interaction.recording.ready": (
        "Its recording can be fetched. No field of the event names the recording: 8x8 keeps it"
        " under the interaction's id.",
        ("interaction",),
    ),
    "interaction.recording.started": ("The recording of a leg began.", ("agent",)),
    "interaction.rejected": (
        "An agent refused it or let it ring; it goes back to its queue.",
        ("agent", "rejection", "queue"),
    ),
    "interaction.transfer.requested": (
        "It is to be transferred; the new leg has an id of its own, and this one as"
        " original_interaction.",
        ("agent", "participants"),
    ),
    "interaction.unqueued": (
        "It left its queue before an agent was found: after an abandoned call comes its end.",
        ("queue",),
    ),
    "interaction.wrap_up.ended": (
        "The agent's work after it ended.",
        ("agent", "disposition", "wrap_up", "notes"),
    ),
    "interaction.wrap_up.started": ("The agent's work after it began.", ("agent",)),
}


def contact_center_types() -> Iterator[EventType]:
    """One for each of 8x8's names."""
    for name, type_ in sorted(TYPES.items(), key=lambda pair: pair[1]):
        summary, says = _SUMMARIES[type_]
        is_agents = type_.startswith("agent.")
        yield EventType(
            name=type_,
            family=Family.AGENTS if is_agents else Family.INTERACTIONS,
            kinds=KINDS,
            summary=summary,
            data=ContactCenterData,
            sender_names=(name,),
            says=says,
        )
