"""Shapes in the `state` table: one item for each source and event type, seldom written."""

import json
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Update, from_item, to_item, update_if
from switchboard.shape import Shape

PREFIX = "shape#"


class ShapeTable:
    """See Shapes."""

    def __init__(self, table: str) -> None:
        self._table = table

    def read_shape(self, source: str, name: str) -> Shape:
        """See Shapes."""
        with translated("reading a shape"):
            answer = client("dynamodb").get_item(
                TableName=self._table, Key=_key(source, name), ConsistentRead=True
            )
        return shape_of(from_item(answer.get("Item", {})))

    def write_shape(self, source: str, name: str, shape: Shape) -> bool:
        """See Shapes."""
        update = Update(
            "SET #shape = :shape, #revision = :revision",
            "attribute_not_exists(#revision) OR #revision = :before",
            {
                ":shape": json.dumps(shape.model_dump(mode="json", exclude={"revision"})),
                ":revision": shape.revision,
                ":before": shape.revision - 1,
            },
        )
        return update_if(self._table, _key(source, name), update, "writing a shape") is not None


def shape_of(values: dict[str, Any]) -> Shape:
    """The shape in an item; without one an empty one."""
    if "shape" not in values:
        return Shape()
    shape = Shape.model_validate_json(values["shape"])
    return shape.model_copy(update={"revision": int(values["revision"])})


def _key(source: str, name: str) -> dict[str, Any]:
    return to_item({"item": f"{PREFIX}{source}#{name}"})
