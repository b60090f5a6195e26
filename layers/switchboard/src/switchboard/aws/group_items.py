"""The items of a group of the events table."""

from collections.abc import Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import from_item, to_item


def group_items(table: str, group: str, attributes: Sequence[str]) -> Sequence[dict[str, Any]]:
    """`attributes` of each as plain values; one request for a group of up to a megabyte.

    Raises:
        Unavailable: the table cannot be reached.
    """
    pages = (
        client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=table,
            ConsistentRead=True,
            KeyConditionExpression="#group = :group",
            ProjectionExpression=", ".join(f"#{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in ("group", *attributes)},
            ExpressionAttributeValues=to_item({":group": group}),
        )
    )
    with translated("reading a group of the events table"):
        return [from_item(item) for page in pages for item in page["Items"]]
