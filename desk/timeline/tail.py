"""What happens in a stage, as it happens: new events, and how their deliveries go on.

A poll reads the keys of today's events from the index, which are small, and fetches only what is
new. It follows the deliveries of the events that it saw come, until they are final, and asks each
destination for its newest dead letters, so that those of older events are seen as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

from desk.records.events import EventRecords, Kept, Key
from desk.records.ledger import LedgerRecords, by_delivery
from desk.timeline.standing import clock, sentence
from switchboard.ledger import Entry

FOLLOWED = 10_000
LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One line. An event has no destination; `type` and `source` are empty where unknown."""

    at: str
    event_id: str
    source: str
    type: str
    destination: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown. With a destination or a state, only deliveries are."""

    source: str | None = None
    type: str | None = None
    destination: str | None = None
    state: str | None = None

    def takes(self, change: Change) -> bool:
        """Whether `change` is shown."""
        return (
            self.source in {None, change.source}
            and (self.type is None or fnmatchcase(change.type, self.type))
            and self.destination in {None, change.destination}
            and self.state in {None, change.state}
        )


class Tail:
    """Follows one stage from the moment of `start` on."""

    def __init__(
        self,
        events: EventRecords,
        ledger: LedgerRecords,
        sources: Sequence[str],
        destinations: Sequence[str],
    ) -> None:
        self._events = events
        self._ledger = ledger
        self._sources = sources
        self._destinations = destinations
        self._seen: dict[date, set[str]] = {}
        self._followed: dict[tuple[Key, str], tuple[Kept, tuple[str, int]]] = {}
        self._dead_since: dict[str, str] = {}

    def start(self, now: datetime) -> None:
        """Take what is there as known."""
        for _ in self._new_keys(now):
            pass
        self._dead_since = dict.fromkeys(self._destinations, clock(now.timestamp()))

    def poll(self, now: datetime) -> Iterator[Change]:
        """What changed since the last time."""
        for kept in sorted(self._events.get(self._new_keys(now)), key=lambda one: one.time):
            self._follow(kept)
            yield _arrived(kept)
        yield from self._deliveries(now.timestamp())
        yield from self._dead(now.timestamp())

    def _new_keys(self, now: datetime) -> Iterator[Key]:
        """Shortly after midnight, events of the day before still come."""
        days = {now.date(), (now - LATE).date()}
        self._seen = {day: self._seen.get(day, set()) for day in days}
        for day in sorted(days):
            seen = self._seen[day]
            for source in self._sources:
                for key in self._events.keys_of_day(source, day):
                    if key.event_id not in seen:
                        seen.add(key.event_id)
                        yield key

    def _follow(self, kept: Kept) -> None:
        for choice in kept.choices:
            self._followed[kept.key, choice.name] = (kept, ("", 0))
        while len(self._followed) > FOLLOWED:
            del self._followed[next(iter(self._followed))]

    def _deliveries(self, now: float) -> Iterator[Change]:
        entries = by_delivery(self._ledger.get(list(self._followed)))
        for (key, destination), (kept, before) in list(self._followed.items()):
            entry = entries.get((key.event_id, destination))
            if entry is None or (str(entry.state), entry.attempt) == before:
                continue
            self._followed[key, destination] = (kept, (str(entry.state), entry.attempt))
            if entry.is_final:
                del self._followed[key, destination]
            yield _delivery(entry, now, kept)

    def _dead(self, now: float) -> Iterator[Change]:
        """Dead letters of events that are not followed; those of followed ones were just told."""
        for name, since in self._dead_since.items():
            for entry in self._ledger.dead(name, since):
                at = clock(entry.updated_at)
                if at <= since:
                    continue
                self._dead_since[name] = max(self._dead_since[name], at)
                if not self._told(entry):
                    yield _delivery(entry, now, None)

    def _told(self, entry: Entry) -> bool:
        return any(entry.event_id in seen for seen in self._seen.values())


def _arrived(kept: Kept) -> Change:
    names = ", ".join(choice.name for choice in kept.choices) or "nobody"
    where = "its source" if kept.held_by == kept.source else f"the source {kept.held_by}"
    text = f"held at {where}" if kept.held else f"for {names}"
    return Change(
        kept.received_at or kept.time, kept.key.event_id, kept.source, kept.type, "", "", text
    )


def _delivery(entry: Entry, now: float, kept: Kept | None) -> Change:
    return Change(
        clock(entry.updated_at),
        entry.event_id,
        kept.source if kept else "",
        kept.type if kept else "",
        entry.destination,
        str(entry.state),
        sentence(entry, now),
    )
