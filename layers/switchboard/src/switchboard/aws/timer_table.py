"""The `timers` table: when to look at which interaction, and what a look must know."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Plain, from_item, to_item
from switchboard.errors import Unavailable
from switchboard.timers import Mark

KEPT_SECONDS = 14 * 24 * 60 * 60
REQUEST_ITEMS = 25
TRIES = 5
FIRST_PAUSE_SECONDS = 0.1


class TimerTable:
    """See TimerStore. Items expire after two weeks; the expiry fires nothing."""

    def __init__(self, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = table
        self._sleep = sleep

    def put(self, marks: Collection[Mark], now: float) -> None:
        """See TimerStore; 25 marks a request."""
        kept_until = int(now) + KEPT_SECONDS
        requests = [
            {"PutRequest": {"Item": to_item(_values(mark, kept_until))}} for mark in _newest(marks)
        ]
        self._write(requests, "setting timers")

    def read(self, bucket: str, *, after: str = "", until: str = "~") -> Sequence[Mark]:
        """See TimerStore; one request for a bucket of up to a megabyte."""
        marks: list[Mark] = []
        asked: Any = {
            "TableName": self._table,
            "KeyConditionExpression": "#bucket = :bucket AND #place BETWEEN :after AND :until",
            "ExpressionAttributeNames": {"#bucket": "bucket", "#place": "place"},
            "ExpressionAttributeValues": {
                ":bucket": {"S": bucket},
                ":after": {"S": after or " "},
                ":until": {"S": until},
            },
            "ConsistentRead": True,
        }
        while True:
            with translated("reading timers"):
                page = client("dynamodb").query(**asked)
            found = map(from_item, page["Items"])
            marks.extend(Mark(one["bucket"], one["place"], float(one["at"])) for one in found)
            if "LastEvaluatedKey" not in page:
                return marks
            asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def delete(self, marks: Collection[Mark]) -> None:
        """See TimerStore."""
        keys: list[dict[str, Plain]] = [
            {"bucket": mark.bucket, "place": mark.place} for mark in _newest(marks)
        ]
        self._write([{"DeleteRequest": {"Key": to_item(key)}} for key in keys], "deleting timers")

    def _write(self, requests: list[Any], doing: str) -> None:
        for some in _chunks(requests):
            left: Any = {self._table: some}
            for retry in range(TRIES):
                with translated(doing):
                    answer = client("dynamodb").batch_write_item(RequestItems=left)
                left = answer.get("UnprocessedItems")
                if not left:
                    break
                self._sleep(FIRST_PAUSE_SECONDS * 2**retry)
            else:
                raise Unavailable(f"{doing}: DynamoDB leaves out what it was given")


def _values(mark: Mark, kept_until: int) -> dict[str, Plain]:
    return {
        "bucket": mark.bucket,
        "place": mark.place,
        "at": mark.at,
        "expires_at": kept_until,
    }


def _newest(marks: Collection[Mark]) -> Collection[Mark]:
    """One of each key: DynamoDB refuses a request that names one twice."""
    ordered = sorted(marks, key=lambda mark: mark.at)
    return {(mark.bucket, mark.place): mark for mark in ordered}.values()


def _chunks(requests: Sequence[Any]) -> Iterator[list[Any]]:
    rest = iter(requests)
    while some := list(islice(rest, REQUEST_ITEMS)):
        yield some
