"""The shapes of event types, as the routers keep them."""

from collections.abc import Iterator
from dataclasses import dataclass

from desk.target import Target
from switchboard.aws.items import from_item
from switchboard.aws.shape_table import PREFIX, shape_of
from switchboard.shape import Shape


@dataclass(frozen=True, slots=True)
class Watched:
    """An event type of a source, and its shape."""

    source: str
    type: str
    shape: Shape


def watched(target: Target, source: str | None = None) -> Iterator[Watched]:
    """Every event type that is watched for drift, or those of one source."""
    pages = target.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(
        TableName=str(target.core()["state_table"]),
        FilterExpression="begins_with(#item, :prefix)",
        ExpressionAttributeNames={"#item": "item"},
        ExpressionAttributeValues={":prefix": {"S": PREFIX + (f"{source}#" if source else "")}},
    ):
        for item in page["Items"]:
            values = from_item(item)
            of_source, _, name = str(values["item"]).removeprefix(PREFIX).partition("#")
            yield Watched(of_source, name, shape_of(values))
