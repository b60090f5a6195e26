import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from functions.to_webhook.request import (
    WebhookDestination,
    signed_parcel,
    signed_request,
    signing_keys,
)
from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from switchboard.errors import ConfigurationError
from switchboard.testing.contract import a_delivery
from switchboard.testing.stand_in import StandIn

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
KEY = b"a key of twenty-four b.."
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def test_the_request_is_the_one_a_reviewer_reads() -> None:
    request = signed_request(a_delivery(), [KEY], 1_790_000_000)
    (case,) = CASES
    expected = json.loads(case.read_text())
    assert {"headers": dict(request.headers), "body": json.loads(request.body)} == expected


def test_the_signature_covers_the_very_bytes_that_are_sent() -> None:
    with StandIn() as vendor:
        destination = WebhookDestination(
            WebhookDocument(url=vendor.url),
            lambda: ({"signing_secret": SECRET},),
            WebhookDeployTime(private_hosts=("127.0.0.1",)),
            clock=lambda: 1_790_000_000.9,
        )
        checked = destination.check(a_delivery(text="ü \ud800 \x00"))
        destination.send(a_delivery(text="ü \ud800 \x00"))
        (arrived,) = vendor.arrived
    assert arrived.body == checked
    message = f"{arrived.headers['webhook-id']}.1790000000.".encode() + arrived.body
    made = base64.b64encode(hmac.digest(KEY, message, hashlib.sha256)).decode()
    assert arrived.headers["webhook-signature"] == f"v1,{made}"
    assert arrived.body.isascii()


def test_during_a_rotation_both_secrets_sign() -> None:
    other = b"another key of 24 bytes."
    request = signed_request(a_delivery(), [KEY, other], 1_790_000_000)
    assert len(request.headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "ü"])
def test_a_secret_that_is_none_says_what_to_do_and_shows_nothing(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="secrets set") as error:
        signing_keys([{"signing_secret": secret}])
    assert not secret or secret not in str(error.value).replace("whsec_ and base64", "")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer x"},
        {"webhook-id": "x"},
        {"Host": "x"},
        {"Content-Type": "x"},
        {"x-evil": "a\r\nb: c"},
        {"x-ümlaut": "a"},
    ],
)
def test_headers_that_a_document_may_not_set_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        WebhookDocument(url="https://example.com", headers=headers)


def test_a_document_with_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="urls"):
        WebhookDocument.model_validate({"url": "https://example.com", "urls": 1})


def test_plain_http_is_for_private_hosts_alone() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        WebhookDestination(
            WebhookDocument(url="http://example.com"), lambda: (), WebhookDeployTime()
        )


def test_a_parcel_is_one_signed_request_with_an_id_for_each_event() -> None:
    deliveries = [a_delivery(number) for number in (3, 1, 2)]
    with StandIn() as vendor:
        destination = WebhookDestination(
            WebhookDocument(url=vendor.url),
            lambda: ({"signing_secret": SECRET},),
            WebhookDeployTime(private_hosts=("127.0.0.1",)),
            clock=lambda: 1_790_000_000.9,
        )
        destination.send_parcel(deliveries)
        (arrived,) = vendor.arrived
    message = f"{arrived.headers['webhook-id']}.1790000000.".encode() + arrived.body
    made = base64.b64encode(hmac.digest(KEY, message, hashlib.sha256)).decode()
    assert arrived.headers["webhook-signature"] == f"v1,{made}"
    body = json.loads(arrived.body)
    assert (body["type"], body["timestamp"]) == ("switchboard.batch", "2026-11-24T09:30:03.000Z")
    in_order = [deliveries[1], deliveries[2], deliveries[0]]
    assert [one["id"] for one in body["data"]] == [delivery.key for delivery in in_order]
    assert body["data"][0] == {
        "id": in_order[0].key,
        "type": "meeting.participant.joined",
        "timestamp": "2026-11-24T09:30:01.000Z",
        "data": json.loads(json.dumps(in_order[0].output)),
    }


def test_equal_parcels_have_equal_ids() -> None:
    deliveries = [a_delivery(1), a_delivery(2)]
    first, again, other = (
        signed_parcel(some, [KEY], 1_790_000_000)
        for some in (deliveries, deliveries[::-1], deliveries[:1])
    )
    assert first == again
    assert first.headers["webhook-id"] != other.headers["webhook-id"]


def test_a_whole_record_says_its_key_and_another_event_does_not() -> None:
    plain, record = (
        json.loads(signed_request(a_delivery(), [KEY], 1_790_000_000, record=asked).body)
        for asked in (False, True)
    )
    assert "record" not in plain
    assert record == {**plain, "record": "interaction:one"}
