"""A stage's storage, one store after the other: what of it is a person's, and how it goes.

It is looked for before anything goes, because what is theirs in one store is known from another:
the payload names the event, the event its interaction. Queues are emptied first, so that nothing
comes out of them that would be kept again; then tables, then the archive. At last all of it is
looked through once more.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from desk.destinations import deployed
from desk.forgetting.objects import ArchiveObjects, Hit
from desk.forgetting.person import Person, request_of
from desk.forgetting.queues import forget_messages, waiting
from desk.forgetting.tables import (
    Change,
    Item,
    StageTable,
    of_delivery,
    of_document,
    of_event,
    of_other,
    of_state,
    of_timer,
)
from desk.forgetting.theirs import Theirs
from desk.target import Target
from switchboard.aws.items import to_item
from switchboard.event import utc_text
from switchboard.ledger import State

ARCHIVE = "archive"
DOCUMENTS = "documents"
TABLE = "_table"
QUEUE = "_queue_url"
FORGOTTEN = "forgotten#"
GOOD = "good"

Progress = Callable[[str, int], None]
"""Is told which store is being looked through, and how many things in it so far."""


@dataclass(slots=True)
class Store:
    """What was found in one store. `left` is still there afterwards, or nobody could look at it."""

    name: str
    looked_at: int = 0
    found: int = 0
    forgotten: int = 0
    left: int = 0


@dataclass(slots=True)
class Report:
    """What a request came to. `delivered` counts what destinations were sent and keep."""

    request: str
    stores: list[Store]
    events: int = 0
    interactions: int = 0
    delivered: Mapping[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How much is not gone."""
        return sum(store.left for store in self.stores)


