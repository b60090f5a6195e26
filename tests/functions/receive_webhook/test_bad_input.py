"""Bad input by name: each gets its clear answer, nothing is queued, nothing of ours is told."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.receive_webhook.gateway import Answer
from switchboard.envelope import decode
from switchboard.testing.receiving import (
    JAAS_SECRET,
    ReceivingStores,
    jaas_headers,
    proxy_event,
)

Receive = Callable[[Mapping[str, Any]], Answer]
BODY = b'{"idempotencyKey": "key-1", "eventType": "ROOM_CREATED", "sessionId": "s-1"}'


def webhook(stores: ReceivingStores, body: bytes = BODY, *, late: int = 0) -> dict[str, Any]:
    """A signed webhook of a meeting, `late` seconds after it was signed."""
    at = int(stores.clock()) - late
    return proxy_event("meetings", jaas_headers(body, at=at), body)


def refused(answer: Answer, stores: ReceivingStores, status: int, code: str) -> str:
    """Check a refusal and answer its message."""
    assert answer.status == status
    assert answer.body.keys() == {"error", "message", "do"}
    assert answer.body["error"] == code
    assert answer.body["do"]
    assert stores.ingest.taken == []
    told = json.dumps(answer.as_proxy_answer())
    assert JAAS_SECRET.removeprefix("whsec_") not in told
    assert "Traceback" not in told
    name = "refused_signature" if status == 401 else "refused"
    source = "unknown" if status == 404 else "meetings"
    assert stores.telemetry.counts[name, source] == 1
    return answer.body["message"]


def test_unknown_event_type(stores: ReceivingStores, receive: Receive) -> None:
    answer = receive(webhook(stores, BODY.replace(b"ROOM_CREATED", b"BRAND_NEW")))
    assert answer.status == 202
    event = decode(stores.ingest.taken[0].body).event
    assert event is not None
    assert event.type == "8x8.unknown.BRAND_NEW"


@pytest.mark.parametrize("body", [b"call=ended", b"", b"<xml/>", b'{"a": NaN}', b"[]"])
def test_a_body_that_is_not_json(body: bytes, stores: ReceivingStores, receive: Receive) -> None:
    message = refused(receive(webhook(stores, body)), stores, 400, "invalid_event")
    assert message.startswith("reading the body: ")


def test_a_body_that_nests_too_deeply(stores: ReceivingStores, receive: Receive) -> None:
    body = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    message = refused(receive(webhook(stores, body)), stores, 400, "invalid_event")
    assert "deeper than 100 levels" in message


def test_nul_and_lone_surrogates(stores: ReceivingStores, receive: Receive) -> None:
    body = (
        rb'{"idempotencyKey": "\u0000 \ud800", "eventType": "\u0000\ud800",'
        rb' "sessionId": "\ud800", "fqn": "\ud800/\u0000"}'
    )
    assert receive(webhook(stores, body)).status == 202
    (message,) = stores.ingest.taken
    assert message.body.isascii()
    assert "\x00" not in message.body
    raw = decode(message.body).raw
    assert raw is not None
    assert raw.body.encode() == body


def test_a_raw_nul_is_no_json(stores: ReceivingStores, receive: Receive) -> None:
    refused(receive(webhook(stores, b'{"a": "\x00"}')), stores, 400, "invalid_event")


def test_wrong_key(stores: ReceivingStores, receive: Receive) -> None:
    headers = jaas_headers(BODY, at=int(stores.clock()), secrets=["whsec_wrong"])
    answer = receive(proxy_event("meetings", headers, BODY))
    message = refused(answer, stores, 401, "signature_wrong")
    assert message == "verifying: no signature was made with a secret of this source"


def test_expired_timestamp(stores: ReceivingStores, receive: Receive) -> None:
    message = refused(receive(webhook(stores, late=301)), stores, 401, "signature_expired")
    assert message == "verifying: signed 301 s ago, and 300 s are tolerated"


def test_future_timestamp(stores: ReceivingStores, receive: Receive) -> None:
    answer = receive(webhook(stores, late=-301))
    message = refused(answer, stores, 401, "signature_from_the_future")
    assert message == "verifying: signed 301 s in the future, and 300 s are tolerated"


def test_tampered_body(stores: ReceivingStores, receive: Receive) -> None:
    headers = jaas_headers(BODY, at=int(stores.clock()))
    answer = receive(proxy_event("meetings", headers, BODY.replace(b"s-1", b"s-2")))
    refused(answer, stores, 401, "signature_wrong")


def test_two_signatures_of_which_one_is_right(stores: ReceivingStores, receive: Receive) -> None:
    secrets = ["whsec_wrong", JAAS_SECRET]
    headers = jaas_headers(BODY, at=int(stores.clock()), secrets=secrets)
    assert receive(proxy_event("meetings", headers, BODY)).status == 202


def test_duplicated_headers(stores: ReceivingStores, receive: Receive) -> None:
    event = webhook(stores)
    right = event["headers"]["X-Jaas-Signature"]
    event["multiValueHeaders"]["x-jaas-signature"] = ["t=1,v1=bm90aGluZw=="]
    refused(receive(event), stores, 401, "signature_ambiguous")
    harmless = webhook(stores)
    harmless["multiValueHeaders"] = {"X-Jaas-Signature": [right], "Accept": ["a", "b"]}
    assert receive(harmless).status == 202


def test_no_signature(stores: ReceivingStores, receive: Receive) -> None:
    refused(receive(proxy_event("meetings", {}, BODY)), stores, 401, "signature_missing")


def test_a_body_of_six_megabytes(stores: ReceivingStores, receive: Receive) -> None:
    body = b'{"a": "' + b"x" * 6_000_000 + b'"}'
    message = refused(receive(webhook(stores, body)), stores, 413, "too_large")
    assert message == "the body is larger than 1000000 bytes"


def test_invalid_base64(stores: ReceivingStores, receive: Receive) -> None:
    event = webhook(stores) | {"body": "not base64!"}
    refused(receive(event), stores, 400, "invalid_base64")


@pytest.mark.parametrize("source", ["nobody", "contact-center", "from-a-later-release", "", "a/b"])
def test_unknown_source(source: str, stores: ReceivingStores, receive: Receive) -> None:
    event = webhook(stores) | {"resource": f"/webhooks/{source}"}
    refused(receive(event), stores, 404, "unknown_source")


def test_an_address_that_is_not_allowed(stores: ReceivingStores, receive: Receive) -> None:
    stores.configure("meetings", '{"allow": ["52.26.201.32", "10.0.0.0/8"]}', JAAS_SECRET)
    event = webhook(stores) | {"body": "!" * 6_000_000}
    refused(receive(event), stores, 403, "address_not_allowed")
    event = webhook(stores)
    event["requestContext"]["identity"]["sourceIp"] = "52.26.201.32"
    assert receive(event).status == 202


def test_a_group_with_spaces_and_umlauts(stores: ReceivingStores, receive: Receive) -> None:
    body = '{"idempotencyKey": "key-1", "sessionId": "Führung am Montag"}'.encode()
    assert receive(webhook(stores, body)).status == 202
    (message,) = stores.ingest.taken
    assert message.group.startswith("hash:")
    assert message.group.isascii()
    assert len(message.group) <= 128


def test_a_synchronous_question(stores: ReceivingStores, receive: Receive) -> None:
    body = b'{"eventType": "SETTINGS_PROVISIONING", "fqn": "app/room"}'
    message = refused(receive(webhook(stores, body)), stores, 400, "invalid_event")
    assert "take it off this endpoint's list in the JaaS console" in message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    headers=st.none() | st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=3),
    body=st.none() | st.text(st.characters(exclude_categories=()), max_size=60),
    encoded=st.booleans(),
)
def test_no_request_crashes_the_receiver(
    receive: Receive,
    headers: dict[str, str] | None,
    body: str | None,
    encoded: bool,
) -> None:
    event = {
        "resource": "/webhooks/meetings",
        "headers": headers,
        "body": body,
        "isBase64Encoded": encoded,
    }
    assert receive(event).status in (400, 401, 413)
