"""Which deliveries a replay selects: page by page from the ledger, never all at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from desk.records.events import EventRecords, Key
from desk.records.ledger import LedgerRecords
from desk.records.tables import BATCH_KEYS, batches
from desk.target import Target, TargetError
from switchboard.errors import ReasonClass
from switchboard.event import group_of, utc_text
from switchboard.held import ROUTE
from switchboard.ledger import Entry, State
from switchboard.replays import Selected

UNREADABLE = "message:"
EARLIEST = "0"
"""Before every moment, as text."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; what is empty does not restrict.

    Without `again` the dead letters of `destination`, and `since` and `until` are about when they
    stopped; with it what was delivered, one generation up, and they are about the events' times.
    """

    destination: str
    reasons: Sequence[ReasonClass] = ()
    types: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    interaction: str | None = None
    again: bool = False
    old_mapping: bool = False
    from_raw: bool = False

    def __str__(self) -> str:
        """In words, for the plan."""
        named: Mapping[str, str] = {
            "reason": " or ".join(self.reasons),
            "type": " or ".join(self.types),
            "since": utc_text(self.since) if self.since else "",
            "until": utc_text(self.until) if self.until else "",
            "interaction": self.interaction or "",
            "mapping": "old" if self.old_mapping else "",
            "made anew from": "raw" if self.from_raw else "",
        }
        words = ["delivered, once more" if self.again else "dead letters"]
        return ", ".join(words + [f"{name} {value}" for name, value in named.items() if value])


def select(target: Target, filters: Filters) -> Iterator[Selected]:
    """The deliveries that `filters` take, as they are found.

    Raises:
        TargetError: the filters ask for what cannot be selected.
    """
    if filters.destination == ROUTE:
        raise TargetError(
            "what was never routed has no delivery to repeat; its raw payload is in the dead"
            " letter: correct the source and let the sender send it again"
        )
    ledger, events = LedgerRecords(target), EventRecords(target)
    entries = (entry for entry in _entries(ledger, events, filters) if _fits(entry, filters))
    for batch in batches(entries, BATCH_KEYS):
        for entry in _of_type(events, batch, filters):
            one = selected(entry, again=filters.again, old_mapping=filters.old_mapping)
            yield one.model_copy(update={"from_raw": filters.from_raw})


def selected(entry: Entry, *, again: bool = False, old_mapping: bool = False) -> Selected:
    """An entry's delivery, to be sent again."""
    return Selected(
        group=entry.group,
        event_id=entry.event_id,
        generation=entry.generation + again,
        lane=entry.lane,
        mapping_version=entry.mapping_version if old_mapping else None,
    )


def _entries(ledger: LedgerRecords, events: EventRecords, filters: Filters) -> Iterator[Entry]:
    if filters.interaction is not None:
        group = group_of("", datetime.now(UTC), interaction=filters.interaction)
        yield from ledger.of_group(group).entries
    elif not filters.again:
        since = utc_text(filters.since) if filters.since else EARLIEST
        yield from ledger.dead(filters.destination, since)
    elif filters.since is None:
        raise TargetError("--again needs --since or --interaction: it would select everything")
    else:
        for batch in batches(_keys(events, filters.since, filters.until), BATCH_KEYS):
            found = ledger.get((key, filters.destination) for key in batch)
            yield from found.entries


def _keys(events: EventRecords, since: datetime, until: datetime | None) -> Iterator[Key]:
    """Of every source's events of these days; no index has them in the order of time."""
    day, last = since.astimezone(UTC).date(), (until or datetime.now(UTC)).astimezone(UTC).date()
    sources = events.sources()
    while day <= last:
        for source in sources:
            yield from events.keys_of_day(source, day)
        day += timedelta(days=1)


def _fits(entry: Entry, filters: Filters) -> bool:
    return (
        entry.destination == filters.destination
        and entry.state is (State.DELIVERED if filters.again else State.DEAD)
        and not entry.event_id.startswith(UNREADABLE)
        and (not filters.reasons or entry.reason_class in filters.reasons)
        and (filters.again or _is_within(entry.updated_at, filters))
    )


def _is_within(moment: float, filters: Filters) -> bool:
    since, until = filters.since, filters.until
    return (since is None or since.timestamp() <= moment) and (
        until is None or moment <= until.timestamp()
    )


def _of_type(events: EventRecords, entries: Sequence[Entry], filters: Filters) -> Sequence[Entry]:
    """Those whose event has a type and, with `again`, a time that are asked for."""
    bounded = filters.again and (filters.since is not None or filters.until is not None)
    if not filters.types and not bounded:
        return entries
    keys = [Key(entry.group, entry.event_id) for entry in entries]
    fitting = {
        kept.key
        for kept in events.get(keys)
        if (not filters.types or kept.type in filters.types)
        and (not bounded or _is_within(datetime.fromisoformat(kept.time).timestamp(), filters))
    }
    return [entry for entry, key in zip(entries, keys, strict=True) if key in fitting]
