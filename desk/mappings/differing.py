"""What a change of a mapping changes, event by event. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from switchboard.errors import EventError
from switchboard.event import Event, as_document
from switchboard.gathering import Gather, nothing_to_gather
from switchboard.guards import Fact
from switchboard.mapping import Mapping as EventMapping

ABSENT = "(no such field)"
FAILED = "(not mapped)"


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one event, as JSON, before and after; FAILED is the field of what fails."""

    event_id: str
    type: str
    field: str
    before: str
    after: str


@dataclass(slots=True)
class Difference:
    """How many events were mapped both ways, how many differ, and in which fields.

    `broken` could be mapped before, and cannot now; `mended` is the other way round.
    """

    events: int = 0
    changed: int = 0
    broken: int = 0
    mended: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    first: list[Change] = field(default_factory=list)


def difference(
    facts: Iterable[Fact],
    old: EventMapping,
    new: EventMapping,
    first: int,
    gather: Gather = nothing_to_gather,
) -> Difference:
    """Map each event by both; the `first` changes are kept. `gather` is for what they ask for."""
    found = Difference()
    for fact in facts:
        event = fact.event
        before, after = _mapped(fact, old, gather), _mapped(fact, new, gather)
        changes = changes_of(event, before, after)
        found.events += 1
        found.changed += bool(changes)
        found.broken += FAILED in after and FAILED not in before
        found.mended += FAILED in before and FAILED not in after
        found.fields.update(one.field for one in changes)
        found.first += changes[: max(0, first - len(found.first))]
    return found


def _mapped(fact: Fact, mapping: EventMapping, gather: Gather) -> Mapping[str, str]:
    try:
        given = gather(mapping.asking, as_document(fact.event), fact.raw_ref)
        output: dict[str, Any] = mapping.apply(fact.event, given)
    except EventError as error:
        return {FAILED: str(error)}
    return {name: json.dumps(value, sort_keys=True) for name, value in output.items()}


def changes_of(
    event: Event, before: Mapping[str, str], after: Mapping[str, str]
) -> Sequence[Change]:
    """Each field that differs; where one side failed, that alone, and where both did, nothing."""
    if FAILED in before and FAILED in after:
        return []
    failed = FAILED in before or FAILED in after
    names = [FAILED] if failed else [*before, *(name for name in after if name not in before)]
    pairs = ((name, before.get(name, ABSENT), after.get(name, ABSENT)) for name in names)
    return [Change(event.id, event.type, *pair) for pair in pairs if pair[1] != pair[2]]
