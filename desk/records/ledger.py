"""The ledger as an operator reads it: by group, by delivery, by dead letter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from desk.records.events import Key
from desk.records.tables import Plain, get_batch, query
from desk.target import Target
from switchboard.aws.ledger_table import entry_of, sort_key
from switchboard.ledger import Entry

MARKS = ("gap#", "guard#")


@dataclass(frozen=True, slots=True)
class GroupLedger:
    """What the ledger holds of a group: its deliveries, and the marks of order beside them.

    `marks` are the sort keys of what is no delivery; `unread` those of a later release's states.
    """

    entries: Sequence[Entry]
    marks: Sequence[str] = ()
    unread: Sequence[str] = ()


class LedgerRecords:
    """Reads one stage's ledger."""

    def __init__(self, target: Target) -> None:
        self._dynamodb = target.client("dynamodb")
        self.table = str(target.core()["ledger_table"])

    def of_group(self, group: str) -> GroupLedger:
        """Everything of a group, by one Query."""
        return _read(query(self._dynamodb, self.table, "#group = :group", {"group": group}))

    def of_event(self, key: Key) -> GroupLedger:
        """Every delivery of one event, to whatever destination."""
        condition = "#group = :group AND begins_with(#delivery, :event)"
        values = {"group": key.group, "event": f"{key.event_id}#"}
        return _read(query(self._dynamodb, self.table, condition, values))

    def get(self, deliveries: Iterable[tuple[Key, str]]) -> GroupLedger:
        """The entries of (event, destination), a hundred a request; those that exist."""
        asked = (
            {"group": key.group, "delivery": sort_key(key.event_id, destination)}
            for key, destination in deliveries
        )
        return _read(get_batch(self._dynamodb, self.table, asked))

    def dead(self, destination: str, since: str) -> Iterator[Entry]:
        """The dead letters of a destination since a moment, in the order of time."""
        condition = "#dead = :dead AND #dead_at >= :since"
        values = {"dead": f"dead#{destination}", "since": since}
        for item in query(self._dynamodb, self.table, condition, values, index="dead"):
            yield entry_of(item)


def _read(items: Iterable[Plain]) -> GroupLedger:
    entries: list[Entry] = []
    marks: list[str] = []
    unread: list[str] = []
    for item in items:
        if str(item["delivery"]).startswith(MARKS):
            marks.append(item["delivery"])
            continue
        try:
            entries.append(entry_of(item))
        except (KeyError, TypeError, ValueError):
            unread.append(item["delivery"])
    return GroupLedger(entries, marks, unread)


def by_delivery(ledger: GroupLedger) -> Mapping[tuple[str, str], Entry]:
    """The entries by event id and destination."""
    return {(entry.event_id, entry.destination): entry for entry in ledger.entries}
