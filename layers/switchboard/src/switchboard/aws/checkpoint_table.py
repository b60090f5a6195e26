"""Checkpoints in the `state` table: one item per name."""

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, put_if, to_item
from switchboard.checkpoints import check_size


class CheckpointTable:
    """See CheckpointStore."""

    def __init__(self, table: str) -> None:
        self._table = table

    def read(self, name: str) -> str | None:
        """See CheckpointStore; a reader that takes over must see what the one before it wrote."""
        with translated("reading a checkpoint"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=to_item({"item": _key(name)}), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else str(from_item(item).get("text", ""))

    def write(self, name: str, text: str, fence: int) -> bool:
        """See CheckpointStore."""
        check_size(name, text)
        found = put_if(
            self._table,
            to_item({"item": _key(name), "text": text, "fence": fence}),
            "attribute_not_exists(fence) OR fence <= :fence",
            "writing a checkpoint",
            to_item({":fence": fence}),
        )
        return found is None


def _key(name: str) -> str:
    return f"checkpoint#{name}"
