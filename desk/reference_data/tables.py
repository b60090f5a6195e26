"""The reference tables of a stage: loaded as a whole, listed and shown."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.records.tables import batches, query
from desk.reference_data.files import Table
from desk.target import Target, TargetError
from switchboard.aws.items import from_item, to_item
from switchboard.aws.reference_table import row_item
from switchboard.errors import Unavailable
from switchboard.event import utc_text
from switchboard.mapping.catalogue import Row

BATCH_WRITES = 25
TRIES = 8
ABOUT = "#tables"
"""Where it is kept what each table is: no table is named so."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table that was loaded: when, how many rows it has, by which column, and its columns."""

    table: str
    rows: int
    key: str
    columns: Sequence[str]
    loaded_at: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a load did. `kept` are rows that stood before and are bad in the file."""

    loaded: Loaded
    removed: int
    kept: int


class ReferenceTables:
    """One stage's reference data, with the operator's credentials."""

    def __init__(self, target: Target, sleep: Callable[[float], None] = time.sleep) -> None:
        self._dynamodb = target.client("dynamodb")
        self._sleep = sleep
        found = target.core().get("reference_table")
        if found is None:
            raise TargetError(
                f"the stage {target.stage} has no reference table yet; deploy it again"
            )
        self._table = str(found)

    def load(self, table: Table, done: Callable[[int], None] = lambda _: None) -> Replaced:
        """Let the rows of `table` be all that there are; `done` is told how many were written.

        The new rows are there before an old one goes, so that no key is unknown in between. What
        stood before of a row that is bad in the file stays. A load that broke off is repeated.

        Raises:
            Unavailable: DynamoDB leaves out what was to be written, again and again.
        """
        load = uuid.uuid4().hex
        puts = (
            {"PutRequest": {"Item": row_item(table.name, key, row, load)}}
            for key, row in table.rows.items()
        )
        for batch in batches(puts, BATCH_WRITES):
            self._write(batch)
            done(len(batch))
        bad = {one.key for one in table.bad}
        before = [item for item in self._items(table.name) if item.get("load") != load]
        kept = [item for item in before if item["key"] in bad]
        gone = [item["key"] for item in before if item["key"] not in bad]
        deletes = (
            {"DeleteRequest": {"Key": to_item({"table": table.name, "key": key})}} for key in gone
        )
        for batch in batches(deletes, BATCH_WRITES):
            self._write(batch)
        columns = [column for column in table.columns if column != table.key]
        count, now = len(table.rows) + len(kept), utc_text(datetime.now(UTC))
        self._tell(Loaded(table.name, count, table.key, columns, now))
        return Replaced(Loaded(table.name, count, table.key, columns, now), len(gone), len(kept))

    def tables(self) -> Sequence[Loaded]:
        """Every table that was loaded, by name."""
        return [Loaded(table=item["key"], **json.loads(item["row"])) for item in self._items(ABOUT)]

    def rows(self, table: str) -> Iterator[tuple[str, Row]]:
        """The rows of a table in the order of their keys."""
        for item in self._items(table):
            if "row" in item:
                yield item["key"], json.loads(item["row"])

    def row(self, table: str, key: str) -> Row | None:
        """One row."""
        found = self._dynamodb.get_item(
            TableName=self._table, Key=to_item({"table": table, "key": key}), ConsistentRead=True
        )
        item = from_item(found.get("Item", {}))
        return json.loads(item["row"]) if "row" in item else None

    def _items(self, table: str) -> Iterator[Any]:
        yield from query(self._dynamodb, self._table, "#table = :table", {"table": table})

    def _tell(self, loaded: Loaded) -> None:
        about = {
            "rows": loaded.rows,
            "key": loaded.key,
            "columns": loaded.columns,
            "loaded_at": loaded.loaded_at,
        }
        item = to_item({"table": ABOUT, "key": loaded.table, "row": json.dumps(about)})
        self._dynamodb.put_item(TableName=self._table, Item=item)

    def _write(self, requests: Sequence[Any]) -> None:
        rest = list(requests)
        for retry in range(TRIES):
            answer = self._dynamodb.batch_write_item(RequestItems={self._table: rest})
            rest = answer.get("UnprocessedItems", {}).get(self._table, [])
            if not rest:
                return
            self._sleep(0.1 * 2**retry)
        raise Unavailable("loading reference data: DynamoDB leaves out what is written; load again")
