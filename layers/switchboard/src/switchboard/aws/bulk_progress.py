"""What became of events sent to `ingest-bulk`: the mark in the `events` table, and the queue."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, to_item
from switchboard.bulk_progress import EventKey
from switchboard.errors import Unavailable

REQUEST_KEYS = 100
TRIES = 5
FIRST_PAUSE_SECONDS = 0.1

_COUNTS: Any = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class SqsBulkProgress:
    """See BulkProgress. `events_table` and the queue are those of the stage's router."""

    def __init__(
        self, events_table: str, queue_url: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = events_table
        self._queue_url = queue_url
        self._sleep = sleep

    def routed(self, events: Sequence[EventKey]) -> Collection[EventKey]:
        """See BulkProgress; a hundred events a request."""
        wanted = list(dict.fromkeys(events))
        found: set[EventKey] = set()
        for start in range(0, len(wanted), REQUEST_KEYS):
            keys = [
                to_item({"group": group, "event_id": event_id})
                for group, event_id in wanted[start : start + REQUEST_KEYS]
            ]
            for item in self._items(keys):
                if item.get("routed") is True:
                    found.add((item["group"], item["event_id"]))
        return found

    def _items(self, keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items of `keys`; DynamoDB leaves out what it has no time or capacity for."""
        items: list[dict[str, Any]] = []
        asked: Any = {
            "Keys": keys,
            "ConsistentRead": True,
            "ProjectionExpression": "#group, #event_id, #routed",
            "ExpressionAttributeNames": {
                "#group": "group",
                "#event_id": "event_id",
                "#routed": "routed",
            },
        }
        for retry in range(TRIES):
            with translated("reading the events table"):
                answer = client("dynamodb").batch_get_item(RequestItems={self._table: asked})
            items += [from_item(item) for item in answer["Responses"].get(self._table, [])]
            asked = answer.get("UnprocessedKeys", {}).get(self._table)
            if not asked:
                return items
            self._sleep(FIRST_PAUSE_SECONDS * 2**retry)
        raise Unavailable("reading the events table: DynamoDB leaves out what was asked for")

    def empty(self) -> bool:
        """See BulkProgress."""
        with translated("counting the messages of ingest-bulk"):
            answer = client("sqs").get_queue_attributes(
                QueueUrl=self._queue_url, AttributeNames=list(_COUNTS)
            )
        return all(int(answer["Attributes"][name]) == 0 for name in _COUNTS)
