"""A day read from the tables, the queues and the archive, shard by shard, and added up."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime

from desk.proof.account import Account
from desk.proof.archive import ArchiveCheck, Archived
from desk.proof.spool import Spool
from desk.records.events import EventRecords, Kept, Key
from desk.records.ledger import LedgerRecords, by_delivery
from desk.records.tables import BATCH_KEYS, batches
from desk.target import Target
from switchboard.events import SHARDS
from switchboard.held import ROUTE
from switchboard.ledger import Entry

AT_ONCE = 8

Progress = Callable[[str, int], None]
"""Is told what is being looked at, and how many so far."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What the tables say of some keys of the index."""

    keys: Sequence[Key]
    kept: Sequence[Kept]
    entries: Mapping[str, Mapping[str, Entry]]
    unread: Sequence[str]


_COUNTED = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of a day. `refused` never became events: they are dead letters of `route`."""

    day: date
    account: Account
    archived: Archived
    refused: int
    in_queues: Mapping[str, int]

    @property
    def closes(self) -> bool:
        """Whether everything that was recorded is accounted for."""
        sums = self.account.destinations.values()
        return not self.account.problem_count and all(one.closes for one in sums)


class DayReader:
    """Proves days of one stage."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._events = EventRecords(target)
        self._ledger = LedgerRecords(target)
        self._deployed = {
            name.removeprefix("deployment/destinations/"): json.loads(text)
            for name, text in target.parameters("deployment/destinations/").items()
        }

    def prove(self, day: date, *, whole_archive: bool, progress: Progress) -> Proof:
        """Read the day and add it up."""
        account = Account(frozenset(self._deployed))
        with Spool() as spool:
            self._add_up(day, account, spool, progress)
            refused = self._dead(day, account, spool)
            in_queues = self._compare_queues(account)
            archived = ArchiveCheck(self._target, self._events, spool).run(
                day,
                whole=whole_archive,
                in_ingest=in_queues[ROUTE],
                found=account.problem,
                looked=lambda number: progress("raw archive", number),
            )
        return Proof(day, account, archived, refused, in_queues)

    def _add_up(self, day: date, account: Account, spool: Spool, progress: Progress) -> None:
        done = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for some in batches(batches(self._keys(day, account), BATCH_KEYS), AT_ONCE):
                for read in pool.map(self._read, some):
                    _fold(read, account)
                    spool.add((event.key.event_id, event.raw_ref) for event in read.kept)
                    done += len(read.kept)
                    progress("events", done)

    def _keys(self, day: date, account: Account) -> Iterator[Key]:
        """The day's keys; the index gives equal ids one after the other."""
        for source in self._events.sources():
            for shard in range(SHARDS):
                before: Key | None = None
                for key in self._events.keys(source, day, shard):
                    if before is not None and before.event_id == key.event_id:
                        account.problem(
                            "recorded_twice", f"{key.event_id}, in {before.group} and {key.group}"
                        )
                    before = key
                    account.captured(source)
                    yield key

    def _read(self, keys: Sequence[Key]) -> _Read:
        kept = list(self._events.get(keys))
        found = self._ledger.get((one.key, choice.name) for one in kept for choice in one.choices)
        entries: dict[str, dict[str, Entry]] = {}
        for (event_id, name), entry in by_delivery(found).items():
            entries.setdefault(event_id, {})[name] = entry
        return _Read(keys, kept, entries, found.unread)

    def _dead(self, day: date, account: Account, spool: Spool) -> int:
        """Dead letters that no recorded choice leads to; how many never became events."""
        refused = 0
        since = f"{day:%Y-%m-%d}T00:00:00.000Z"
        for name in [*sorted(self._deployed), ROUTE]:
            for entries in batches(self._ledger.dead(name, since), BATCH_KEYS):
                keys = {Key(entry.group, entry.event_id): entry for entry in entries}
                kept = {event.key: event for event in self._events.get(keys)}
                for key, entry in keys.items():
                    event = kept.get(key)
                    if event is None and _of_day(entry, day):
                        refused += 1
                        self._without_event(account, spool, entry)
                    elif event is not None and _undecided(event, entry, day):
                        account.undecided(entry)
        return refused

    def _without_event(self, account: Account, spool: Spool, entry: Entry) -> None:
        """A refusal by the router leaves no event; any other dead letter has one."""
        spool.add([(entry.event_id, None)])
        if entry.destination != ROUTE and not entry.event_id.startswith("message:"):
            account.problem("no_event", f"{entry.event_id}, which is dead at {entry.destination}")

    def _compare_queues(self, account: Account) -> Mapping[str, int]:
        """What has no entry must be in a queue: more of it than messages is lost."""
        core = self._target.core()
        ingest = [core[name] for name in ("ingest_queue_url", "ingest_bulk_queue_url")]
        in_queues = {ROUTE: self._messages(ingest)}
        for name, deployed in self._deployed.items():
            in_queues[name] = self._messages(list(deployed["queues"].values()))
        for name, number, named in account.waiting_names():
            there = in_queues.get(name, 0) + in_queues[ROUTE]
            if number > there:
                for event_id in named:
                    account.problem(
                        "no_entry",
                        f"{event_id} for {name}: the ledger has no entry, and of {number} such"
                        f" deliveries at the most {there} can be in the queues",
                    )
        return in_queues

    def _messages(self, urls: Sequence[str]) -> int:
        sqs = self._target.client("sqs")
        return sum(
            int(number)
            for url in urls
            for number in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTED))[
                "Attributes"
            ].values()
        )


def _fold(read: _Read, account: Account) -> None:
    for event in read.kept:
        account.event(event, read.entries.get(event.key.event_id, {}))
    for key in set(read.keys) - {event.key for event in read.kept}:
        account.problem("no_event", f"{key.event_id}, which the index names in {key.group}")
    for delivery in read.unread:
        account.problem("unread", f"{delivery}: a later release wrote it; prove with that one")


def _of_day(entry: Entry, day: date) -> bool:
    return datetime.fromtimestamp(entry.updated_at, UTC).date() == day


def _undecided(event: Kept, entry: Entry, day: date) -> bool:
    of_day = event.time.startswith(f"{day:%Y-%m-%d}")
    return of_day and entry.destination not in {choice.name for choice in event.choices}
