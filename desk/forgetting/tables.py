"""The tables: events and deliveries lose what they hold, and stay to be counted; others go.

An event keeps its place, its type and its time; a delivery its outcome. What was still to be
delivered is `discarded`. Of any other item the attributes that hold a form of the number or address
are taken away, and the item itself where its key does. The state of a destination and the newest
versions of documents are left to whoever operates them: the report says where.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.forgetting.theirs import Theirs
from switchboard.aws.items import from_item, to_item
from switchboard.ledger import State
from switchboard.timers import called_bucket

PAYLOAD = ("event", "event_ref", "held", "held_order", "raw_ref")
SHAPE = "shape#"
ANSWERED = ("answer", "payload", "reason", "reference", "remote_id")
DEAD_LETTER = ("advice", "dead", "dead_at")
UNSENT = frozenset({State.WAITING, State.UNKNOWN, State.SENDING, State.DEAD, State.HELD})
BECAUSE = "forgotten on request"

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done with an item: attributes go and are set; `delete`: all of it goes."""

    remove: tuple[str, ...] = ()
    set: Mapping[str, Any] | None = None
    delete: bool = False


def of_event(item: Item, theirs: Theirs) -> Change | None:
    """What becomes of an item of the events table."""
    if theirs.person.is_in(f"{item['group']} {item['event_id']}"):
        return Change(delete=True)
    if not theirs.has_event(item):
        return None
    held = {name for name, value in item.items() if _says(value, theirs)}
    gone = tuple(sorted(held | (set(PAYLOAD) & set(item))))
    return Change(remove=gone) if gone else None


def of_delivery(item: Item, theirs: Theirs) -> Change | None:
    """What becomes of an item of the ledger: a delivery, or a mark of its group's order."""
    if theirs.person.is_in(f"{item['group']} {item['delivery']}"):
        return Change(delete=True)
    held = {name for name, value in item.items() if _says(value, theirs)}
    if item.get("event_id") not in theirs.events:
        return Change(remove=tuple(sorted(held))) if held else None
    unsent = item.get("state") in UNSENT
    named = (*ANSWERED, *(DEAD_LETTER if unsent else ()))
    gone = tuple(sorted(held | (set(named) & set(item))))
    if not gone and not unsent:
        return None
    ended = {"state": State.DISCARDED, "ended_because": BECAUSE} if unsent else None
    return Change(remove=gone, set=ended)


def of_other(item: Item, keys: Sequence[str], theirs: Theirs) -> Change | None:
    """What becomes of an item of any other table."""
    held = {name for name, value in item.items() if _says(value, theirs)}
    if held & set(keys):
        return Change(delete=True)
    return Change(remove=tuple(sorted(held))) if held else None


def of_timer(item: Item, theirs: Theirs) -> Change | None:
    """What becomes of an item of the timers table: that a number was called is under its hash."""
    person = theirs.person
    numbers = (person.name, person.name.removeprefix(f"+{person.code}")) if person.code else ()
    if item["bucket"] in map(called_bucket, numbers):
        return Change(delete=True)
    return of_other(item, ("bucket", "place"), theirs)


def of_state(item: Item, theirs: Theirs) -> Change | None:
    """What becomes of a state: a shape is learned again, whatever else it is stays."""
    is_shape = str(item["item"]).startswith(SHAPE)
    held = any(_says(value, theirs) for value in item.values())
    return Change(delete=True) if held and is_shape else None


def of_document(item: Item, newest: float, theirs: Theirs) -> Change | None:
    """What becomes of a version of a document: one that a newer good one has replaced goes."""
    held = any(_says(value, theirs) for value in item.values())
    return Change(delete=True) if held and item["version"] < newest else None


def _says(value: Any, theirs: Theirs) -> bool:
    return isinstance(value, str) and theirs.has_text(value)


class StageTable:
    """One table of the stage."""

    def __init__(self, dynamodb: Any, name: str, looked: Callable[[], None]) -> None:
        self._dynamodb = dynamodb
        self._looked = looked
        self.name = name
        schema = dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]
        self.keys = [str(key["AttributeName"]) for key in schema]

    def items(self) -> Iterator[Item]:
        """Every item."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True
        )
        for page in pages:
            for item in page["Items"]:
                self._looked()
                yield from_item(item)

    def make(self, item: Item, change: Change) -> bool:
        """Make a change; False: the item was written meanwhile, and is left as it is."""
        key = self._key(item)
        if change.delete:
            self._dynamodb.delete_item(TableName=self.name, Key=key)
            return True
        try:
            self._dynamodb.update_item(
                TableName=self.name, Key=key, **_update(item, change, self.keys[0])
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _key(self, item: Item) -> Any:
        key = to_item({name: item[name] for name in self.keys})
        # A number comes back as a float; a version is written as one that is whole.
        return {
            name: {"N": str(int(float(value["N"])))} if "N" in value else value
            for name, value in key.items()
        }


def _update(item: Item, change: Change, key: str) -> dict[str, Any]:
    """The request of a change. What is set is set in a ledger's entry, at its revision."""
    placed = {name: f"#n{number}" for number, name in enumerate([key, *change.remove])}
    written = [f"REMOVE {', '.join(placed[name] for name in change.remove)}"]
    if change.set is None:
        return {
            "UpdateExpression": written[0],
            "ConditionExpression": f"attribute_exists({placed[key]})",
            "ExpressionAttributeNames": {place: name for name, place in placed.items()},
        }
    values = {**change.set, "revision": item["revision"] + 1}
    del placed[key]
    placed |= {name: f"#s{number}" for number, name in enumerate(values)}
    pairs = ", ".join(f"{placed[name]} = :{name}" for name in values)
    return {
        "UpdateExpression": " ".join([*(written if change.remove else []), f"SET {pairs}"]),
        "ConditionExpression": f"{placed['revision']} = :before",
        "ExpressionAttributeNames": {place: name for name, place in placed.items()},
        "ExpressionAttributeValues": to_item(
            {":before": item["revision"], **{f":{name}": value for name, value in values.items()}}
        ),
    }
