"""A destination's function as it is wired: what a cold batch costs that looks reference data up."""

import json
import time
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from functions.to_webhook.spec import SPEC
from switchboard.aws.clients import client
from switchboard.aws.destinations import destination_handler
from switchboard.aws.reference_table import row_item
from switchboard.destination import Mode
from switchboard.testing.deliveries import ScriptedParcels, make_event, make_record

EVENTS = 10
DOCUMENTS = {
    "destinations/crm": {"url": "https://example.com", "mapping": "call"},
    "mappings/call": {"fields": {"tier": "lookup('accounts', data.number, 'tier', 'standard')"}},
}


@dataclass
class Context:
    """What Lambda tells an invocation."""

    aws_request_id: str = "invocation-1"
    function_name: str = "to-crm"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def deployed(monkeypatch: pytest.MonkeyPatch, mode: Mode) -> str:
    """Set what the stack would, and answer the ARN of the destination's queue."""
    sqs: Any = boto3.client("sqs")
    url = sqs.create_queue(QueueName="crm")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    ssm: Any = boto3.client("ssm")
    for name, document in DOCUMENTS.items():
        ssm.put_parameter(
            Name=f"/switchboard/test/{name}", Value=json.dumps(document), Type="String"
        )
    dynamodb: Any = boto3.client("dynamodb")
    dynamodb.put_item(TableName="reference", Item=row_item("accounts", "7", {"tier": "gold"}, "l"))
    settings = {
        "stage": "test",
        "destination": "crm",
        "mode": mode.value,
        "archive_bucket": "archive",
        "queue_url": url,
        "dead_queue_url": url,
        "deploy_time": "{}",
        **{f"{name}_table": name for name in ("state", "configuration", "ledger", "reference")},
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name.upper()}", value)
    return str(arn["QueueArn"])


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("mode", [Mode.ORDERED, Mode.BATCHED])
def test_a_cold_batch_asks_the_reference_table_once(
    mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = deployed(monkeypatch, mode)
    destination = ScriptedParcels()
    handle = destination_handler(SPEC, lambda *_: destination)
    requests: list[str] = []
    events = client("dynamodb").meta.events
    events.register("before-call.dynamodb", lambda model, **_: requests.append(model.name))
    now = str(int(time.time() * 1000))
    records = [make_record(make_event(number)) for number in range(EVENTS)]
    batch = [
        {
            "messageId": record.message_id,
            "receiptHandle": record.receipt_handle,
            "body": record.body,
            "attributes": {"MessageGroupId": record.group, "SentTimestamp": now},
            "eventSourceARN": arn,
        }
        for record in records
    ]
    assert handle({"Records": batch}, Context()) == {"batchItemFailures": []}
    arrived = [*destination.sent, *(one for parcel in destination.parcels for one in parcel)]
    tiers = [delivery.output["tier"] for delivery in arrived]
    assert tiers == ["gold" if number == 7 else "standard" for number in range(EVENTS)]
    assert requests.count("BatchGetItem") == 1
