"""Guards in the ledger's table, and the records behind them in the events table."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, from_item, put_if, to_item
from switchboard.aws.ledger_table import DAY_SECONDS
from switchboard.claims import ClaimStore
from switchboard.envelope import Claim, ObjectRef
from switchboard.event import Event
from switchboard.version import Version


class GuardTable:
    """See GuardStore. Items expire `days` after their last write, like the ledger's."""

    def __init__(self, table: str, days: int, clock: Callable[[], float]) -> None:
        self._table = table
        self._days = days
        self._clock = clock

    def read(self, group: str, destination: str) -> Version | None:
        """See GuardStore."""
        key = to_item({"group": group, "delivery": guard_key(destination)})
        with translated("reading a guard"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        item = answer.get("Item")
        return Version.read(from_item(item)["written"]) if item else None

    def rise(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        item: dict[str, Plain] = {
            "group": group,
            "delivery": guard_key(destination),
            "destination": destination,
            "written": version.text,
            "expires_at": int(self._clock()) + self._days * DAY_SECONDS,
        }
        put_if(
            self._table,
            to_item(item),
            "attribute_not_exists(delivery) OR written < :mine",
            "raising a guard",
            to_item({":mine": version.text}),
        )


class EventRecords:
    """See RecordSource: the newest of the group's events is its record."""

    def __init__(self, table: str, claims: ClaimStore) -> None:
        self._table = table
        self._claims = claims

    def newest(self, group: str, destination: str) -> Event | None:
        """See RecordSource."""
        pages = (
            client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#group = :group",
                ExpressionAttributeNames={"#group": "group"},
                ExpressionAttributeValues=to_item({":group": group}),
            )
        )
        with translated("reading the events of a group"):
            items = [from_item(item) for page in pages for item in page["Items"]]
        sent = [self._event(item) for item in items if _was_sent(item, destination)]
        return max(sent, key=Version.of, default=None)

    def _event(self, item: Mapping[str, Any]) -> Event:
        if "event" in item:
            return Event.model_validate(json.loads(item["event"]))
        ref = ObjectRef.model_validate_json(item["event_ref"])
        return Claim.model_validate(json.loads(self._claims.load(ref))).event


def guard_key(destination: str) -> str:
    """The sort key of a destination's guard within its group."""
    return f"guard#{destination}"


def _was_sent(item: Mapping[str, Any], destination: str) -> bool:
    chosen = json.loads(item.get("destinations", "[]"))
    return any(choice["name"] == destination for choice in chosen)
