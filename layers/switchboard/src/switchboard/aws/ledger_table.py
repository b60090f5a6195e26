"""The ledger's table: one item per delivery under its group; dead ones also in the index `dead`."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Item, from_item, put_if, to_item
from switchboard.destination import Lane
from switchboard.errors import ReasonClass, Unavailable
from switchboard.event import utc_text
from switchboard.ledger import GONE, Entry, State, first_of
from switchboard.retry import advice

DAY_SECONDS = 24 * 60 * 60
DEAD_INDEX = "dead"

_WHOLE = (
    "document_version",
    "revision",
    "attempt",
    "bugs",
    "lapses",
    "generation",
    "mapping_version",
    "possible_duplicates",
)


class LedgerTable:
    """See Ledger. Items expire `days` after their last write.

    `dynamodb` is a client; without one, the sandbox's own.
    """

    def __init__(
        self, table: str, days: int, clock: Callable[[], float], *, dynamodb: Any = None
    ) -> None:
        self._table = table
        self._days = days
        self._clock = clock
        self._dynamodb = dynamodb

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger. A write that botocore repeated finds its own trace and counts as done."""
        found = put_if(
            self._table,
            entry_item(entry, expires_at=int(self._clock()) + self._days * DAY_SECONDS),
            "attribute_not_exists(delivery)" if expected is None else "revision = :expected",
            "writing the ledger",
            None if expected is None else to_item({":expected": expected}),
            dynamodb=self._dynamodb,
        )
        if found is None:
            return None
        if not found:
            raise Unavailable(GONE)
        stored = entry_of(found)
        return None if stored == entry else stored

    def first_delivered(self, group: str, destination: str) -> Entry | None:
        """See Ledger. One Query of the group, which knows what was written just now."""
        with translated("looking for the first delivery of a group"):
            pages = (
                client("dynamodb")
                .get_paginator("query")
                .paginate(
                    TableName=self._table,
                    KeyConditionExpression="#group = :group",
                    FilterExpression="destination = :destination AND #state = :delivered",
                    ExpressionAttributeNames={"#group": "group", "#state": "state"},
                    ExpressionAttributeValues=to_item(
                        {
                            ":group": group,
                            ":destination": destination,
                            ":delivered": State.DELIVERED,
                        }
                    ),
                    ConsistentRead=True,
                )
            )
            found = [entry_of(from_item(item)) for page in pages for item in page["Items"]]
        return first_of(found, destination)


def sort_key(event_id: str, destination: str) -> str:
    """The sort key of a delivery within its group."""
    return f"{event_id}#{destination}"


def dead_key(destination: str) -> str:
    """The partition of a destination's dead letters in the index."""
    return f"dead#{destination}"


def entry_item(entry: Entry, *, expires_at: int) -> Item:
    """`entry` as an item, with the keys of table and index."""
    values = asdict(entry)
    if entry.state is State.DEAD:
        values["dead"] = dead_key(entry.destination)
        values["dead_at"] = utc_text(datetime.fromtimestamp(entry.updated_at, UTC))
        values["advice"] = advice(entry.reason_class or ReasonClass.BUG)
    values["delivery"] = sort_key(entry.event_id, entry.destination)
    values["expires_at"] = expires_at
    return to_item(values)


def entry_of(values: Mapping[str, Any]) -> Entry:
    """The entry in an item's plain values; attributes of later releases are passed over."""
    known = {name: values[name] for name in Entry.__dataclass_fields__ if name in values}
    for name in _WHOLE:
        if name in known:
            known[name] = int(known[name])
    known["state"] = State(known["state"])
    if "lane" in known:
        known["lane"] = Lane(known["lane"])
    if "reason_class" in known:
        known["reason_class"] = ReasonClass(known["reason_class"])
    return Entry(**known)
