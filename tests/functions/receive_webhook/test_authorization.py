"""A sender that signs nothing: it is known by the value of its header Authorization."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.receive_webhook.gateway import Answer
from switchboard.envelope import decode
from switchboard.event import event_id
from switchboard.testing.receiving import SMS_AUTHORIZATION, ReceivingStores, proxy_event

Receive = Callable[[Mapping[str, Any]], Answer]
BODY = json.dumps(
    {
        "namespace": "SMS",
        "eventType": "inbound_message_received",
        "payload": {"umid": "m-1", "timestamp": "2026-09-01T08:15:30Z", "body": "Hello"},
    }
).encode()


def sms(*values: str, body: bytes = BODY) -> dict[str, Any]:
    """A request with so many headers Authorization, as API Gateway hands it over."""
    event = proxy_event("sms", {"Content-Type": "application/json"}, body)
    if values:
        event["headers"]["Authorization"] = values[-1]
        event["multiValueHeaders"]["Authorization"] = list(values)
    return event


def test_the_right_value_is_accepted_and_goes_no_further(
    stores: ReceivingStores, receive: Receive
) -> None:
    known = event_id("sms", "m-1/inbound_message_received")
    assert receive(sms(SMS_AUTHORIZATION)) == Answer(202, {"accepted": known})
    (message,) = stores.ingest.taken
    assert message.group == "interaction:m-1"
    assert message.deduplication_id == known
    envelope = decode(message.body)
    assert envelope.raw is not None
    assert (envelope.raw.kind, envelope.raw.body.encode()) == ("connect_sms", BODY)
    assert SMS_AUTHORIZATION not in message.body
    assert stores.telemetry.counts == {("received", "sms"): 1}


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((), "signature_missing"),
        (("",), "signature_malformed"),
        (("Basic bm90IHRoaXMgb25l",), "signature_wrong"),
        ((SMS_AUTHORIZATION.removeprefix("Basic "),), "signature_wrong"),
        ((SMS_AUTHORIZATION, SMS_AUTHORIZATION), "signature_ambiguous"),
        (("Basic bm90IHRoaXMgb25l", SMS_AUTHORIZATION), "signature_ambiguous"),
    ],
)
def test_whatever_else_comes_is_refused_like_a_wrong_signature(
    values: tuple[str, ...], code: str, stores: ReceivingStores, receive: Receive
) -> None:
    answer = receive(sms(*values))
    assert (answer.status, answer.body["error"]) == (401, code)
    assert answer.body["do"]
    assert stores.ingest.taken == []
    assert stores.telemetry.counts == {("refused_signature", "sms"): 1}
    told = json.dumps([answer.as_proxy_answer(), repr(stores.telemetry.warnings)])
    for value in (SMS_AUTHORIZATION, *values):
        assert not value or value not in told


def test_the_value_before_a_rotation_is_accepted_as_long_as_it_counts(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.secrets.set("sources/sms", "Bearer new", "authorization")
    assert receive(sms(SMS_AUTHORIZATION)).status == 202
    assert receive(sms("Bearer new")).status == 202
    stores.secrets.set("sources/sms", "Bearer newer", "authorization")
    assert receive(sms(SMS_AUTHORIZATION)).status == 401


@pytest.mark.parametrize("fields", [{}, {"authorization": ""}, {"signing_secret": "Bearer x"}])
def test_without_its_secret_it_is_not_ready(
    fields: dict[str, str], stores: ReceivingStores, receive: Receive
) -> None:
    stores.secrets.values["sources/sms"] = (fields,)
    for value in ("", "Bearer x"):
        assert receive(sms(value)).status == 503
    assert "has no authorization; run" in stores.telemetry.warnings[0][1]["why"]


@pytest.mark.parametrize("body", [b"<root/>", b"umid=m-1", b"[]", b""])
def test_what_cannot_be_read_is_kept(
    body: bytes, stores: ReceivingStores, receive: Receive
) -> None:
    assert receive(sms(SMS_AUTHORIZATION, body=body)).status == 202
    raw = decode(stores.ingest.taken[0].body).raw
    assert raw is not None
    assert raw.body.encode() == body
    assert stores.telemetry.counts["weak_id", "sms"] == 1


def test_what_could_not_be_kept_is_refused(stores: ReceivingStores, receive: Receive) -> None:
    answer = receive(sms(SMS_AUTHORIZATION, body=b"\xff"))
    assert (answer.status, answer.body["error"]) == (400, "invalid_event")
    assert stores.ingest.taken == []
