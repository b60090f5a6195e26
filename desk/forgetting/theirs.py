"""What is a person's, wherever it is kept. Pure.

An event is theirs that holds a form of their number or address; and so is every event of an
interaction that has such a one, because what was said there is theirs as well. Agents' groups are a
day of many people's: of these only the events that hold it.
"""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from desk.forgetting.person import Person
from switchboard.claims import claimed_event

INTERACTION = "interaction:"
LEFT_OF_A_LINE = ("id", "source", "time")
"""What readers of the archive need, and no payload."""


@dataclass(slots=True)
class Theirs:
    """What was found so far: groups that are theirs as a whole, events, and claims' keys."""

    person: Person
    whole_interactions: bool = True
    groups: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)

    def has_text(self, text: str) -> bool:
        """Whether a form of it stands there."""
        return self.person.is_in(text)

    def has_line(self, text: str) -> bool:
        """Whether a line of the archive is theirs, and still holds something."""
        line = _document(text)
        if set(line) <= set(LEFT_OF_A_LINE):
            return False
        return line.get("id") in self.events or self.person.is_in(text)

    def has_claim(self, key: str, text: str) -> bool:
        """Whether an object that holds `text` whole is theirs."""
        return key in self.claims or claimed_event(key) in self.events or self.person.is_in(text)

    def has_event(self, item: Mapping[str, Any]) -> bool:
        """Whether an item of the events table is theirs."""
        return (
            item["group"] in self.groups
            or item["event_id"] in self.events
            or _key(item.get("event_ref")) in self.claims
            or any(self.person.is_in(value) for value in item.values() if isinstance(value, str))
        )

    def has_message(self, body: str, group: str) -> bool:
        """Whether a message of a queue is theirs."""
        if group in self.groups or self.person.is_in(body):
            return True
        envelope = _document(body)
        event, ref = envelope.get("event"), envelope.get("event_ref")
        return (isinstance(event, dict) and event.get("id") in self.events) or (
            isinstance(ref, dict) and ref.get("key") in self.claims
        )

    def add_claims(self, keys: Set[str]) -> None:
        """Take note of claims that are theirs, and with them of their events."""
        self.claims |= keys
        self.events |= {event for key in keys if (event := claimed_event(key))}

    def add_event(self, group: str, event_id: str) -> None:
        """Take note of an event that is theirs."""
        self.events.add(event_id)
        if self.whole_interactions and group.startswith(INTERACTION):
            self.groups.add(group)


def blanked(text: str) -> str:
    """A line of the archive without what it held; line and place stay."""
    line = _document(text)
    return json.dumps(
        {name: line[name] for name in LEFT_OF_A_LINE if name in line}, separators=(",", ":")
    )


def id_of(text: str) -> str:
    """The event of a line of the archive."""
    return str(_document(text).get("id", ""))


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _key(ref: Any) -> str:
    return str(_document(ref).get("key", "")) if isinstance(ref, str) else ""
