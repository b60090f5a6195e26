"""The types of the facts that Switchboard tells of interactions and sources."""

from collections.abc import Iterator, Mapping

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from switchboard.catalogue.event_type import EventType, Family
from switchboard.event import OWN_SOURCE
from switchboard.interactions import Interaction
from switchboard.timers import TOLD_AS, Rule


class ToldInteraction(Interaction):
    """`data` of an interaction that is over: its record."""

    digest: str = Field(description="A hash of what the record tells.")


class RuleTold(BaseModel):
    """The rule that is true."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The name of its document.")
    rule: Rule
    seconds: int
    since: AwareDatetime = Field(description="Since when it is so.")


class AbsentInInteraction(Interaction):
    """`data` of what has not happened in an interaction: its record until then."""

    timer: RuleTold


class SilentSource(BaseModel):
    """`data` of a source that is silent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    timer: RuleTold


class MeasuredQueue(BaseModel):
    """`data` of a queue's figures: at the end of an interval, and during it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    queue: str
    name: str | None = Field(description="The queue's name, where an event had it.")
    waiting: int = Field(description="At the end: how many wait in it.")
    longest_wait_seconds: int = Field(description="At the end: for how long the first of them.")
    handling: int = Field(description="At the end: how many are with an agent, or wrapped up.")
    answered: int = Field(description="During it: how many were answered.")
    abandoned: int = Field(description="During it: how many ended, and nobody had taken them.")
    handled: int = Field(description="During it: how many ended that somebody had taken.")
    handle_seconds: int = Field(description="Of these: talk and wrap-up together.")
    timer: RuleTold


OVER: Mapping[str, str] = {
    "closed": "An interaction is over, or was given up because its end was lost; once for each.",
    "abandoned": "An interaction is over that waited in a queue last, and that nobody took.",
    "missed": "An interaction is over that was offered last, and that nobody took.",
    "revised": "A late event changed what was told of a closed interaction.",
}
ABSENT: Mapping[Rule, str] = {
    Rule.WAITING_LONGER_THAN: "An interaction waits in a queue for longer than a rule says.",
    Rule.UNANSWERED_FOR: "Nobody answers an interaction for as long as a rule says.",
    Rule.NOT_CLOSED_WITHIN: "An interaction goes on for longer than a rule says.",
    Rule.NO_CALLBACK_WITHIN: "Nobody calls back for as long as a rule says.",
}


def fact_types() -> Iterator[EventType]:
    """What `fire_timers` tells."""
    for name, summary in OVER.items():
        yield _fact(f"interaction.{name}", summary, ToldInteraction)
    for rule, summary in ABSENT.items():
        yield _fact(TOLD_AS[rule], summary, AbsentInInteraction)
    silence = "Nothing comes from a source for as long as a rule says."
    yield _fact(TOLD_AS[Rule.SOURCE_SILENT_FOR], silence, SilentSource)
    measured = "What a queue is like at the end of an interval, and what happened during it."
    yield _fact(TOLD_AS[Rule.QUEUE_MEASURED_EVERY], measured, MeasuredQueue)


def _fact(name: str, summary: str, data: type[BaseModel]) -> EventType:
    return EventType(name=name, family=Family.OWN, kinds=(OWN_SOURCE,), summary=summary, data=data)