class Stage:
    """The storage of one stage."""

    def __init__(self, target: Target, progress: Progress) -> None:
        self._target = target
        self._progress = progress
        self._core = target.core()
        self._sqs = target.client("sqs")
        self._dynamodb = target.client("dynamodb")

    def look(self, theirs: Theirs) -> Report:
        """What is there, and take note in `theirs` of what belongs to it."""
        archive = self._learn(theirs)
        stores = [self._found(name, theirs) for name in self._tables()]
        delivered = self._delivered(theirs)
        return Report(
            request=request_of(theirs.person, self._target.stage),
            stores=[*self._queues(), *stores, archive, self._documents(theirs.person)],
            events=len(theirs.events),
            interactions=len(theirs.groups),
            delivered=delivered,
        )

    def _learn(self, theirs: Theirs) -> Store:
        """Go from events to payloads and back, until neither tells of any more of theirs."""
        while True:
            # An earlier event of an interaction is passed before a later one names it as theirs.
            for _ in range(2):
                for item in self._table("events_table").items():
                    if theirs.has_event(item):
                        theirs.add_event(item["group"], item["event_id"])
            archive, hits = self._archive(theirs)
            events = {one for hit in hits for one in hit.ids}
            claims = {hit.version.key for hit in hits if not hit.ids}
            if events <= theirs.events and claims <= theirs.claims:
                return archive
            theirs.events |= events
            theirs.add_claims(claims)

    def forget(self, theirs: Theirs, looked: Report, at: datetime) -> Report:
        """Let everything go that is theirs, and look again; the request is kept by its hash."""
        gone = {store.name: store for store in [*self._empty(theirs), *self._clear(theirs)]}
        archive = Store(ARCHIVE)
        gone[ARCHIVE] = archive
        archive.forgotten = _count(self._objects(archive).forget(theirs))
        again = {store.name: store for store in self.look(theirs).stores}
        stores = []
        for before in looked.stores:
            done = gone.get(before.name, Store(before.name))
            is_queue = before.name in self._queue_urls
            left = done.left if is_queue else again[before.name].found
            looked_at = done.looked_at or before.looked_at
            found = done.found if is_queue else before.found
            stores.append(Store(before.name, looked_at, found, done.forgotten, left))
        self._record(looked.request, looked.events, at)
        return Report(looked.request, stores, looked.events, looked.interactions, looked.delivered)

    def _record(self, request: str, events: int, at: datetime) -> None:
        item = to_item({"item": FORGOTTEN + request, "at": utc_text(at), "events": events})
        self._dynamodb.put_item(TableName=self._core["state_table"], Item=item)

    # Queues

    @cached_property
    def _queue_urls(self) -> Mapping[str, str]:
        found = {name.removesuffix(QUEUE): url for name, url in self._core.items() if QUEUE in name}
        for name, said in deployed(self._target).items():
            found |= {f"{name} {lane}": url for lane, url in said["queues"].items()}
            found[f"{name} dead"] = said["dead_queue_url"]
        return {f"queue {name}": url for name, url in found.items()}

    def _queues(self) -> Iterator[Store]:
        """How many messages wait: they are looked into only where they may be deleted."""
        for name, url in self._queue_urls.items():
            yield Store(name, looked_at=waiting(self._sqs, url))

    def _empty(self, theirs: Theirs) -> Iterator[Store]:
        for name, url in self._queue_urls.items():
            store = Store(name)
            done = forget_messages(self._sqs, url, theirs, self._looking(store))
            store.found = store.forgotten = done.deleted
            store.left = done.unseen
            yield store

    # Tables

    def _tables(self) -> Sequence[str]:
        return sorted(name for name in self._core if name.endswith(TABLE))

    def _table(self, name: str, store: Store | None = None) -> StageTable:
        looked = self._looking(store or Store(name))
        return StageTable(self._dynamodb, str(self._core[name]), looked)

    def _found(self, name: str, theirs: Theirs) -> Store:
        """What is to be changed in a table, or holds a form of the number without being changed."""
        store = Store(f"table {name.removesuffix(TABLE)}")
        table = self._table(name, store)
        change = self._changes(name, table, theirs)
        for item in table.items():
            texts = (value for value in item.values() if isinstance(value, str))
            if change(item) is not None or any(theirs.has_text(text) for text in texts):
                store.found += 1
        return store

    def _clear(self, theirs: Theirs) -> Iterator[Store]:
        for name in self._tables():
            store = Store(f"table {name.removesuffix(TABLE)}")
            table = self._table(name, store)
            change = self._changes(name, table, theirs)
            for item in table.items():
                wanted = change(item)
                if wanted is not None and table.make(item, wanted):
                    store.forgotten += 1
            yield store

    def _changes(
        self, name: str, table: StageTable, theirs: Theirs
    ) -> Callable[[Item], Change | None]:
        if name == "events_table":
            return lambda item: of_event(item, theirs)
        if name == "ledger_table":
            return lambda item: of_delivery(item, theirs)
        if name == "timers_table":
            return lambda item: of_timer(item, theirs)
        if name == "state_table":
            return lambda item: of_state(item, theirs)
        if name == "configuration_table":
            newest = self._newest(table)
            return lambda item: of_document(item, newest.get(str(item["name"]), 0.0), theirs)
        return lambda item: of_other(item, table.keys, theirs)

    def _newest(self, table: StageTable) -> Mapping[str, float]:
        """The newest good version of each document."""
        found: dict[str, float] = {}
        for item in table.items():
            if item.get("status") == GOOD:
                found[item["name"]] = max(found.get(item["name"], 0.0), item["version"])
        return found

    def _delivered(self, theirs: Theirs) -> Mapping[str, int]:
        names = (
            str(item["destination"])
            for item in self._table("ledger_table").items()
            if item.get("event_id") in theirs.events and item.get("state") == State.DELIVERED
        )
        return dict(Counter(names))

    # Objects and documents

    def _objects(self, store: Store) -> ArchiveObjects:
        bucket = str(self._core["archive_bucket"])
        return ArchiveObjects(self._target.client("s3"), bucket, self._looking(store))

    def _archive(self, theirs: Theirs) -> tuple[Store, list[Hit]]:
        store = Store(ARCHIVE)
        hits = self._objects(store).find(theirs)
        store.found = _count(hits)
        return store, hits

    def _documents(self, person: Person) -> Store:
        """Documents are written by people, and are theirs to change."""
        texts = self._target.parameters()
        found = sum(person.is_in(text) for text in texts.values())
        return Store(DOCUMENTS, looked_at=len(texts), found=found)

    def _looking(self, store: Store) -> Callable[[], None]:
        def looked() -> None:
            store.looked_at += 1
            self._progress(store.name, store.looked_at)

        return looked


def _count(hits: Sequence[Hit]) -> int:
    """Lines, and whole objects; versions of one line count each."""
    return sum(max(1, len(hit.ids)) for hit in hits)
