"""A tenant of 8x8: the country of its numbers, and what the codes of its agents' states mean.

8x8's pages name `newState` in two ways. The Agent Status API's is the default: with 5, a sample of
the stream has a reason code of the list that a sample of the API has with `WORK_OFFLINE`, and a
state with a reason is none in which an agent is available.
https://developer.8x8.com/actions-events/reference/contact-center-agent-status-api
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from switchboard.phone import DEFAULT_REGION

API_STATES: Mapping[str, str] = {
    "0": "unknown",
    "1": "logged_out",
    "2": "logged_in",
    "3": "on_break",
    "4": "available",
    "5": "working_offline",
    "6": "offered",
    "7": "handling",
    "8": "wrap_up",
    "9": "busy",
    "10": "direct_call",
    "11": "on_email",
}
STREAMING_STATES: Mapping[str, str] = {"0": "logged_out", "1": "logged_in", "5": "available"}
NAMED: Mapping[str, Mapping[str, str]] = {"api": API_STATES, "streaming": STREAMING_STATES}

AgentStates = Literal["api", "streaming"] | Mapping[str, str]
"""The names of states: as a page of 8x8 has them, or by code."""


def state_names(chosen: AgentStates) -> Mapping[str, str]:
    """The names by code."""
    return NAMED[chosen] if isinstance(chosen, str) else chosen


@dataclass(frozen=True, slots=True)
class Tenant:
    """`region` is a country as ISO 3166 writes it; `states` are names of agents' states by code."""

    region: str = DEFAULT_REGION
    states: Mapping[str, str] = field(default_factory=lambda: API_STATES)


UNSAID = Tenant()
"""Of a source whose document says nothing of it."""
