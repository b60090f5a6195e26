"""The `state` table: one item per destination (and, by other prefixes, per source and lease)."""

from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Item, Update, from_item, to_item, update_if
from switchboard.breaker import DestinationState
from switchboard.source_state import SourceState


class StateTable:
    """See StateStore and SourceStateStore. A write leaves what it does not know in the item.

    Without `dynamodb`, by the sandbox's own client.
    """

    def __init__(self, table: str, dynamodb: Any = None) -> None:
        self._table = table
        self._dynamodb = dynamodb

    def read(self, destination: str) -> DestinationState:
        """See StateStore."""
        with translated("reading a destination's state"):
            answer = (self._dynamodb or client("dynamodb")).get_item(
                TableName=self._table, Key=_key(destination), ConsistentRead=True
            )
        return DestinationState.model_validate(from_item(answer.get("Item", {})))

    def read_source(self, source: str) -> SourceState:
        """See SourceStateStore."""
        with translated("reading a source's state"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=to_item({"item": f"source#{source}"})
            )
        return SourceState.model_validate(from_item(answer.get("Item", {})))

    def write(self, destination: str, state: DestinationState) -> bool:
        """See StateStore."""
        values = state.model_dump(mode="json")
        kept = [name for name, value in values.items() if value != ""]
        emptied = [name for name in values if name not in kept]
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
        if emptied:
            expression += " REMOVE " + ", ".join(f"#{name}" for name in emptied)
        update = Update(
            expression,
            "attribute_not_exists(#revision) OR #revision = :before",
            {
                **{f":{name}": values[name] for name in kept},
                ":before": state.revision - 1,
            },
        )
        doing = "writing a destination's state"
        found = update_if(self._table, _key(destination), update, doing, dynamodb=self._dynamodb)
        return found is not None


def _key(destination: str) -> Item:
    return to_item({"item": f"destination#{destination}"})
