"""Interactions by seed, with what is true of them: their durations are known before any fold."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from switchboard.event import Event
from tests.switchboard.interactions.stories import stream_events

PHONE, CHAT, EMAIL = 0, 2, 1


@dataclass(slots=True)
class Telling:
    """An interaction as it happens: what 8x8 would send, and what a stop-watch would say."""

    dice: random.Random
    at: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)
    spent: dict[str, int] = field(default_factory=dict)

    def tell(self, event: str, **fields: Any) -> None:
        """Send an event now."""
        self.told.append({"at": self.at, "event": event, **fields})

    def spend(self, *phases: str, most: int = 60) -> None:
        """Let time pass that counts for `phases`."""
        seconds = self.dice.randrange(1, most)
        self.at += seconds
        for phase in phases:
            self.spent[phase] = self.spent.get(phase, 0) + seconds


@dataclass(frozen=True, slots=True)
class Generated:
    """Events in their order, the durations that are true, and the outcome."""

    events: Sequence[Event]
    spent: Mapping[str, int]
    outcome: str


def generated(seed: int) -> Generated:
    """One interaction."""
    dice = random.Random(seed)
    telling = Telling(dice)
    resource = dice.choice([PHONE, PHONE, CHAT, EMAIL])
    outcome = dice.choice([_inward, _inward, _outward, _abandoned, _silent])(telling, resource)
    common = {
        "interactionGUID": f"int-{seed:011x}-generated-phone-01-acme01",
        "resourceType": resource,
        "direction": "out" if outcome in {"called", "no_answer"} else "in",
        "transactionNum": 990_000 + seed,
        "queueId": dice.randrange(100, 110),
    }
    events = list(stream_events(common, telling.told))
    return Generated(events, telling.spent, outcome.replace("called", "answered"))


def _inward(telling: Telling, resource: int) -> str:
    """Queued, perhaps refused, answered, perhaps by two, wrapped up."""
    telling.tell("InteractionCreated")
    telling.tell("InteractionQueued")
    telling.spend("queue")
    for number in range(telling.dice.randrange(3)):
        other = f"agRefuses{number}"
        telling.tell("InteractionAssigned", agentId=other)
        telling.spend("ring")
        telling.tell("InteractionRejected", agentId=other, rejectReason=telling.dice.choice([1, 2]))
        telling.spend("queue")
    telling.tell("InteractionAssigned", agentId="agTakes")
    telling.spend("ring")
    telling.tell("InteractionAccepted", agentId="agTakes")
    _talk(telling, resource, "agTakes")
    _end(telling, "agTakes")
    return "answered"


def _outward(telling: Telling, resource: int) -> str:
    telling.tell("InteractionCreated")
    telling.tell("InteractionAssigned", agentId="agCalls")
    telling.spend("ring")
    telling.tell("InteractionAccepted", agentId="agCalls")
    if resource == PHONE:
        telling.spend()
        telling.tell("InteractionCustomerAccepted", agentId="agCalls")
    _talk(telling, resource, "agCalls")
    _end(telling, "agCalls")
    return "called"


def _abandoned(telling: Telling, resource: int) -> str:
    del resource
    telling.tell("InteractionCreated")
    telling.tell("InteractionQueued")
    telling.spend("queue")
    telling.tell("InteractionUnqueued")
    telling.tell("InteractionDeleted", hangupInitiator="CUSTOMER")
    return "abandoned"


def _silent(telling: Telling, resource: int) -> str:
    del resource
    telling.tell("InteractionCreated")
    telling.tell("InteractionAssigned", agentId="agCalls")
    telling.spend("ring")
    telling.tell("InteractionDeleted", agentId="agCalls", hangupInitiator="SYSTEM")
    return "no_answer"


def _talk(telling: Telling, resource: int, agent: str) -> None:
    telling.spend("talk")
    for _ in range(telling.dice.randrange(4) if resource == PHONE else 0):
        what, event = telling.dice.choice([("hold", "LineHoldStatus"), ("mute", "LineMuteStatus")])
        telling.tell(event, agentId=agent, status=telling.dice.choice([True, "true"]))
        telling.spend("talk", what)
        telling.tell(event, agentId=agent, status=telling.dice.choice([False, "false"]))
        telling.spend("talk")
    if telling.dice.random() < 0.3:
        _confer(telling)


def _confer(telling: Telling) -> None:
    """A second agent joins, talks at the same time, and leaves."""
    telling.tell("InteractionAssigned", agentId="agJoins")
    telling.spend("talk", "ring")
    telling.tell("InteractionAccepted", agentId="agJoins")
    telling.spend("talk")
    telling.tell("InteractionDeleted", agentId="agJoins")
    telling.spend("talk")


def _end(telling: Telling, agent: str) -> None:
    telling.tell("InteractionPostProcess", agentId=agent)
    telling.spend("wrap")
    telling.tell("InteractionEndPostProcess", agentId=agent, dispositionCode=1000)
    telling.tell("InteractionDeassigned", agentId=agent)
    telling.tell("InteractionDeleted", agentId=agent, hangupInitiator="AGENT")
