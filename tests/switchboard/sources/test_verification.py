import base64
import json

import pytest

from switchboard.errors import ConfigurationError
from switchboard.sources import Request
from switchboard.sources.connect import ConnectDocument
from switchboard.sources.hmac import HmacDocument
from switchboard.sources.jaas import JaasDocument
from switchboard.sources.standard_webhooks import StandardWebhooksDocument
from switchboard.sources.verification import Verdict, explain, read_request, read_source
from switchboard.testing.receiving import (
    JAAS_SECRET,
    STANDARD_SECRET,
    jaas_headers,
    standard_headers,
)

AT = 1_788_250_531
BODY = (
    b'{"idempotencyKey": "key-1", "eventType": "ROOM_CREATED", "sessionId": "s-1",'
    b' "timestamp": 1788250530188}'
)
DOCUMENT = JaasDocument()


def jaas(body: bytes = BODY, *, signed: bytes = BODY, secret: str = JAAS_SECRET) -> Request:
    return Request(tuple(jaas_headers(signed, at=AT, secrets=[secret]).items()), body)


def shown(verdict: Verdict) -> str:
    return repr(verdict)


def test_an_accepted_request_is_shown_as_the_event_it_becomes() -> None:
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], jaas(), AT + 12)
    assert verdict.accepted
    assert verdict.facts["signed bytes"] == f"{AT}.<body>"
    assert verdict.facts["event id"] == "key-1"
    assert verdict.facts["event type"] == "meeting.room.created"
    assert verdict.facts["event time"] == "2026-09-01T08:15:30.188Z"
    assert verdict.facts["group"] == "interaction:s-1"
    assert verdict.facts["signed at"] == (
        "2026-09-01T08:15:31.000Z, 12 s before 2026-09-01T08:15:43.000Z; 300 s are tolerated"
    )
    assert verdict.facts["signatures received"] == verdict.facts["signatures expected"]


def test_a_wrong_key_shows_what_was_compared_and_neither_secret_nor_signature() -> None:
    verdict = explain("jaas", DOCUMENT, ["whsec_other", "whsec_older"], jaas(), AT)
    assert not verdict.accepted
    assert verdict.reason == "verifying: no signature was made with a secret of this source"
    received, expected = (
        verdict.facts["signatures received"],
        verdict.facts["signatures expected"].split(", "),
    )
    assert len(expected) == 2
    assert received not in expected
    assert verdict.hints == ()
    for secret in ("whsec_other", "whsec_older"):
        assert secret not in shown(verdict)
        whole = jaas_headers(BODY, at=AT, secrets=[secret])["X-Jaas-Signature"]
        assert whole.rpartition("v1=")[2] not in shown(verdict)


@pytest.mark.parametrize(
    ("signed_with", "given", "hint"),
    [
        ("whsec_abc", " whsec_abc\n", "if secret 1 is used without the white space around it"),
        ("abc", "whsec_abc", "if secret 1 is used without whsec_"),
        ("whsec_abc", "abc", "if secret 1 is used with whsec_ before it"),
    ],
)
def test_the_usual_mistakes_with_a_secret_are_found(
    signed_with: str, given: str, hint: str
) -> None:
    verdict = explain("jaas", DOCUMENT, [given], jaas(secret=signed_with), AT)
    assert not verdict.accepted
    assert verdict.hints == (f"it fits {hint}",)


@pytest.mark.parametrize(
    ("sent", "captured", "hint"),
    [
        (b'{"a":1}', b'{"a":1}\n', "without the line break at its end"),
        (b'{"a":1}\n', b'{"a":1}', "with a line break at its end"),
        (b'{\n"a":1}', b'{\r\n"a":1}', "with bare line feeds"),
        ('{"a":"ü"}'.encode(), '{"a": "ü"}'.encode(), "without the white space in its JSON"),
    ],
)
def test_the_usual_mistakes_with_a_captured_body_are_found(
    sent: bytes, captured: bytes, hint: str
) -> None:
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], jaas(captured, signed=sent), AT)
    assert not verdict.accepted
    assert verdict.hints == (f"it fits the body {hint}: what was captured is not what was sent",)


def test_a_right_signature_that_is_too_old_gets_no_hint_about_its_key() -> None:
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], jaas(), AT + 400)
    assert verdict.reason == "verifying: signed 400 s ago, and 300 s are tolerated"
    assert verdict.hints == ()


def test_a_time_beyond_the_calendar_is_shown_in_seconds() -> None:
    headers = {"X-Jaas-Signature": "t=99999999999999,v1=bm90aGluZw=="}
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], Request(tuple(headers.items()), b""), AT)
    assert "99999999999999 s" in verdict.facts["signed at"]


def test_missing_headers_are_shown_by_what_there_is() -> None:
    request = Request((("Content-Type", "application/json"), ("User-Agent", "x")), BODY)
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], request, AT)
    assert verdict.reason == "verifying: the header X-Jaas-Signature is missing"
    assert verdict.facts == {"headers received": "content-type, user-agent"}


def test_a_signed_body_that_is_no_event_is_refused_with_the_reason() -> None:
    body = b"call=ended"
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], jaas(body, signed=body), AT)
    assert not verdict.accepted
    assert verdict.reason == "reading the body: it is not JSON (line 1, column 1)"


