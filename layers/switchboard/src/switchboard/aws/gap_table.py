"""Gaps in the ledger's table: one item per group and holding destination, under the group.

An open one is also in the index `dead`, so that `switchboard dead held` finds it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Item, Plain, from_item, put_if, to_item
from switchboard.aws.ledger_table import DAY_SECONDS, entry_of
from switchboard.event import utc_text
from switchboard.gaps import Gap
from switchboard.ledger import Entry


class GapTable:
    """See GapStore. Items expire `days` after their last write, like the ledger's."""

    def __init__(self, table: str, days: int, clock: Callable[[], float]) -> None:
        self._table = table
        self._days = days
        self._clock = clock

    def read(self, group: str, destination: str) -> Gap | None:
        """See GapStore."""
        key = to_item({"group": group, "delivery": gap_key(destination)})
        with translated("reading a gap"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        item = answer.get("Item")
        return gap_of(from_item(item)) if item else None

    def write(self, gap: Gap, *, expected: int | None) -> bool:
        """See GapStore.

        A write that botocore repeated counts as lost: two executions may write the same, and must
        not take each other's trace for their own.
        """
        found = put_if(
            self._table,
            gap_item(gap, expires_at=int(self._clock()) + self._days * DAY_SECONDS),
            "attribute_not_exists(delivery)" if expected is None else "revision = :expected",
            "writing a gap",
            None if expected is None else to_item({":expected": expected}),
        )
        return found is None

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        """See GapStore."""
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#group = :group",
                FilterExpression="destination = :destination AND attribute_exists(event_id)",
                ExpressionAttributeNames={"#group": "group"},
                ExpressionAttributeValues=to_item({":group": group, ":destination": destination}),
            )
        )
        with translated("reading a group's deliveries"):
            return [entry_of(from_item(item)) for page in pages for item in page["Items"]]


def gap_key(destination: str) -> str:
    """The sort key of a destination's gap within its group; also its partition in the index."""
    return f"gap#{destination}"


def gap_item(gap: Gap, *, expires_at: int) -> Item:
    """`gap` as an item, with the keys of table and index."""
    values: dict[str, Plain] = {
        "group": gap.group,
        "delivery": gap_key(gap.destination),
        "destination": gap.destination,
        "head": gap.head,
        "revision": gap.revision,
        "released": gap.released,
        "closed": gap.closed,
        "opened_at": gap.opened_at,
        "expires_at": expires_at,
    }
    if not gap.closed:
        values["dead"] = gap_key(gap.destination)
        values["dead_at"] = utc_text(datetime.fromtimestamp(gap.opened_at, UTC))
    return to_item(values)


def gap_of(values: Mapping[str, Any]) -> Gap:
    """The gap in an item's plain values; attributes of later releases are passed over."""
    known = {name: values[name] for name in Gap.__dataclass_fields__ if name in values}
    return Gap(**{**known, "revision": int(known["revision"])})
