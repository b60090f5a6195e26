"""Every action that a role may do on a resource is done in one run: no permission is left over."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from typing import Any

from desk.demo.documents import SECRETS
from desk.laptop import LaptopStack
from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.testing.deliveries import make_event
from switchboard.testing.stand_in import Reply, StandIn
from tests.integration.conftest import until

ACCOUNT = "123456789012"
DESTINATIONS = ("crm", "pager", "lake")


def send(stack: LaptopStack, number: int, *, padding: int = 0, **more: Any) -> int:
    """Send a ticket of the source `partner`, validly signed; the status."""
    body = json.dumps(
        {
            "type": "ticket.created",
            "data": {"call_id": f"call-{number}", "padding": "x" * padding, **more},
        }
    ).encode()
    now, event = int(time.time()), f"event-{number}"
    key = base64.b64decode(SECRETS["sources/partner"].removeprefix("whsec_"))
    made = hmac.digest(key, f"{event}.{now}.".encode() + body, hashlib.sha256)
    request = urllib.request.Request(
        f"{stack.api_url}/webhooks/partner",
        body,
        {
            "Content-Type": "application/json",
            "webhook-id": event,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
        },
    )
    return _status(request)


def knock(stack: LaptopStack, source: str) -> int:
    """An unsigned request: enough to make the receiver look at a source's document and secret."""
    url = f"{stack.api_url}/webhooks/{source}"
    return _status(urllib.request.Request(url, b"{}", {"Content-Type": "application/json"}))


def _status(request: urllib.request.Request) -> int:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def used(stack: LaptopStack) -> set[tuple[str, str, str]]:
    return {(role, action, pattern) for role, action, pattern, *_ in stack.usage()["used"]}


def granted(stack: LaptopStack) -> set[tuple[str, str, str]]:
    """Role, action and resource of every statement, as CloudFormation granted them."""
    return {(role, action, pattern) for role, action, pattern, *_ in stack.usage()["granted"]}


def put_document(stack: LaptopStack, name: str, text: str) -> None:
    stack.client("ssm").put_parameter(
        Name=f"/switchboard/{stack.stage}/{name}", Value=text, Type="String", Overwrite=True
    )


def put_message(stack: LaptopStack, queue: str, body: str, group: str) -> None:
    stack.client("sqs").send_message(
        QueueUrl=f"{stack.endpoint_url}/{ACCOUNT}/switchboard-{stack.stage}-{queue}.fifo",
        MessageBody=body,
        MessageGroupId=group,
        MessageDeduplicationId=f"{queue}-{group}-{time.time_ns()}",
    )


def newer_envelopes(stack: LaptopStack) -> None:
    """A message that every function gives back: one of a later release."""
    for queue in ("ingest", "ingest-bulk", *(f"{name}-normal" for name in DESTINATIONS)):
        put_message(stack, queue, '{"v": 99}', "newer")


def a_replay(stack: LaptopStack, name: str) -> None:
    event = make_event(7, data={"demo": {"id": "replayed"}})
    order = DeliveryOrder(only=name, replay=f"replay-{name}", lane=Lane.NORMAL)
    envelope = Envelope(event=event, group="replayed", delivery=order)
    put_message(stack, "ingest-bulk", encode(envelope), "replayed")


def test_every_permission_is_used_and_nothing_is_denied(
    stack: LaptopStack, vendor: StandIn
) -> None:
    # What is small, what needs a claim check, and what each source is asked for.
    assert send(stack, 1) == 202
    assert send(stack, 2, padding=400_000) == 202
    assert {knock(stack, source) for source in ("meetings", "partner", "legacy-pbx")} == {401}
    put_document(stack, "mappings/lake", '{"fields": {"bad": "hhmmss(data.seconds)"}}')
    until(lambda: len(vendor.arrived) >= 4)

    # What comes back, what is replayed, and what no destination can take.
    newer_envelopes(stack)
    a_replay(stack, "crm")
    put_document(stack, "destinations/lake", '{"mapping": "lake"}')
    for name in stack.deployed.functions:
        stack.pool(name).end_sandboxes()
    vendor.replies = [Reply(422), Reply(422)]
    assert send(stack, 3, seconds="soon") == 202
    assert send(stack, 4, timestamp="x") == 202
    put_message(stack, "ingest", "no envelope", "broken")
    until(lambda: not missing_but(stack, "dynamodb:Query"))

    # A sandbox that starts with a broken document looks for the last good one.
    for name in ("sources/partner", *(f"destinations/{one}" for one in DESTINATIONS)):
        put_document(stack, name, '{"surprise": true, "when": "nope("}')
    for name in stack.deployed.functions:
        stack.pool(name).end_sandboxes()
    knock(stack, "partner")
    send(stack, 5)
    until(lambda: not missing_but(stack))
    assert stack.usage()["denied"] == []


def missing_but(stack: LaptopStack, *actions: str) -> set[tuple[str, str, str]]:
    """What is granted and was not used yet, beside `actions`."""
    return {one for one in granted(stack) - used(stack) if one[1] not in actions}
