"""Deliveries a second and core in each mode, and the requests to AWS that a delivery takes.

The rate is that of the core over memory stores and a vendor that answers at once: what a delivery
costs beside its waiting. The requests are counted at boto3 by a destination's own handler in front
of moto; what Lambda's pollers ask (a receive and a delete for a batch) is added.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import boto3
from moto import mock_aws

from functions.to_webhook.request import WebhookDestination
from functions.to_webhook.spec import SPEC
from switchboard.aws import clients
from switchboard.aws.destinations import destination_handler
from switchboard.aws.state_table import StateTable
from switchboard.breaker import Breaker, DestinationState
from switchboard.compaction import Compaction
from switchboard.deliveries import Deliveries
from switchboard.delivery import Execution, Time
from switchboard.destination import ParcelSpec, Repeat
from switchboard.loop import Batch, Record
from switchboard.parcels import Parcels
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    ScriptedParcels,
    make_event,
    make_record,
)
from switchboard.testing.stand_in import Reply, StandIn

SECONDS = 2.0
POLLED = 2
"""A batch is received and deleted: two requests of the platform's."""

TABLES = {
    "ledger": ("group", "delivery"),
    "state": ("item", None),
    "configuration": ("name", "version"),
}
STAGE = "/switchboard/bench/"
DOCUMENT = "destinations/crm"


def measure() -> dict[str, str]:
    """Rates by mode, then requests by case."""
    records = [record(number) for number in range(1000)]
    json_rate = _rate(lambda: [json.loads(one.body) for one in records[:100]], 100)
    found: dict[str, str] = {}
    for mode, (work, size) in _modes().items():
        batches = iter(_batches(size))
        rate = _rate(lambda work=work, batches=batches: work(next(batches)), size)  # type: ignore[misc]
        found[f"deliveries a second and core, {mode}"] = (
            f"{rate:,.0f}/s, {rate / json_rate:.3f} x reading their messages"
        )
    for size in (1, 10):
        for case, requests in _requests(size).items():
            name = f"AWS requests per delivery, {case}, batches of {size}"
            found[name] = f"{(requests + POLLED) / size:.1f}"
    return found


def record(number: int, receive_count: int = 1) -> Record:
    """A message of a destination's queue, each of a group of its own."""
    group = f"interaction:{number}"
    return make_record(make_event(number), group=group, receive_count=receive_count)


def _batches(size: int) -> Iterator[Sequence[Record]]:
    number = 0
    while True:
        yield [record(number + one) for one in range(size)]
        number += size


def _modes() -> Mapping[str, tuple[Callable[[Sequence[Record]], object], int]]:
    """What works on a batch in each mode. A scheduled delivery is an ordered one in a drain."""
    ordered = DeliveryBench(ScriptedDestination())
    one_by_one = Compaction(ordered.ports, Deliveries(ordered.ports))
    batched = DeliveryBench(ScriptedParcels())
    spec = ParcelSpec(Repeat.NATIVE, largest_count=500, largest_bytes=16_000_000)
    parcels = Parcels(batched.ports, spec, ordered=False)
    left = Time(lambda: 60.0, 1.0)

    def run(
        bench: DeliveryBench, deliver: Callable[[Batch, Execution, Time], None]
    ) -> Callable[[Sequence[Record]], object]:
        return lambda some: deliver(Batch(some), bench.execution(), left)

    return {
        "ordered and scheduled": (run(ordered, one_by_one.deliver), 10),
        "batched": (run(batched, parcels.deliver), 500),
    }


def _rate(part: Callable[[], object], count: int) -> float:
    """Deliveries for each second of processor time, over about two seconds."""
    done, began = 0, time.process_time()
    while time.process_time() - began < SECONDS:
        part()
        done += count
    return done / (time.process_time() - began)


