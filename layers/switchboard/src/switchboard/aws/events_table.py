"""The `events` table: what happened, one item per event under its group."""

from collections.abc import Callable, Sequence

from pydantic import TypeAdapter

from switchboard.aws.items import Update, put_if, to_item, update_if
from switchboard.envelope import ObjectRef
from switchboard.errors import Unavailable
from switchboard.events import EVENT_TEXT_LIMIT, Recorded, event_text, source_day
from switchboard.routing import Choice

DAY_SECONDS = 24 * 60 * 60

_CHOICES = TypeAdapter(list[Choice])


class EventsTable:
    """See EventStore. Items expire after `days`, like the ledger's."""

    def __init__(self, table: str, days: int, clock: Callable[[], float]) -> None:
        self._table = table
        self._days = days
        self._clock = clock

    def append(self, recorded: Recorded) -> Sequence[Choice]:
        """See EventStore."""
        event = recorded.event
        text = event_text(event)
        choices = _CHOICES.dump_json(list(recorded.destinations)).decode()
        item = to_item(
            {
                "group": recorded.group,
                "event_id": event.id,
                "source": event.source,
                "source_day": source_day(event),
                "type": event.type,
                "time": event.model_dump(mode="json")["time"],
                "received_at": recorded.received_at,
                "event": text if len(text) <= EVENT_TEXT_LIMIT else None,
                "event_ref": _text(recorded.event_ref),
                "raw_ref": _text(recorded.raw_ref),
                "weak_id": event.weakid or None,
                "destinations": choices,
                "expires_at": int(self._clock()) + self._days * DAY_SECONDS,
            }
        )
        found = put_if(
            self._table, item, "attribute_not_exists(event_id)", "appending to the events table"
        )
        if found is None:
            return recorded.destinations
        return _CHOICES.validate_json(found["destinations"])

    def mark_routed(self, group: str, event_id: str) -> None:
        """See EventStore."""
        doing = "marking an event as routed"
        key = to_item({"group": group, "event_id": event_id})
        mark = Update("SET #routed = :true", "attribute_exists(#event_id)", {":true": True})
        if update_if(self._table, key, mark, doing) is None:
            raise Unavailable(f"{doing}: it is not in the events table")


def _text(ref: ObjectRef | None) -> str | None:
    return None if ref is None else ref.model_dump_json()
