"""Gaps in the ledger's table: one item per group and holding destination, under the group.

An open one is also in the index `dead`, so that `switchboard dead held` finds it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, from_item, to_item
from switchboard.aws.ledger_table import DEAD_INDEX, entry_of
from switchboard.aws.marks import Marks
from switchboard.event import utc_text
from switchboard.gaps import Gap
from switchboard.ledger import Entry


class GapTable:
    """See GapStore. Items expire `days` after their last write, like the ledger's.

    `dynamodb` is a client; without one, the sandbox's own.
    """

    def __init__(
        self, table: str, days: int, clock: Callable[[], float], *, dynamodb: Any = None
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._marks = Marks("gap", table, days, clock, dynamodb=dynamodb)

    def read(self, group: str, destination: str) -> Gap | None:
        """See GapStore."""
        values = self._marks.read(group, destination)
        return gap_of(values) if values else None

    def write(self, gap: Gap, *, expected: int | None) -> bool:
        """See GapStore.

        A write that botocore repeated counts as lost: two executions may write the same, and must
        not take each other's trace for their own.
        """
        found = self._marks.put(
            gap.group,
            gap.destination,
            self._values(gap),
            "attribute_not_exists(delivery)" if expected is None else "revision = :expected",
            None if expected is None else {":expected": expected},
        )
        return found is None

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        """See GapStore."""
        items = self._query(
            "reading a group's deliveries",
            ConsistentRead=True,
            KeyConditionExpression="#group = :group",
            FilterExpression="destination = :destination AND attribute_exists(event_id)",
            ExpressionAttributeNames={"#group": "group"},
            ExpressionAttributeValues=to_item({":group": group, ":destination": destination}),
        )
        return [entry_of(values) for values in items]

    def open(self, destination: str) -> Sequence[Gap]:
        """Every gap of a destination that is not closed; for an operator."""
        items = self._query(
            "looking for gaps",
            IndexName=DEAD_INDEX,
            KeyConditionExpression="dead = :gap",
            ExpressionAttributeValues=to_item({":gap": self._marks.key(destination)}),
        )
        return [gap_of(values) for values in items]

    def _query(self, doing: str, **asked: Any) -> Sequence[Mapping[str, Any]]:
        dynamodb = self._dynamodb or client("dynamodb")
        pages = dynamodb.get_paginator("query").paginate(TableName=self._table, **asked)
        with translated(doing):
            return [from_item(item) for page in pages for item in page["Items"]]

    def _values(self, gap: Gap) -> Mapping[str, Plain]:
        """A gap as plain values; an open one has the keys of the index."""
        values: dict[str, Plain] = {
            "head": gap.head,
            "revision": gap.revision,
            "released": gap.released,
            "closed": gap.closed,
            "opened_at": gap.opened_at,
        }
        if not gap.closed:
            values["dead"] = self._marks.key(gap.destination)
            values["dead_at"] = utc_text(datetime.fromtimestamp(gap.opened_at, UTC))
        return values


def gap_of(values: Mapping[str, Any]) -> Gap:
    """The gap in an item's plain values; attributes of later releases are passed over."""
    known = {name: values[name] for name in Gap.__dataclass_fields__ if name in values}
    return Gap(**{**known, "revision": int(known["revision"])})
