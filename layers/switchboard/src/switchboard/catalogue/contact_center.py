"""`data` of Contact Center's events: one shape for all of them, null where an event says nothing.

The normaliser builds it as a plain dict (`sources.stream_data`); a test holds the two together.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Reason = Literal["withheld", "extension", "short_code", "sip_address", "invalid"]
NO_NUMBER = "Why it is no E.164 number: withheld, extension, short_code, sip_address, invalid."


class Part(BaseModel):
    """A part of `data`: all of its fields are always there."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PhoneNumber(Part):
    """A number, or what came in its place."""

    phone: str | None = Field(description="The number as E.164.")
    extension: str | None = Field(description="An extension, after the number or alone.")
    reason: Reason | None = Field(description=NO_NUMBER)
    written: str = Field(description="What came.")


class Customer(Part):
    """Who calls or writes."""

    phone: str | None = Field(description="The number as E.164.")
    phone_extension: str | None = Field(description="An extension, after the number or alone.")
    phone_reason: Reason | None = Field(description=NO_NUMBER)
    phone_written: str | None = Field(description="What came.")
    name: str | None = Field(description="The name that is shown.")
    email: str | None = Field(description="The address.")


class AgentStatus(Part):
    """What became of an agent's state, in 8x8's codes."""

    state: str | None = Field(description="The state's code.")
    state_name: str | None = Field(
        description="What it means, as `agent_states` in the source's document has it."
    )
    substate: str | None = Field(description="The state below it.")
    substate_reason: str | None = Field(description="Why it is in that.")
    reason: str | None = Field(description="The code that the agent chose, as list=item.")


class AgentSkill(Part):
    """What became of an agent's skill."""

    skill: str | None = Field(description="Its id.")
    queue: str | None = Field(description="The queue that it is for, by its id in the tenant.")
    enabled: bool | None = Field(description="Whether the agent has it.")


class Hangup(Part):
    """How a call ended."""

    by: str | None = Field(description="agent, customer or system.")
    reason: str | None = Field(description="8x8's code, such as CEC_DISCONNECT_NORMAL.")


class WrapUpCode(Part):
    """A code that the agent chose when it was over."""

    list: str = Field(description="The id of its list.")
    item: str = Field(description="Its id in the list.")


class ContactCenterData(Part):
    """`data` of an event of Contact Center. Ids and codes are texts, whatever they came as."""

    event: str | None = Field(description="8x8's own name of the event.")
    interaction: str | None = Field(description="The interaction, by its interactionGUID.")
    original_interaction: str | None = Field(
        description="The interaction that this one was transferred from."
    )
    transaction: str | None = Field(description="The transaction's number.")
    direction: str | None = Field(description="in or out.")
    media: str | None = Field(description="phone, chat, email or what else 8x8 names.")
    call_state: str | None = Field(
        description="8x8's state of the call. Its pages disagree on it: do not choose by it."
    )
    priority: int | None = Field(description="The priority in the queue.")
    channel: str | None = Field(description="The number or the channel that was called.")
    dialled: PhoneNumber | None = Field(description="The number that was called.")
    campaign: str | None = Field(description="The campaign that placed the call.")
    queue: str | None = Field(description="The queue's id.")
    queue_name: str | None = Field(description="The queue's name.")
    queues: list[str] = Field(description="Every queue that it waits in, by id.")
    queued: bool | None = Field(description="Whether it waits in a queue.")
    agent: str | None = Field(description="The agent, by its short id.")
    agent_guid: str | None = Field(description="The agent, by its GUID.")
    agent_phone: PhoneNumber | None = Field(description="Where the agent's telephone rings.")
    agent_status: AgentStatus | None = Field(description="The agent's new state.")
    agent_skill: AgentSkill | None = Field(description="The agent's new or changed skill.")
    participants: list[str] = Field(description="The agents that take part, by id.")
    customer: Customer | None = Field(description="The other side.")
    held: bool | None = Field(description="Whether the line is now on hold.")
    muted: bool | None = Field(description="Whether the line is now muted.")
    recording: str | None = Field(description="What the recording does now: pause or resume.")
    rejection: str | None = Field(
        description="Why an offer was not taken: timeout, refused, unknown, or 8x8's code."
    )
    disposition: str | None = Field(description="The disposition's code.")
    wrap_up: list[WrapUpCode] = Field(description="The wrap-up codes.")
    notes: str | None = Field(description="What the agent noted.")
    hangup: Hangup | None = Field(description="Who hung up, and why.")
    attached: dict[str, str] = Field(description="8x8's attachedData as a flat map of texts.")
    details: dict[str, Any] = Field(description="The event as it came.")
