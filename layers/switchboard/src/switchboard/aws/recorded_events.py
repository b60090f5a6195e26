"""Events as the `events` table has them, for whoever sends them again."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from switchboard.aws.batches import ItemBatches
from switchboard.envelope import ObjectRef, RawRef
from switchboard.event import Event, EventKey
from switchboard.events import Kept

_ATTRIBUTES = ("group", "event_id", "event", "event_ref", "raw_ref")


class RecordedEvents:
    """See EventReader. `dynamodb` is a client; without one, the sandbox's own."""

    def __init__(self, table: str, *, dynamodb: Any = None) -> None:
        self._items = ItemBatches(table, dynamodb=dynamodb)

    def read(self, keys: Sequence[EventKey]) -> Mapping[EventKey, Kept]:
        """See EventReader."""
        wanted = [{"group": group, "event_id": event_id} for group, event_id in dict.fromkeys(keys)]
        items = self._items.read(wanted, _ATTRIBUTES, "reading the events table")
        return {(item["group"], item["event_id"]): kept_of(item) for item in items}


def kept_of(item: Mapping[str, Any]) -> Kept:
    """What an item's plain values say of an event."""
    return Kept(
        # Not model_validate_json: its parser refuses the lone surrogates that json writes.
        event=Event.model_validate(json.loads(item["event"])) if "event" in item else None,
        event_ref=ObjectRef.model_validate_json(item["event_ref"]) if "event_ref" in item else None,
        raw_ref=RawRef.model_validate_json(item["raw_ref"]) if "raw_ref" in item else None,
    )
