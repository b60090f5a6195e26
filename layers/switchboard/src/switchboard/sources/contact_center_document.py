"""What every document of Contact Center's events holds."""

from functools import cached_property

from pydantic import Field

from switchboard.phone import DEFAULT_REGION
from switchboard.sources.delivering import DeliveringDocument, DeliveryRule
from switchboard.sources.region import REGION, Region
from switchboard.sources.tenant import AgentStates, Tenant, state_names


class ContactCenterDocument(DeliveringDocument):
    """A source of Contact Center's events: what a payload cannot say of its tenant."""

    region: Region = REGION
    agent_states: AgentStates = Field(
        default="api",
        description="What codes of agents' states mean: as 8x8's Agent Status API has them (api),"
        " as its page on the stream has them (streaming), or names by code.",
    )


class SourceRule(DeliveryRule):
    """What the router reads of any source's document."""

    region: str = DEFAULT_REGION
    agent_states: AgentStates = "api"

    @cached_property
    def tenant(self) -> Tenant:
        """What it says of its tenant."""
        return Tenant(self.region, state_names(self.agent_states))
