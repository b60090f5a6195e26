"""What is known of a type of event."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

ANY = "*"
"""At the end of a type: whatever comes there."""


class Family(StrEnum):
    """What belongs together on a page."""

    INTERACTIONS = "Interactions"
    AGENTS = "Agents"
    MEETINGS = "Meetings"
    MESSAGES = "Messages"
    OWN = "Switchboard's own"
    PASSING = "What passes through"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A canonical type and the model of its `data`.

    `sender_names` are what the sender calls it. `says` are the fields of `data` that tell what
    happened, where the model has others as well. `version` rises when a field goes or changes its
    meaning, not when one is added.
    """

    name: str
    family: Family
    kinds: tuple[str, ...]
    summary: str
    data: type[BaseModel]
    sender_names: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    version: int = 1

    @property
    def key(self) -> str:
        """The type as the name of a file, or of a part of a document."""
        return self.name.removesuffix(ANY).rstrip(".") or "any"

    def takes(self, kind: str, name: str) -> bool:
        """Whether an event of type `name` from a source of kind `kind` is one of these."""
        if kind not in self.kinds:
            return False
        beginning = self.name.removesuffix(ANY)
        return name == beginning or (beginning != self.name and name.startswith(beginning))
