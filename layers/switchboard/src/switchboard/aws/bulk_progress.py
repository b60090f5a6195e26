"""What became of events sent to `ingest-bulk`: the mark in the `events` table, and the queue."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from switchboard.aws.batches import ItemBatches
from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.event import EventKey

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
        self._events = ItemBatches(events_table, sleep=sleep)
        self._queue_url = queue_url

    def routed(self, events: Sequence[EventKey]) -> Collection[EventKey]:
        """See BulkProgress; a hundred events a request."""
        keys = [{"group": group, "event_id": event_id} for group, event_id in dict.fromkeys(events)]
        attributes = ("group", "event_id", "routed")
        return {
            (item["group"], item["event_id"])
            for item in self._events.read(keys, attributes, "reading the events table")
            if item.get("routed") is True
        }

    def empty(self) -> bool:
        """See BulkProgress."""
        with translated("counting the messages of ingest-bulk"):
            answer = client("sqs").get_queue_attributes(
                QueueUrl=self._queue_url, AttributeNames=list(_COUNTS)
            )
        return all(int(answer["Attributes"][name]) == 0 for name in _COUNTS)
