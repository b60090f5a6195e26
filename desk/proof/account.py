"""The sum of a day: each recorded delivery counted once, as final, as open, or as a problem. Pure.

Recorded are the deliveries that the events table names. Each has one entry in the ledger, which is
final (delivered, dead, held, skipped, discarded, redirected) or open (sending, waiting, unknown),
or none yet: it is queued, held at its source, or its destination is not deployed any more.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from desk.records.events import Kept
from switchboard.ledger import Entry, State

NAMED = 1000
QUEUED = "queued"
NOT_DEPLOYED = "not_deployed"
SOURCE_HELD = "held_at_source"
OPEN = (State.SENDING, State.WAITING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not add up, and which event or delivery it is about."""

    kind: str
    what: str


@dataclass
class SourceSum:
    """What a source brought. No destination takes the `unrouted`.

    For what is `held` or was `discarded` while the source was paused, none was asked.
    """

    captured: int = 0
    unrouted: int = 0
    held: int = 0
    discarded: int = 0
    types: Counter[str] = field(default_factory=Counter)


@dataclass
class DestinationSum:
    """What became of the deliveries recorded for a destination.

    `states` has every recorded delivery once. `undecided` are dead letters of events that did not
    choose the destination, because its predicate failed on them.
    """

    recorded: int = 0
    delivered_once: int = 0
    states: Counter[str] = field(default_factory=Counter)
    dead_by_reason: Counter[str] = field(default_factory=Counter)
    possible_duplicates: int = 0
    repeated: int = 0
    undecided: int = 0

    @property
    def waiting(self) -> int:
        """Recorded and not final."""
        return self.states[QUEUED] + sum(self.states[state] for state in OPEN)

    @property
    def closes(self) -> bool:
        """Whether every recorded delivery was counted once."""
        return self.recorded == sum(self.states.values())


class Account:
    """Folds events and their ledger entries into sums. It holds counts, and what is a problem."""

    def __init__(self, deployed: frozenset[str]) -> None:
        self._deployed = deployed
        self.sources: dict[str, SourceSum] = {}
        self.destinations: dict[str, DestinationSum] = {}
        self.problems: list[Problem] = []
        self.problem_count = 0
        self._queued: dict[str, list[str]] = {}

    def problem(self, kind: str, what: str) -> None:
        """Name what does not add up; of many, the first thousand are kept."""
        self.problem_count += 1
        if len(self.problems) < NAMED:
            self.problems.append(Problem(kind, what))

    def captured(self, source: str) -> None:
        """One key of the index by source and day."""
        self._source(source).captured += 1

    def event(self, kept: Kept, entries: Mapping[str, Entry]) -> None:
        """An event, and the entries that the ledger has for its recorded destinations."""
        source = self._source(kept.source)
        source.types[kept.type] += 1
        if kept.held:
            source.held += 1
        elif kept.discarded:
            source.discarded += 1
        elif not kept.choices:
            source.unrouted += 1
        for choice in kept.choices:
            entry = entries.get(choice.name)
            if entry is None:
                self._without_entry(kept, choice.name)
            else:
                self._entry(entry)

    def undecided(self, entry: Entry) -> None:
        """A dead letter of a destination that was never chosen for the event."""
        self.destination(entry.destination).undecided += 1

    def waiting_names(self) -> Iterator[tuple[str, int, list[str]]]:
        """Per destination: how many deliveries have no entry, and the first of them by name."""
        for name, named in self._queued.items():
            yield name, self.destinations[name].states[QUEUED], named

    def _entry(self, entry: Entry) -> None:
        found = self.destination(entry.destination)
        found.recorded += 1
        found.states[entry.state] += 1
        found.possible_duplicates += entry.possible_duplicates
        found.repeated += entry.generation > 0
        if entry.state is State.DELIVERED and not entry.possible_duplicates:
            found.delivered_once += 1
        if entry.state is State.DEAD:
            found.dead_by_reason[str(entry.reason_class or "bug")] += 1

    def _without_entry(self, kept: Kept, destination: str) -> None:
        found = self.destination(destination)
        found.recorded += 1
        if kept.held:
            found.states[SOURCE_HELD] += 1
        elif destination not in self._deployed:
            found.states[NOT_DEPLOYED] += 1
        else:
            found.states[QUEUED] += 1
            named = self._queued.setdefault(destination, [])
            if len(named) < NAMED:
                named.append(kept.key.event_id)

    def _source(self, name: str) -> SourceSum:
        return self.sources.setdefault(name, SourceSum())

    def destination(self, name: str) -> DestinationSum:
        """The sum of one destination."""
        return self.destinations.setdefault(name, DestinationSum())