def test_a_secret_that_cannot_be_used_is_named_by_its_fault() -> None:
    request = Request(tuple(standard_headers(b"{}", at=AT).items()), b"{}")
    verdict = explain("standard_webhooks", StandardWebhooksDocument(), ["whsec_!"], request, AT)
    assert not verdict.accepted
    assert "not base64 after whsec_" in verdict.reason
    assert verdict.facts["signatures expected"].startswith("none (the signing secret")
    right = explain("standard_webhooks", StandardWebhooksDocument(), [STANDARD_SECRET], request, AT)
    assert right.accepted


def test_an_address_counts_where_the_request_has_one() -> None:
    document = HmacDocument.model_validate_json('{"header": "x-sig", "allow": ["10.0.0.0/8"]}')
    headers = (("x-sig", "00"),)
    elsewhere = explain("hmac", document, ["s"], Request(headers, b"{}", "192.0.2.1"), AT)
    assert elsewhere.reason == "192.0.2.1 is not in `allow`"
    unknown = explain("hmac", document, ["s"], Request(headers, b"{}"), AT)
    assert "no signature was made" in unknown.reason


def test_a_made_id_is_shown_as_made() -> None:
    verdict = explain("jaas", DOCUMENT, [JAAS_SECRET], jaas(b"{}", signed=b"{}"), AT)
    assert verdict.accepted
    assert "made from the payload" in verdict.facts["event id"]


@pytest.mark.parametrize(
    "fields",
    [{"body": "ü"}, {"body_base64": base64.b64encode("ü".encode()).decode()}],
)
def test_a_captured_request_is_read(fields: dict[str, str]) -> None:
    text = json.dumps({"headers": {"A": "1", "B": ["2", "3"]}, "about": {"case": "x"}, **fields})
    assert read_request(text) == Request((("A", "1"), ("B", "2"), ("B", "3")), "ü".encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "reading the request: document: Invalid JSON"),
        ("{}", "headers: Field required"),
        ('{"headers": {}}', "either body or body_base64"),
        ('{"headers": {}, "body": "", "body_base64": ""}', "either body or body_base64"),
        ('{"headers": {}, "body_base64": "!"}', "body_base64 is not base64"),
        ('{"headers": {}, "body": "", "boddy": ""}', "boddy: Extra inputs"),
    ],
)
def test_a_broken_capture_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_request(text)


def test_a_source_is_its_document_with_a_kind() -> None:
    text = '{"kind": "jaas", "allow": ["10.0.0.0/8"]}'
    kind, document = read_source(text)
    assert kind == "jaas"
    assert document.allows("10.1.2.3")
    assert not document.allows("11.1.2.3")
    assert not document.allows("no address")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "it is not JSON"),
        ("[]", "kind must be one of connect_chat_apps, connect_sms, hmac, jaas, standard_webhooks"),
        ('{"kind": "sapi"}', "kind must be one of"),
        ('{"kind": "stream", "host": "h", "tenant": "t"}', "kind must be one of"),
        ('{"kind": ["jaas"]}', "kind must be one of"),
        ('{"kind": "jaas", "surprise": 1}', "surprise: Extra inputs"),
        ('{"kind": "hmac", "header": "x", "group": "a..b"}', "group: .*at position"),
    ],
)
def test_a_broken_source_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_source(text)


@pytest.mark.parametrize(
    ("sent", "given", "hint"),
    [
        ("Bearer abc", "abc", "if secret 1 is used with Bearer before it"),
        ("Basic abc", "abc", "if secret 1 is used with Basic before it"),
        ("abc", " abc\n", "if secret 1 is used without the white space around it"),
        (
            "Basic YW5uOnB3",
            "ann:pw",
            "if secret 1 is used in base64 and with Basic before it, as user:password is sent",
        ),
    ],
)
def test_the_usual_mistakes_with_an_authorization_are_found(
    sent: str, given: str, hint: str
) -> None:
    request = Request((("Authorization", sent),), b"{}")
    verdict = explain("connect_sms", ConnectDocument(), [given], request, AT)
    assert not verdict.accepted
    assert verdict.reason == (
        "verifying: Authorization is not the value that is this source's secret"
    )
    assert verdict.hints == (f"it fits {hint}",)


def test_of_an_authorization_only_its_length_is_shown() -> None:
    value = "Bearer of-a-token"
    request = Request((("authorization", value),), b'{"eventId": "e-1"}')
    verdict = explain("connect_sms", ConnectDocument(), [value, "another one"], request, AT)
    assert verdict.accepted
    assert verdict.reason == "Authorization is this source's secret"
    assert verdict.facts["authorization received"] == "17 bytes"
    assert verdict.facts["authorization expected"] == "17 bytes, 11 bytes"
    assert verdict.facts["event id"] == "e-1"
    assert "of-a-token" not in shown(verdict)
    wrong = explain("connect_sms", ConnectDocument(), ["another one"], request, AT)
    assert (wrong.accepted, wrong.hints) == (False, ())
    assert "of-a-token" not in shown(wrong)
    none = explain("connect_sms", ConnectDocument(), [], request, AT)
    assert none.facts["authorization expected"] == "none: no secret was given"
