"""What two sources brought of the same contact centre, compared. Pure.

Events are the same that 8x8 gave the same name (`msgInfo`). What has no whole name, and what is
left over, is the same if it says the same: no public page promises that both ways carry the same
`msgInfo`. Quotes do not count: 8x8 drops and sets them value by value.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from switchboard.event import Event, digest
from switchboard.mapping.privacy import mask
from switchboard.sources.stream_fields import attached, text
from switchboard.sources.stream_types import GAP, UNDECODABLE

OUR_OWN = frozenset({GAP, UNDECODABLE})
MESSAGE = "msgInfo"
LONGEST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` on, and before `end`."""

    begin: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        return self.begin <= moment < self.end


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that says something else in the two payloads of one event; values are masked."""

    event: str
    type: str
    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Missing:
    """An event that only one of both brought."""

    event: str
    type: str
    time: str


@dataclass(slots=True)
class OfType:
    """The numbers of one type. `by_content` are of those in both."""

    both: int = 0
    by_content: int = 0
    only_old: int = 0
    only_new: int = 0
    differing: int = 0


@dataclass(slots=True)
class Comparison:
    """`told` are events of our own making by source: gaps, and what could not be decoded."""

    types: dict[str, OfType] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    extra: list[Missing] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    told: dict[str, dict[str, int]] = field(default_factory=dict)

    def of_type(self, kind: str) -> OfType:
        """The numbers of a type."""
        return self.types.setdefault(kind, OfType())

    @property
    def compared(self) -> int:
        """Events of the old source."""
        return sum(one.both + one.only_old for one in self.types.values())

    @property
    def complete(self) -> bool:
        """Whether the new source brought all that the old one did; of nothing it is not proven."""
        return self.compared > 0 and not self.missing


def compare(old: Sequence[Event], new: Sequence[Event], span: Span) -> Comparison:
    """Compare what lies in `span`; events beside it are only partners for those in it."""
    found = Comparison()
    found.told = {"old": _told(old, span), "new": _told(new, span)}
    old_left = [event for event in old if event.type not in OUR_OWN]
    new_left = [event for event in new if event.type not in OUR_OWN]
    for by_content, key in ((False, _name), (True, _content)):
        pairs, old_left, new_left = _paired(old_left, new_left, key)
        for one, other in pairs:
            if span.holds(one.time):
                _count(found, one, other, by_content=by_content or one.weakid)
    for event in old_left:
        if span.holds(event.time):
            found.of_type(event.type).only_old += 1
            found.missing.append(_missing(event))
    for event in new_left:
        if span.holds(event.time):
            found.of_type(event.type).only_new += 1
            found.extra.append(_missing(event))
    return found


def _count(found: Comparison, old: Event, new: Event, *, by_content: bool) -> None:
    numbers = found.of_type(old.type)
    numbers.both += 1
    numbers.by_content += by_content
    differences = list(_differences(old, new))
    numbers.differing += bool(differences)
    found.differences += differences


def _differences(old: Event, new: Event) -> Iterator[Difference]:
    if old.type != new.type:
        yield Difference(old.sourceeventid, old.type, "type", old.type, new.type)
    left, right = _said(old), _said(new)
    for name in sorted(left.keys() | right.keys()):
        one, other = left.get(name), right.get(name)
        if one != other:
            values = _masked(one), _masked(other)
            yield Difference(old.sourceeventid, old.type, name, *values)


def _masked(value: str | None) -> str | None:
    """At most the last two characters of a value, and of a short one fewer."""
    return None if value is None else mask(value[-LONGEST_SHOWN:], min(2, len(value) // 3))


def _paired(
    old: Iterable[Event], new: Iterable[Event], key: Any
) -> tuple[list[tuple[Event, Event]], list[Event], list[Event]]:
    """Events of one key, in the order of their times, and what is left of both sides."""
    waiting: defaultdict[str, list[Event]] = defaultdict(list)
    for event in sorted(new, key=lambda event: event.time, reverse=True):
        waiting[key(event)].append(event)
    pairs, left = [], []
    for event in sorted(old, key=lambda event: event.time):
        others = waiting.get(key(event))
        if others:
            pairs.append((event, others.pop()))
        else:
            left.append(event)
    return pairs, left, [event for events in waiting.values() for event in events]


def _name(event: Event) -> str:
    return _content(event) if event.weakid else event.sourceeventid


def _content(event: Event) -> str:
    """What an event says, without the name of the message."""
    return digest(event.type, json.dumps(_said(event), sort_keys=True))


def _said(event: Event) -> Mapping[str, str]:
    """The fields, but for those that name the message."""
    named = f"{MESSAGE}."
    return {name: text for name, text in _fields(event).items() if not name.startswith(named)}


def _fields(event: Event) -> Mapping[str, str]:
    """The payload's fields by their paths, as texts."""
    details = event.data.get("details") or {} if isinstance(event.data, dict) else {}
    found = {f"attachedData.{name}": value for name, value in attached(details).items()}
    rest = {name: value for name, value in details.items() if name != "attachedData"}
    found.update(_flat(rest, ""))
    return found


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _flat(inside, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for number, inside in enumerate(value):
            yield from _flat(inside, f"{path}[{number}]")
    else:
        yield path, text(value) or ""


def _told(events: Iterable[Event], span: Span) -> dict[str, int]:
    return dict(Counter(one.type for one in events if one.type in OUR_OWN and span.holds(one.time)))


def _missing(event: Event) -> Missing:
    return Missing(event.sourceeventid, event.type, event.time.isoformat(timespec="milliseconds"))
