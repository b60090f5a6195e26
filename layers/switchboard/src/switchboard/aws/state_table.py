"""The `state` table: one item per destination (and, by other prefixes, per source and lease)."""

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, to_item
from switchboard.breaker import DestinationState
from switchboard.source_state import SourceState


class StateTable:
    """See StateStore and SourceStateStore."""

    def __init__(self, table: str) -> None:
        self._table = table

    def read(self, destination: str) -> DestinationState:
        """See StateStore."""
        with translated("reading a destination's state"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=to_item({"item": f"destination#{destination}"})
            )
        return DestinationState.model_validate(from_item(answer.get("Item", {})))

    def read_source(self, source: str) -> SourceState:
        """See SourceStateStore."""
        with translated("reading a source's state"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=to_item({"item": f"source#{source}"})
            )
        return SourceState.model_validate(from_item(answer.get("Item", {})))
