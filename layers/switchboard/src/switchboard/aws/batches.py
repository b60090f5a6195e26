"""Many items of a DynamoDB table by their keys."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, from_item, to_item
from switchboard.errors import Unavailable

REQUEST_KEYS = 100
TRIES = 5
FIRST_PAUSE_SECONDS = 0.1


class ItemBatches:
    """Reads of one table, a hundred keys a request, consistently.

    `dynamodb` is a client; without one, the sandbox's own.
    """

    def __init__(
        self, table: str, *, dynamodb: Any = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = table
        self._dynamodb = dynamodb
        self._sleep = sleep

    def read(
        self, keys: Iterable[Mapping[str, Plain]], attributes: Sequence[str], doing: str
    ) -> list[dict[str, Any]]:
        """The plain values of those that are there, in no order; `attributes` of each.

        Raises:
            Unavailable: it cannot be reached, or leaves out what was asked for again and again.
        """
        wanted = [to_item(key) for key in keys]
        return [
            from_item(item)
            for start in range(0, len(wanted), REQUEST_KEYS)
            for item in self._items(wanted[start : start + REQUEST_KEYS], attributes, doing)
        ]

    def _items(self, keys: list[Any], attributes: Sequence[str], doing: str) -> list[Any]:
        """The items of `keys`; DynamoDB leaves out what it has no time or capacity for."""
        items: list[Any] = []
        asked: Any = {
            "Keys": keys,
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(f"#{name}" for name in attributes),
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        }
        for retry in range(TRIES):
            with translated(doing):
                dynamodb = self._dynamodb or client("dynamodb")
                answer = dynamodb.batch_get_item(RequestItems={self._table: asked})
            items += answer["Responses"].get(self._table, [])
            asked = answer.get("UnprocessedKeys", {}).get(self._table)
            if not asked:
                return items
            self._sleep(FIRST_PAUSE_SECONDS * 2**retry)
        raise Unavailable(f"{doing}: DynamoDB leaves out what was asked for")
