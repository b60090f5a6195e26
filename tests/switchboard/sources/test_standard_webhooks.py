import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event, event_id
from switchboard.sources import WEBHOOK_KINDS, Doubt, Received, Request, SignatureRefused
from switchboard.sources.standard_webhooks import StandardWebhooksDocument
from switchboard.testing.receiving import STANDARD_SECRET, standard_headers

STANDARD = WEBHOOK_KINDS["standard_webhooks"]
DOCUMENT = StandardWebhooksDocument()
AT = 1_788_250_531
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 24 bytes").decode()
PAYLOAD = {"type": "contact.created", "timestamp": "2026-09-01T08:15:30.188Z", "data": {"id": 7}}
BODY = json.dumps(PAYLOAD).encode()

# https://github.com/standard-webhooks/standard-webhooks, the libraries' own test.
PUBLISHED_AT = 1_614_265_330
PUBLISHED = Request(
    (
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ),
    b'{"test": 2432232314}',
)


def request(body: bytes, headers: Mapping[str, str]) -> Request:
    return Request(tuple(headers.items()), body)


def receive(payload: Any, document: StandardWebhooksDocument = DOCUMENT) -> Received:
    body = json.dumps(payload).encode()
    signed = request(body, standard_headers(body, at=AT))
    return STANDARD.receive("partner", signed, document, AT, AT + 5)


def normalise(payload: Any) -> Event:
    raw = Raw(kind="standard_webhooks", body=json.dumps(payload), received_at="")
    return STANDARD.normalise(receive(payload).event, raw)


@pytest.mark.parametrize("secret", [STANDARD_SECRET, STANDARD_SECRET.removeprefix("whsec_")])
def test_the_published_example_is_accepted(secret: str) -> None:
    assert STANDARD.verify(PUBLISHED, [secret], DOCUMENT, PUBLISHED_AT + 9) == PUBLISHED_AT


@pytest.mark.parametrize(
    "secrets", [[OTHER_SECRET, STANDARD_SECRET], [STANDARD_SECRET, OTHER_SECRET]]
)
def test_one_right_signature_of_two_is_enough(secrets: list[str]) -> None:
    signed = request(BODY, standard_headers(BODY, at=AT, secrets=secrets))
    assert STANDARD.verify(signed, [STANDARD_SECRET], DOCUMENT, AT) == AT


def test_asymmetric_signatures_beside_ours_do_not_count() -> None:
    headers = standard_headers(BODY, at=AT)
    ours = headers["webhook-signature"]
    both = request(BODY, headers | {"webhook-signature": f"v1a,bm90aGluZw== {ours}"})
    assert STANDARD.verify(both, [STANDARD_SECRET], DOCUMENT, AT) == AT
    alone = request(BODY, headers | {"webhook-signature": ours.replace("v1,", "v1a,")})
    with pytest.raises(SignatureRefused, match="holds no v1"):
        STANDARD.verify(alone, [STANDARD_SECRET], DOCUMENT, AT)


@pytest.mark.parametrize("now", [AT + 301, AT - 301])
def test_expired_and_future_timestamps_are_refused(now: int) -> None:
    signed = request(BODY, standard_headers(BODY, at=AT))
    with pytest.raises(SignatureRefused, match="301 s"):
        STANDARD.verify(signed, [STANDARD_SECRET], DOCUMENT, now)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed_and_only_once(header: str) -> None:
    headers = standard_headers(BODY, at=AT)
    twice = Request((*headers.items(), (header.title(), headers[header])), BODY)
    with pytest.raises(SignatureRefused, match=f"{header} is there 2 times"):
        STANDARD.verify(twice, [STANDARD_SECRET], DOCUMENT, AT)
    del headers[header]
    with pytest.raises(SignatureRefused, match=f"{header} is missing"):
        STANDARD.verify(request(BODY, headers), [STANDARD_SECRET], DOCUMENT, AT)


def test_an_empty_id_is_refused() -> None:
    signed = request(BODY, standard_headers(BODY, at=AT, message_id=""))
    with pytest.raises(SignatureRefused, match="webhook-id is empty"):
        STANDARD.verify(signed, [STANDARD_SECRET], DOCUMENT, AT)


@pytest.mark.parametrize(
    ("header", "changed", "doubt"),
    [
        ("webhook-id", "msg_2", Doubt.WRONG),
        ("webhook-timestamp", str(AT + 1), Doubt.WRONG),
        ("webhook-timestamp", "soon", Doubt.MALFORMED),
        ("webhook-signature", "v1,bm90aGluZw==", Doubt.WRONG),
    ],
)
def test_a_changed_header_is_refused(header: str, changed: str, doubt: Doubt) -> None:
    headers = standard_headers(BODY, at=AT) | {header: changed}
    with pytest.raises(SignatureRefused) as refused:
        STANDARD.verify(request(BODY, headers), [STANDARD_SECRET], DOCUMENT, AT)
    assert refused.value.doubt is doubt


@pytest.mark.parametrize("broken", ["whsec_", "whsec_no base64!", ""])
def test_a_secret_that_cannot_be_used_is_ours_to_fix(broken: str) -> None:
    signed = request(BODY, standard_headers(BODY, at=AT))
    with pytest.raises(ConfigurationError, match="not base64 after whsec_"):
        STANDARD.verify(signed, [broken], DOCUMENT, AT)
    assert STANDARD.verify(signed, [broken, STANDARD_SECRET], DOCUMENT, AT) == AT


def test_an_event_is_named_by_its_signed_id() -> None:
    event = receive(PAYLOAD).event
    assert event.id == event_id("partner", "msg_1")
    assert event.type == "contact.created"
    assert event.time == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)
    assert not event.weakid


def test_the_group_is_where_the_document_says() -> None:
    document = StandardWebhooksDocument(group="data.call")
    assert receive({"data": {"call": "c-1"}}, document).group == "interaction:c-1"
    assert receive({"data": {"call": 17}}, document).group == "interaction:17"
    alone = receive({"data": {}}, document)
    assert alone.group == f"event:{alone.event.id}"
    with pytest.raises(EventError, match=r"group: 'data\.call' gives an object"):
        receive({"data": {"call": {}}}, document)


def test_a_broken_expression_is_refused_with_its_position() -> None:
    with pytest.raises(ConfigurationError, match=r"sources/partner: group: .* at position"):
        parse_document(StandardWebhooksDocument, "sources/partner", '{"group": "data..call"}')


@pytest.mark.parametrize(
    ("payload", "kind", "data"),
    [
        (PAYLOAD, "contact.created", {"id": 7}),
        ({"type": "a b\n", "data": None}, "a_b_", None),
        ({"anything": 1}, "partner.received", {"anything": 1}),
        ({"type": {"a": 1}}, "partner.received", {"type": {"a": 1}}),
    ],
)
def test_an_event_is_normalised(payload: Any, kind: str, data: Any) -> None:
    event = normalise(payload)
    assert event.type == kind
    assert event.data == data


def test_an_impossible_time_is_refused_by_name_later() -> None:
    assert receive({"timestamp": "soon"}).event.time == datetime.fromtimestamp(AT, UTC)
    with pytest.raises(EventError, match="timestamp: it is a text that is no time"):
        normalise({"timestamp": "soon"})
    assert normalise({}).time == datetime.fromtimestamp(AT, UTC)
