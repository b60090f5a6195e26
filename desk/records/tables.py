"""Reading DynamoDB: pages of a Query, and batches of keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from switchboard.aws.items import from_item, to_item

BATCH_KEYS = 100

Plain = Mapping[str, Any]
"""An item's values as Python has them."""


def query(
    dynamodb: Any,
    table: str,
    condition: str,
    values: Mapping[str, str],
    *,
    index: str | None = None,
    forward: bool = True,
) -> Iterator[Plain]:
    """Every item of a Query, page by page; attributes in `condition` are written as `#group`.

    In the order of the sort key, or against it where not `forward`.
    """
    names = {part.strip("(),") for part in condition.split() if "#" in part}
    found = {name[name.index("#") :] for name in names}
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeNames={name: name.removeprefix("#") for name in found},
        ExpressionAttributeValues=to_item({f":{name}": value for name, value in values.items()}),
        ScanIndexForward=forward,
        **({"IndexName": index} if index else {}),
    )
    for page in pages:
        yield from (from_item(item) for item in page["Items"])


def get_batch(dynamodb: Any, table: str, keys: Iterable[Mapping[str, str]]) -> Iterator[Plain]:
    """The items of `keys` that exist, in any order.

    What DynamoDB leaves out of an answer is asked for again.
    """
    for some in batches(keys, BATCH_KEYS):
        distinct = {tuple(sorted(key.items())): to_item(key) for key in some}
        asked: Mapping[str, Any] = {table: {"Keys": list(distinct.values())}}
        while asked:
            answer = dynamodb.batch_get_item(RequestItems=asked)
            yield from (from_item(item) for item in answer["Responses"].get(table, []))
            asked = answer.get("UnprocessedKeys", {})


def batches(values: Iterable[Any], size: int) -> Iterator[Sequence[Any]]:
    """`values` in lists of `size`; only one of them is held at a time."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
