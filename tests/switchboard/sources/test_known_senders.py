import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from switchboard.configuration import parse_document
from switchboard.sources import WEBHOOK_KINDS, Doubt, Request, SignatureRefused
from switchboard.sources.hmac import HmacDocument

HMAC = WEBHOOK_KINDS["hmac"]
AT = 1_788_250_531
BODY = b'{"id": "evt_1", "type": "charge.succeeded", "created": 1788250530}'
SAMPLES = Path(__file__).parents[3] / "events" / "sources"


def request(body: bytes, headers: Mapping[str, str]) -> Request:
    return Request(tuple(headers.items()), body)


def hexed(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def known_sender(name: str, **changes: Any) -> HmacDocument:
    """The document that `events/sources` has for a sender."""
    fields = json.loads((SAMPLES / f"{name}.json").read_text())
    assert fields.pop("kind") == "hmac"
    return parse_document(HmacDocument, f"sources/{name}", json.dumps(fields | changes))


def test_github() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    signed = request(
        b"Hello, World!",
        {
            "X-Hub-Signature-256": "sha256="
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        },
    )
    assert HMAC.verify(signed, ["It's a Secret to Everybody"], known_sender("github"), AT) is None


def test_slack() -> None:
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signed = request(
        body,
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0="
            "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
    )
    at = HMAC.verify(
        signed, ["8f742231b10e8888abcd99yyyzzz85a5"], known_sender("slack"), 1_531_420_618 + 60
    )
    assert at == 1_531_420_618


def test_zendesk() -> None:
    # https://developer.zendesk.com/documentation/event-connectors/webhooks/verifying/ prints a
    # value for the body before the time; requests have the time first.
    secret = "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA="
    body, written = b'{"say": "hello"}', "2021-07-25T10:00:00Z"
    at = datetime(2021, 7, 25, 10, 0, 0, tzinfo=UTC).timestamp()
    published = request(
        body,
        {
            "X-Zendesk-Webhook-Signature": "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=",
            "X-Zendesk-Webhook-Signature-Timestamp": written,
        },
    )
    printed = known_sender("zendesk", signed="{body}{timestamp}")
    assert HMAC.verify(published, [secret], printed, at) == at
    message = written.encode() + body
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    sent = request(
        body,
        {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": written,
        },
    )
    assert HMAC.verify(sent, [secret], known_sender("zendesk"), at) == at


def test_stripe() -> None:
    # https://docs.stripe.com/webhooks#verify-manually; no value is published.
    right = hexed(f"{AT}.".encode() + BODY, "whsec_test")
    header = f"t={AT},v1={'0' * 64},v1={right},v0={'1' * 64}"
    described = known_sender("stripe")
    signed = request(BODY, {"Stripe-Signature": header})
    assert HMAC.verify(signed, ["whsec_test"], described, AT + 300) == AT
    doubled = request(BODY, {"Stripe-Signature": f"t=1,{header}"})
    with pytest.raises(SignatureRefused, match="t= once") as refused:
        HMAC.verify(doubled, ["whsec_test"], described, AT)
    assert refused.value.doubt is Doubt.AMBIGUOUS


def test_pagerduty() -> None:
    # https://developer.pagerduty.com/docs/verifying-signatures; no value is published there.
    fields = {
        "id": "01ABCDEF",
        "event_type": "incident.acknowledged",
        "occurred_at": "2026-09-01T08:15:30.188Z",
        "data": {"id": "PINCIDENT", "type": "incident"},
    }
    body = json.dumps({"event": fields}).encode()
    right = f"v1={hexed(body, 'pagerduty-secret')}"
    described = known_sender("pagerduty")
    for header in (right, f"v1={'0' * 64}, {right}"):
        signed = request(body, {"X-PagerDuty-Signature": header})
        assert HMAC.verify(signed, ["pagerduty-secret"], described, AT) is None
    received = HMAC.receive("pager", request(body, {}), described, None, AT)
    assert received.event.sourceeventid == "01ABCDEF"
    assert received.event.type == "incident.acknowledged"
    assert received.event.time == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)
    assert received.group == "interaction:PINCIDENT"
