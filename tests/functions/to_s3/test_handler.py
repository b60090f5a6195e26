"""The handler of an S3 destination, invoked as Lambda does, over AWS's APIs in this process."""

import importlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from functions.to_s3 import handler
from switchboard.envelope import Envelope, encode
from switchboard.mapping.privacy import hash_of, token_of
from switchboard.testing.deliveries import make_event
from tests.desk.invoked import Context
from tests.desk.staged import STAGE, Staged, staged

NUMBER = "+14155552671"
MAPPING = {"fields": {"caller": "hash(data.from)", "token": "tokenise(data.from, 'phone')"}}
Deliver = Callable[[int], Any]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as made:
        made.put("destinations/warehouse", {"mapping": "row"})
        made.put("mappings/row", MAPPING)
        # As infrastructure makes it: without a value.
        boto3.client("secretsmanager").create_secret(
            Name=f"/switchboard/{STAGE}/destinations/warehouse"
        )
        yield made


@pytest.fixture
def deliver(stage: Staged, monkeypatch: pytest.MonkeyPatch) -> Deliver:
    environment = {
        "STAGE": STAGE,
        "STATE_TABLE": "state",
        "CONFIGURATION_TABLE": "configuration",
        "ARCHIVE_BUCKET": "archive",
        "LEDGER_TABLE": "ledger",
        "REFERENCE_TABLE": "reference",
        "DESTINATION": "warehouse",
        "QUEUE_URL": stage.urls["crm-normal"],
        "DEAD_QUEUE_URL": stage.urls["crm-dead"],
        "DEPLOY_TIME": json.dumps({"bucket": "archive", "prefix": "lake/"}),
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    # A new sandbox: the handler is wired once.
    handle = importlib.reload(handler).lambda_handler

    def run(number: int) -> Any:
        event = make_event(number, data={"from": NUMBER})
        group = f"interaction:{number}"
        record = {
            "messageId": f"m-{number}",
            "receiptHandle": f"r-{number}",
            "body": encode(Envelope(event=event, group=group)),
            "attributes": {
                "MessageGroupId": group,
                "SentTimestamp": str(int(time.time() * 1000)),
            },
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:crm-normal.fifo",
        }
        return handle({"Records": [record]}, Context(function_name="to-warehouse"))

    return run


def set_key(key: str) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId=f"/switchboard/{STAGE}/destinations/warehouse",
        SecretString=json.dumps({"mapping_key": key}),
    )


def rows() -> list[Any]:
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket="archive", Prefix="lake/").get("Contents", [])
    bodies = [s3.get_object(Bucket="archive", Key=one["Key"])["Body"].read() for one in found]
    return [json.loads(body)["data"] for body in bodies]


def test_the_same_number_has_the_same_pseudonym_in_every_row(deliver: Deliver) -> None:
    set_key("a key that stays")
    assert [deliver(number)["batchItemFailures"] for number in (1, 2)] == [[], []]
    wanted = {
        "caller": hash_of("a key that stays", NUMBER),
        "token": token_of("a key that stays", NUMBER, "phone"),
    }
    assert rows() == [wanted, wanted]


def test_without_a_key_it_waits_and_says_what_to_do(
    deliver: Deliver, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert deliver(1)["batchItemFailures"] == [{"itemIdentifier": "m-1"}]
    assert rows() == []
    assert '"configuration_errors":[1.0]' in capsys.readouterr().out
    (why,) = [record.why for record in caplog.records if hasattr(record, "why")]
    assert "switchboard secrets set destinations/warehouse" in why
    assert NUMBER not in why


def test_a_mapping_that_needs_no_key_needs_no_secret(stage: Staged, deliver: Deliver) -> None:
    stage.put("mappings/plain", {"fields": {"caller": "data.from"}})
    boto3.client("ssm").put_parameter(
        Name=f"/switchboard/{STAGE}/destinations/warehouse",
        Value=json.dumps({"mapping": "plain"}),
        Overwrite=True,
    )
    assert deliver(1)["batchItemFailures"] == []
    assert rows() == [{"caller": NUMBER}]
