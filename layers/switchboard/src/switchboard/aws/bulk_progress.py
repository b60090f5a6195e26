"""What became of events sent to `ingest-bulk`: the mark in the `events` table, and the queue."""

import time
from collections.abc import Callable, Collection, Sequence

from switchboard.aws.batches import ItemBatches
from switchboard.aws.queues import count_messages
from switchboard.event import EventKey


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
        return count_messages(self._queue_url, "counting the messages of ingest-bulk") == 0
