"""moto in place of AWS, with the tables that every stage has."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from switchboard.aws import clients

REGION = "eu-west-1"
TABLES = {
    "ledger": ("group", "delivery"),
    "events": ("group", "event_id"),
    "timers": ("bucket", "place"),
    "state": ("item", None),
    "configuration": ("name", "version"),
    "reference": ("table", "key"),
}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def aws(credentials: None) -> Iterator[None]:
    del credentials
    clients._made.cache_clear()
    with mock_aws():
        yield
    clients._made.cache_clear()


@pytest.fixture
def tables(aws: None) -> None:
    del aws
    dynamodb: Any = boto3.client("dynamodb")
    for name, (partition, sort) in TABLES.items():
        keys = [(partition, "HASH")] + ([(sort, "RANGE")] if sort else [])
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "N" if key == "version" else "S"}
                for key, _ in keys
            ],
        )