@contextmanager
def _aws() -> Iterator[str]:
    """Moto with a stage's tables, and the url of the destination's queue."""
    os.environ.update(
        AWS_DEFAULT_REGION="eu-west-1", AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench"
    )
    clients._made.cache_clear()
    with mock_aws():
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
        sqs: Any = boto3.client("sqs")
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "360"}
        yield str(sqs.create_queue(QueueName="crm.fifo", Attributes=attributes)["QueueUrl"])
    clients._made.cache_clear()


def _put_document(document: Mapping[str, Any]) -> None:
    ssm: Any = boto3.client("ssm")
    ssm.put_parameter(Name=STAGE + DOCUMENT, Value=json.dumps(document), Type="String")
    secrets: Any = boto3.client("secretsmanager")
    secrets.create_secret(
        Name=STAGE + DOCUMENT, SecretString=json.dumps({"signing_secret": "whsec_YmVuY2g="})
    )


def _handler(queue_url: str) -> Any:
    """A sandbox of `to_webhook` that has not started yet."""
    settings = {
        "stage": "bench",
        "state_table": "state",
        "configuration_table": "configuration",
        "archive_bucket": "archive",
        "destination": "crm",
        "queue_url": queue_url,
        "dead_queue_url": queue_url,
        "ingest_bulk_queue_url": queue_url,
        "ledger_table": "ledger",
        "reference_table": "reference",
        "deploy_time": json.dumps({"private_hosts": ["127.0.0.1"]}),
    }
    os.environ.update({f"SWITCHBOARD_{name.upper()}": text for name, text in settings.items()})
    return destination_handler(SPEC, WebhookDestination)


def _counting() -> Callable[[], int]:
    """How many requests the sandbox's clients have made so far."""
    requests: list[str] = []
    for service in ("dynamodb", "sqs", "ssm", "secretsmanager", "s3"):
        events = clients.client(service).meta.events
        events.register("before-call.*", lambda model, **_: requests.append(model.name))
    return lambda: len(requests)


@dataclass(frozen=True, slots=True)
class _Context:
    """See LambdaContext."""

    aws_request_id: str
    function_name: str = "switchboard-bench-to-crm"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _requests(size: int) -> Mapping[str, int]:
    """Requests of a batch of `size`, in each case, by a sandbox that has read its documents."""
    with _aws() as queue_url, StandIn() as vendor:
        _put_document({"url": vendor.url, "repeat": "native"})
        handler = _handler(queue_url)
        counted = _counting()

        def invoke(first: int) -> int:
            before = counted()
            event = _event(queue_url, [record(first + one) for one in range(size)])
            with redirect_stdout(StringIO()):
                handler(event, _Context(f"request-{first}-{before}"))
            requests = counted() - before
            _delete(queue_url, event)
            return requests

        invoke(10_000)  # documents, secrets and the destination's state are read here
        cases = {"first try": invoke(0), "a duplicate": invoke(0)}
        vendor.replies = [Reply(503)] * size
        cases["a try that failed"] = invoke(100)
        open_until = time.time() + 900
        StateTable("state").write(
            "crm", DestinationState(revision=1, breaker=Breaker.OPEN, until=open_until)
        )
        time.sleep(5.1)  # after which the state is read again
        invoke(200)
        cases["breaker open"] = invoke(300)
        return cases


def _delete(queue_url: str, event: Mapping[str, Any]) -> None:
    sqs: Any = boto3.client("sqs")
    for one in event["Records"]:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=one["receiptHandle"])


def _event(queue_url: str, records: Sequence[Record]) -> Mapping[str, Any]:
    """As Lambda hands over what was really received: its receipts can be given back."""
    sqs: Any = boto3.client("sqs")
    for one in records:
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=one.body,
            MessageGroupId=one.group,
            MessageDeduplicationId=f"{one.message_id}-{time.time_ns()}",
        )
    messages = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
    )["Messages"]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:crm.fifo",
            }
            for message in messages
        ]
    }
