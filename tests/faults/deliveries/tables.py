"""The ledger's table, moto's own, without the HTTP that moto plays between boto3 and itself.

Signing, sending, taking apart and putting together again cost five times what moto's table costs.
boto3 still makes the request and reads the answer; moto's model decides what is written.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from switchboard.aws import clients
from switchboard.aws.items import from_item
from switchboard.aws.ledger_table import entry_of
from switchboard.ledger import Entry

LEDGER = "ledger"
REGION = "eu-west-1"
KEYS = (("group", "HASH"), ("delivery", "RANGE"))


@dataclass(frozen=True, slots=True)
class _Answer:
    """As much of an HTTP answer as boto3 looks at."""

    status_code: int


@contextmanager
def ledger_table(*, direct: bool = True) -> Iterator[None]:
    """A ledger table; `direct`: what is put is not sent over moto's HTTP."""
    os.environ.update(AWS_DEFAULT_REGION=REGION, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
    clients._made.cache_clear()
    with mock_aws():
        dynamodb: Any = clients.client("dynamodb")
        dynamodb.create_table(
            TableName=LEDGER,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in KEYS],
        )
        if direct:
            dynamodb.meta.events.register("before-call.dynamodb.PutItem", _put)
        yield
    clients._made.cache_clear()


def entries() -> Sequence[Entry]:
    """Every delivery that the ledger has."""
    items = _tables().get_table(LEDGER).all_items()
    found = (from_item(item.to_json()["Attributes"]) for item in items)
    return [entry_of(values) for values in found if "state" in values]


def _tables() -> DynamoDBBackend:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]


def _put(params: Mapping[str, Any], **_: object) -> tuple[_Answer, Mapping[str, Any]]:
    """Answer a request that boto3 made: with it given, boto3 sends nothing."""
    asked = json.loads(params["body"])
    try:
        _tables().put_item(
            asked["TableName"],
            asked["Item"],
            condition_expression=asked.get("ConditionExpression"),
            expression_attribute_names=asked.get("ExpressionAttributeNames", {}),
            expression_attribute_values=asked.get("ExpressionAttributeValues", {}),
            overwrite="ConditionExpression" not in asked,
            return_values_on_condition_check_failure=asked.get(
                "ReturnValuesOnConditionCheckFailure"
            ),
        )
    except ConditionalCheckFailed as failed:
        error = {"Code": "ConditionalCheckFailedException", "Message": failed.message}
        there = json.loads(failed.description).get("Item")
        return _Answer(400), {"Error": error, **({"Item": there} if there else {})}
    return _Answer(200), {}
