"""The function with its real adapters, against AWS's APIs in this process."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import boto3
import pytest
from aws_lambda_powertools.logging import Logger
from moto import mock_aws

from functions.receive_webhook.wiring import wire
from switchboard.aws.runtime import Invocation
from switchboard.envelope import CLAIM_CHECK_BYTES, decode
from switchboard.settings import ReceiverSettings
from switchboard.telemetry import InvocationTelemetry
from switchboard.testing.receiving import JAAS_SECRET, jaas_headers, proxy_event

REGION: Final = "eu-west-1"
SOURCE = "/switchboard/test/sources/meetings"


@pytest.fixture
def receive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Any]], Any]]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        queue = boto3.client("sqs").create_queue(
            QueueName="switchboard-test-ingest.fifo", Attributes={"FifoQueue": "true"}
        )
        boto3.client("s3").create_bucket(
            Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        boto3.client("dynamodb").create_table(
            TableName="configuration",
            KeySchema=[
                {"AttributeName": "name", "KeyType": "HASH"},
                {"AttributeName": "version", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "name", "AttributeType": "S"},
                {"AttributeName": "version", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        settings = ReceiverSettings.from_environment(
            {
                "SWITCHBOARD_STAGE": "test",
                "SWITCHBOARD_STATE_TABLE": "state",
                "SWITCHBOARD_CONFIGURATION_TABLE": "configuration",
                "SWITCHBOARD_ARCHIVE_BUCKET": "archive",
                "SWITCHBOARD_INGEST_QUEUE_URL": queue["QueueUrl"],
                "SWITCHBOARD_SOURCES": '{"meetings": "jaas", "sms": "connect_sms"}',
            }
        )
        handle = wire(settings, InvocationTelemetry("test", Logger(service="receive-webhook")))
        yield lambda event: handle(event, Invocation("request-1", lambda: 20.0))


def webhook(**fields: Any) -> dict[str, Any]:
    body = json.dumps({"idempotencyKey": "key-1", "sessionId": "s-1", **fields}).encode()
    return proxy_event("meetings", jaas_headers(body, at=int(time.time())), body)


def queued() -> list[Any]:
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName="switchboard-test-ingest.fifo")["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])
    return answer.get("Messages", [])


def configure() -> None:
    boto3.client("ssm").put_parameter(Name=SOURCE, Value="{}", Type="String")
    boto3.client("secretsmanager").create_secret(
        Name=SOURCE, SecretString=json.dumps({"signing_secret": JAAS_SECRET})
    )


def test_a_webhook_reaches_the_ingest_queue(receive: Callable[[dict[str, Any]], Any]) -> None:
    configure()
    answer = receive(webhook())
    assert answer["statusCode"] == 202
    (message,) = queued()
    assert message["Attributes"]["MessageGroupId"] == "interaction:s-1"
    accepted = json.loads(answer["body"])["accepted"]
    assert message["Attributes"]["MessageDeduplicationId"] == accepted
    envelope = decode(message["Body"])
    assert envelope.event is not None
    assert envelope.event.id == accepted


def test_a_large_webhook_leaves_its_payload_in_the_archive_bucket(
    receive: Callable[[dict[str, Any]], Any],
) -> None:
    configure()
    assert receive(webhook(name="x" * CLAIM_CHECK_BYTES))["statusCode"] == 202
    (message,) = queued()
    ref = decode(message["Body"]).event_ref
    assert ref is not None
    assert ref.key.startswith("claims/")
    boto3.client("s3").head_object(Bucket=ref.bucket, Key=ref.key)


def test_before_it_is_configured_a_source_says_so(
    receive: Callable[[dict[str, Any]], Any],
) -> None:
    answer = receive(webhook())
    assert answer["statusCode"] == 503
    assert answer["headers"]["retry-after"] == "60"
    assert json.loads(answer["body"])["error"] == "not_ready"
    assert queued() == []


SMS = "/switchboard/test/sources/sms"


def sms(authorization: str) -> dict[str, Any]:
    payload = {"umid": "m-1", "timestamp": "2026-09-01T08:15:30Z", "body": "Hello"}
    body = json.dumps({"eventType": "inbound_message_received", "payload": payload}).encode()
    return proxy_event("sms", {"Authorization": authorization}, body)


def configure_sms(document: str) -> None:
    """A source whose secret was "Bearer old" and is "Bearer new"."""
    boto3.client("ssm").put_parameter(Name=SMS, Value=document, Type="String")
    manager = boto3.client("secretsmanager")
    manager.create_secret(Name=SMS, SecretString='{"authorization": "Bearer old"}')
    manager.put_secret_value(SecretId=SMS, SecretString='{"authorization": "Bearer new"}')


def test_a_value_of_authorization_opens_and_so_does_the_one_before_it(
    receive: Callable[[dict[str, Any]], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    configure_sms("{}")
    for value, status in [("Bearer new", 202), ("Bearer old", 202), ("Bearer other", 401)]:
        assert receive(sms(value))["statusCode"] == status
    (message,) = queued()
    assert message["Attributes"]["MessageGroupId"] == "interaction:m-1"
    event = decode(message["Body"]).event
    assert event is not None
    assert event.type == "message.received"
    told = message["Body"] + capsys.readouterr().out
    assert "Bearer" not in told


def test_after_the_rotation_only_the_new_value_opens(
    receive: Callable[[dict[str, Any]], Any],
) -> None:
    configure_sms('{"rotation_hours": 0}')
    assert receive(sms("Bearer old"))["statusCode"] == 401
    assert receive(sms("Bearer new"))["statusCode"] == 202
