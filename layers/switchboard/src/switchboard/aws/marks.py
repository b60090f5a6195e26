"""Marks: items of the ledger's table that stand beside a group's deliveries, one a destination."""

from collections.abc import Callable, Mapping
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, from_item, put_if, to_item
from switchboard.aws.ledger_table import DAY_SECONDS


class Marks:
    """The marks of one kind: their sort key is the kind's name and the destination.

    They expire `days` after their last write, like the ledger's. `dynamodb` is a client; without
    one, the sandbox's own.
    """

    def __init__(
        self, kind: str, table: str, days: int, clock: Callable[[], float], *, dynamodb: Any = None
    ) -> None:
        self._kind = kind
        self._table = table
        self._days = days
        self._clock = clock
        self._dynamodb = dynamodb

    def key(self, destination: str) -> str:
        """The sort key of a destination's mark within its group."""
        return f"{self._kind}#{destination}"

    def read(self, group: str, destination: str) -> Mapping[str, Any] | None:
        """The plain values of a mark, as the last write left them."""
        key = to_item({"group": group, "delivery": self.key(destination)})
        with translated(f"reading a {self._kind}"):
            answer = (self._dynamodb or client("dynamodb")).get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            )
        return from_item(answer["Item"]) if "Item" in answer else None

    def put(
        self,
        group: str,
        destination: str,
        values: Mapping[str, Plain],
        condition: str,
        given: Mapping[str, Plain] | None = None,
    ) -> Mapping[str, Any] | None:
        """Write a mark where `condition` holds with the values that are `given`.

        Returns:
            None when it was written, else the plain values of the one that is there.
        """
        written = {
            "group": group,
            "delivery": self.key(destination),
            "destination": destination,
            "expires_at": int(self._clock()) + self._days * DAY_SECONDS,
            **values,
        }
        return put_if(
            self._table,
            to_item(written),
            condition,
            f"writing a {self._kind}",
            to_item(given) if given else None,
            dynamodb=self._dynamodb,
        )
