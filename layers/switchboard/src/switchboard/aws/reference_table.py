"""The `reference` table: rows under their reference table's name and their key."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from switchboard.aws.batches import ItemBatches
from switchboard.aws.items import Item, to_item
from switchboard.mapping import Asked
from switchboard.mapping.catalogue import Row


def row_item(table: str, key: str, row: Row, load: str) -> Item:
    """A row as it is kept; `load` is that which wrote it."""
    return to_item({"table": table, "key": key, "row": json.dumps(row), "load": load})


class ReferenceTable:
    """See ReferenceStore. Without `dynamodb`, by the sandbox's own client."""

    def __init__(self, table: str, *, dynamodb: Any = None) -> None:
        self._items = ItemBatches(table, dynamodb=dynamodb)

    def read(self, keys: Collection[Asked]) -> Mapping[Asked, Row]:
        """See ReferenceStore; a hundred rows a request. One that was forgotten is not there."""
        items = self._items.read(
            ({"table": table, "key": key} for table, key in keys),
            ("table", "key", "row"),
            "reading reference data",
        )
        return {
            (item["table"], item["key"]): json.loads(item["row"]) for item in items if "row" in item
        }
