"""What integration tests do to a laptop stack: send, write documents, and wait."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from desk.demo.documents import LAKE, SECRETS
from desk.demo.stream import TOPIC, StreamProcess
from desk.laptop import LaptopStack
from switchboard.event import event_id

ACCOUNT = "123456789012"
DESTINATIONS = ("crm", "pager", "lake")


def send(stack: LaptopStack, event: str, *, kind: str = "ticket.created", **data: Any) -> int:
    """Send an event of the source `partner`, validly signed; the status."""
    body = json.dumps({"type": kind, "data": {"call_id": event, **data}}).encode()
    now = int(time.time())
    key = base64.b64decode(SECRETS["sources/partner"].removeprefix("whsec_"))
    made = hmac.digest(key, f"{event}.{now}.".encode() + body, hashlib.sha256)
    headers = {
        "webhook-id": event,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
    return post(f"{stack.api_url}/webhooks/partner", body, headers)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of a request."""
    given = {"Content-Type": "application/json", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, given), timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def publish(stream: StreamProcess, *bodies: Mapping[str, Any], ago: float = 0.0) -> None:
    """Let the stream publish these 8x8 events, or as if it had, so many seconds ago."""
    payloads = [json.dumps({"Interaction": body}).encode() for body in bodies]
    messages = [{"payload": base64.b64encode(one).decode()} for one in payloads]
    at = int((time.time() - ago) * 1000)
    stream.ask("publish", topic=TOPIC, messages=messages, at=at)


def interaction_event(name: str, number: int, step: str, **more: Any) -> dict[str, Any]:
    """An event of an interaction of the stream, as 8x8 writes it."""
    now = int(time.time())
    info = {"instanceId": name, "sequenceId": number, "timestamp": now * 1000 + number}
    given = {"interactionGUID": name, "interactionEventTS": now, "msgInfo": info}
    return {"event": f"Interaction{step}", **given, **more}


def put_document(stack: LaptopStack, name: str, document: Any) -> None:
    """Write a run-time document as an operator does; text is written as it is."""
    text = document if isinstance(document, str) else json.dumps(document)
    stack.client("ssm").put_parameter(
        Name=f"/switchboard/{stack.stage}/{name}", Value=text, Type="String", Overwrite=True
    )


def get_document(stack: LaptopStack, name: str) -> str:
    """The text of a run-time document."""
    found = stack.client("ssm").get_parameter(Name=f"/switchboard/{stack.stage}/{name}")
    return str(found["Parameter"]["Value"])


def put_message(stack: LaptopStack, queue: str, body: str, group: str) -> None:
    """Put a message into a FIFO queue by its short name."""
    stack.client("sqs").send_message(
        QueueUrl=f"{stack.endpoint_url}/{ACCOUNT}/switchboard-{stack.stage}-{queue}.fifo",
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=f"{queue}-{group}-{time.time_ns()}",
    )


def restart_functions(stack: LaptopStack) -> None:
    """Let every function begin with a cold start."""
    for name in stack.deployed.functions:
        stack.pool(name).end_sandboxes()


def ledger(stack: LaptopStack) -> dict[tuple[str, str], dict[str, str]]:
    """Every delivery in the ledger, by the event's id and the destination."""
    items = [item for item in _scan(stack, "ledger") if "state" in item]
    return {(item["event_id"], item["destination"]): item for item in items}


def events(stack: LaptopStack) -> dict[str, dict[str, str]]:
    """Every event in the events table, by its id."""
    return {item["event_id"]: item for item in _scan(stack, "events")}


def id_of(event: str) -> str:
    """The id of what `send` sent as `event`."""
    return event_id("partner", event)


def _scan(stack: LaptopStack, table: str) -> list[dict[str, str]]:
    pages = stack.client("dynamodb").get_paginator("scan")
    return [
        {name: str(next(iter(value.values()))) for name, value in item.items()}
        for page in pages.paginate(TableName=f"switchboard-{stack.stage}-{table}")
        for item in page["Items"]
    ]


def lake(stack: LaptopStack) -> list[Any]:
    """Every object of the lake, as JSON."""
    s3 = stack.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return [json.load(s3.get_object(Bucket=LAKE, Key=key)["Body"]) for key in keys]


def until(done: Callable[[], object], shown: Callable[[], object] = lambda: "nothing more") -> None:
    """Wait until `done` is true. One that never is fails with what is `shown`, not with a time."""
    for _ in range(450):
        if done():
            return
        time.sleep(0.2)
    raise AssertionError(f"it never came to be: {shown()}")
