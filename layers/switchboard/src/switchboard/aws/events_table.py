"""The `events` table: what happened, one item per event under its group."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from switchboard.aws.group_items import group_items
from switchboard.aws.items import Update, put_if, to_item, update_if
from switchboard.destination import Lane
from switchboard.envelope import ObjectRef
from switchboard.errors import Unavailable
from switchboard.events import (
    EVENT_TEXT_LIMIT,
    Appended,
    GroupSoFar,
    Recorded,
    event_text,
    source_day,
)
from switchboard.held import held_by, held_shard
from switchboard.routing import Choice

DAY_SECONDS = 24 * 60 * 60

_CHOICES = TypeAdapter(list[Choice])


class EventsTable:
    """See EventStore. Items expire after `days`, like the ledger's."""

    def __init__(self, table: str, days: int, clock: Callable[[], float]) -> None:
        self._table = table
        self._days = days
        self._clock = clock

    def append(self, recorded: Recorded) -> Appended:
        """See EventStore."""
        event, held = recorded.event, bool(recorded.held_order)
        text = event_text(event)
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
                "destinations": None if held else _text_of(recorded.destinations),
                "held": held_shard(recorded.holder, recorded.group) if held else None,
                "held_order": recorded.held_order,
                "expires_at": int(self._clock()) + self._days * DAY_SECONDS,
            }
        )
        found = put_if(
            self._table, item, "attribute_not_exists(event_id)", "appending to the events table"
        )
        if found is None:
            return Appended(recorded.destinations, held)
        return Appended(_choices(found), "held" in found)

    def mark_routed(self, group: str, event_id: str) -> None:
        """See EventStore."""
        doing = "marking an event as routed"
        key = to_item({"group": group, "event_id": event_id})
        mark = Update("SET #routed = :true", "attribute_exists(#event_id)", {":true": True})
        if update_if(self._table, key, mark, doing) is None:
            raise Unavailable(f"{doing}: it is not in the events table")

    def group_so_far(self, group: str) -> GroupSoFar:
        """See EventStore; one request for a group of up to a megabyte."""
        held, lanes = dict[str, frozenset[str]](), dict[str, Lane]()
        for item in group_items(self._table, group, ("event_id", "held", "destinations")):
            if "held" in item:
                source = held_by(item["held"])
                held[source] = held.get(source, frozenset()) | {item["event_id"]}
            lanes.update((choice.name, choice.lane) for choice in _choices(item))
        return GroupSoFar(held, lanes)

    def choose_held(
        self, group: str, event_id: str, destinations: Sequence[Choice]
    ) -> Sequence[Choice] | None:
        """See EventStore."""
        key = to_item({"group": group, "event_id": event_id})
        choose = Update(
            "SET #destinations = if_not_exists(#destinations, :chosen)",
            "attribute_exists(#held)",
            {":chosen": _text_of(destinations)},
        )
        found = update_if(self._table, key, choose, "releasing a held event")
        return None if found is None else _choices(found)

    def hold_for(self, group: str, event_id: str, source: str) -> None:
        """See EventStore."""
        key = to_item({"group": group, "event_id": event_id})
        shard = held_shard(source, group)
        move = Update("SET #held = :shard", "attribute_exists(#held)", {":shard": shard})
        update_if(self._table, key, move, "holding an event for another source")

    def mark_released(self, group: str, event_id: str) -> None:
        """See EventStore."""
        key = to_item({"group": group, "event_id": event_id})
        mark = Update(
            "SET #routed = :true REMOVE #held", "attribute_exists(#held)", {":true": True}
        )
        update_if(self._table, key, mark, "marking a held event as released")


def _text_of(choices: Sequence[Choice]) -> str:
    return _CHOICES.dump_json(list(choices)).decode()


def _choices(item: Mapping[str, Any]) -> Sequence[Choice]:
    return _CHOICES.validate_json(item.get("destinations", "[]"))


def _text(ref: ObjectRef | None) -> str | None:
    return None if ref is None else ref.model_dump_json()
