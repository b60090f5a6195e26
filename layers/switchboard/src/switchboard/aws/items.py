"""DynamoDB items: plain values to attribute values and back, and the conditional write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated

Plain: TypeAlias = str | float | bool | None
Item: TypeAlias = dict[str, Any]


def to_item(values: Mapping[str, Plain]) -> Item:
    """Attribute values; None and empty texts are left out, and lone surrogates replaced."""
    return {
        name: _attribute(value)
        for name, value in values.items()
        if value is not None and value != ""
    }


def _attribute(value: Plain) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value.encode("utf-8", "replace").decode("utf-8")}
    return {"N": repr(value)}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of an item that `to_item` made; numbers come back as float."""
    return {name: _plain(attribute) for name, attribute in item.items()}


def _plain(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    return float(value) if kind == "N" else value


def put_if(
    table: str,
    item: Item,
    condition: str,
    doing: str,
    values: Item | None = None,
    *,
    dynamodb: Any = None,
) -> dict[str, Any] | None:
    """Put `item` where `condition` holds. Without `dynamodb`, by the sandbox's own client.

    Returns:
        None when it was written, else the plain values of the item that is there.

    Raises:
        Unavailable, ConfigurationError: as `translated` says.
    """
    from botocore.exceptions import ClientError

    more: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
    with translated(doing):
        try:
            (dynamodb or client("dynamodb")).put_item(
                TableName=table,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **more,
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            response: Any = error.response
            return from_item(response.get("Item", {}))
    return None


@dataclass(frozen=True, slots=True)
class Update:
    """Change an item by `expression` where `condition` holds.

    Both write attributes as `#owner`, because many words are DynamoDB's own, and `values` by their
    placeholders.
    """

    expression: str
    condition: str
    values: Mapping[str, Plain]


def update_if(
    table: str, key: Item, update: Update, doing: str, *, dynamodb: Any = None
) -> dict[str, Any] | None:
    """Make `update`. Without `dynamodb`, by the sandbox's own client.

    Returns:
        The plain values of the whole item as it is now; None where the condition did not hold.

    Raises:
        Unavailable, ConfigurationError: as `translated` says.
    """
    from botocore.exceptions import ClientError

    names = re.findall(r"#(\w+)", f"{update.expression} {update.condition}")
    with translated(doing):
        try:
            answer = (dynamodb or client("dynamodb")).update_item(
                TableName=table,
                Key=key,
                UpdateExpression=update.expression,
                ConditionExpression=update.condition,
                ExpressionAttributeNames={f"#{name}": name for name in names},
                ExpressionAttributeValues=to_item(update.values),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return None
    return from_item(answer["Attributes"])
