"""8x8 Connect: what names, orders and times an event, and what `data` becomes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError, EventError
from switchboard.event import Event, event_id
from switchboard.sources import WEBHOOK_KINDS, Received, Request
from switchboard.sources.connect import ConnectDocument
from switchboard.sources.tenant import UNSAID, Tenant

NOW = 1_788_250_531
UMID = "9e09ac86-bd74-5465-851d-1eb5a5fd0001"
SAMPLES = Path(__file__).parents[3] / "events" / "webhooks"


def receive(body: Any, kind: str = "connect_sms", now: float = NOW) -> Received:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WEBHOOK_KINDS[kind].receive("sms", Request((), text), ConnectDocument(), None, now)


def normalise(body: Any, kind: str = "connect_sms", tenant: Tenant = UNSAID) -> Event:
    raw = Raw(kind=kind, body=json.dumps(body), received_at="2026-09-01T08:15:31.000Z")
    return WEBHOOK_KINDS[kind].normalise(receive(body, kind).event, raw, tenant)


def sample(name: str, tenant: Tenant = UNSAID) -> Any:
    """`data` of a sample."""
    body = json.loads(json.loads((SAMPLES / f"{name}.json").read_text())["body"])
    return normalise(body, name.partition("/")[0], tenant).data


def sms(event: Any = "inbound_message_received", **payload: Any) -> dict[str, Any]:
    return {"namespace": "SMS", "eventType": event, "payload": {"umid": UMID, **payload}}


def receipt(**status: Any) -> dict[str, Any]:
    usual = {"state": "sent", "detail": "delivered_to_operator", "timestamp": "2026-09-01T08:15Z"}
    return sms("outbound_message_status_changed", status={**usual, **status})


def test_a_message_is_named_and_grouped_by_its_umid() -> None:
    received = receive(sms(timestamp="2026-09-01T10:15:30.188+02:00"))
    event = received.event
    assert event.id == event_id("sms", f"{UMID}/inbound_message_received")
    assert event.sourceeventid == f"{UMID}/inbound_message_received"
    assert event.subject == UMID
    assert event.time == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)
    assert received.group == f"interaction:{UMID}"
    assert not event.weakid


def test_whatever_happens_to_a_message_is_in_its_group_under_an_id_of_its_own() -> None:
    told = [
        receive(sms()),
        receive(receipt()),
        receive(receipt(state="delivered")),
        receive(receipt(detail="delivered_to_recipient")),
        receive(receipt(timestamp="2026-09-01T08:16Z")),
        receive(sms("short_url_clicked", eventId="click-1")),
        receive(sms("short_url_clicked", eventId="click-2")),
        receive({"umid": UMID, "surveyId": "s-1", "surveySubmittedAt": "2026-09-01T08:15:30Z"}),
    ]
    assert {one.group for one in told} == {f"interaction:{UMID}"}
    assert len({one.event.id for one in told}) == len(told)
    assert not any(one.event.weakid for one in told)


def test_what_is_sent_again_is_the_same_event() -> None:
    for body in (sms(), receipt(), sms("boiled"), b"<xml/>", b"nothing"):
        assert receive(body).event.id == receive(body, now=NOW + 90).event.id


@pytest.mark.parametrize("missing", ["state", "timestamp"])
def test_a_receipt_whose_status_is_not_told_is_named_by_its_payload(missing: str) -> None:
    one, other = receipt(**{missing: None}), receipt(**{missing: None}, errorCode=1)
    assert receive(one).event.weakid
    assert receive(one).event.id != receive(other).event.id


@pytest.mark.parametrize("umid", [None, "", {"id": 1}, [UMID], True, 1.5])
def test_without_an_umid_a_message_is_alone_and_named_by_its_payload(umid: Any) -> None:
    received = receive(sms(umid=umid))
    assert received.event.weakid
    assert received.event.subject is None
    assert received.group == f"event:{received.event.id}"


def test_an_event_of_a_business_account_is_named_by_its_id_and_alone() -> None:
    body = {"eventId": "e-1", "eventType": "account_update", "businessAccountId": "950"}
    received = receive(body, "connect_chat_apps")
    assert received.event.id == event_id("sms", "e-1")
    assert received.event.subject == "950"
    assert received.group == f"event:{received.event.id}"


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("connect_sms", "inbound_message_received", "message.received"),
        ("connect_chat_apps", "inbound_message_received", "message.received"),
        ("connect_sms", "outbound_message_status_changed", "message.status_changed"),
        ("connect_sms", "short_url_clicked", "message.link.clicked"),
        ("connect_chat_apps", "external_app_message", "message.sent_from_app"),
        ("connect_chat_apps", "whatsapp_contact", "whatsapp.contact.shared"),
        ("connect_chat_apps", "contacts", "whatsapp.contact.shared"),
        ("connect_chat_apps", "user_id_update", "whatsapp.user_id.changed"),
        ("connect_sms", "user_id_update", "8x8.unknown.user_id_update"),
        ("connect_sms", "BRÄND new\n", "8x8.unknown.BR_ND_new_"),
        ("connect_sms", "x" * 500, f"8x8.unknown.{'x' * 64}"),
        ("connect_sms", "\ud800", "8x8.unknown._"),
        ("connect_sms", 7, "8x8.unknown.unnamed"),
        ("connect_sms", ["inbound_message_received"], "8x8.unknown.unnamed"),
        ("connect_sms", None, "8x8.unknown.unnamed"),
    ],
)
def test_types_are_canonical_and_unknown_ones_pass_through(
    kind: str, name: Any, expected: str
) -> None:
    assert receive(sms(name), kind).event.type == expected
    assert normalise(sms(name), kind).type == expected


def test_of_an_unknown_event_everything_is_kept_whatever_its_shape() -> None:
    body = {"eventType": "boiled", "payload": [1], "timestamp": "yesterday"}
    event = normalise(body)
    assert event.data["details"] == body
    assert event.data["message"] is None


def test_an_sms_is_normalised() -> None:
    data = sample("connect_sms/message-received")
    details = data.pop("details")
    assert details["encoding"] == "UCS2"
    assert {name: value for name, value in data.items() if value is not None} == {
        "event": "inbound_message_received",
        "message": UMID,
        "direction": "in",
        "media": "sms",
        "channel": "+4534735477",
        "customer": {
            "phone": "+6581968289",
            "phone_extension": None,
            "phone_reason": None,
            "phone_written": "+6581968289",
            "name": None,
            "username": None,
            "channel_user": None,
        },
        "text": "Where is my parcel? 📦",
        "parts": 1,
        "price": {"total": 0.0446592, "currency": "EUR"},
        "account": "acme_sms",
    }


def test_numbers_without_a_plus_are_those_of_the_sources_country() -> None:
    singapore = sample("connect_sms/number-without-plus", Tenant(region="SG"))
    assert singapore["customer"]["phone"] == "+6581968289"
    assert singapore["channel"] == "77777"
    elsewhere = sample("connect_sms/number-without-plus")["customer"]
    assert (elsewhere["phone"], elsewhere["phone_reason"]) == (None, "invalid")
    assert elsewhere["phone_written"] == "8196 8289"


def test_a_sender_without_a_number_has_a_reason_why() -> None:
    customer = sample("connect_sms/sender-without-number")["customer"]
    assert (customer["phone"], customer["phone_reason"]) == (None, "invalid")
    assert customer["phone_written"] == "PARCELS"


def test_a_receipt_is_normalised() -> None:
    data = sample("connect_sms/delivered")
    assert data["direction"] == "out"
    assert data["customer"]["phone"] == "+12025550293"
    assert data["channel"] == "ACME"
    assert data["client_message"] == "order-4711"
    assert data["status"] == {
        "state": "delivered",
        "detail": "delivered_to_recipient",
        "at": "2026-09-01T08:15:33.000Z",
        "error_code": None,
        "error": None,
        "provider_error_code": None,
    }
    failed = sample("connect_sms/undelivered")["status"]
    assert (failed["error_code"], failed["error"]) == ("15", "Invalid destination")
    assert normalise(receipt()).time == datetime(2026, 9, 1, 8, 15, tzinfo=UTC)


def test_a_click_and_a_survey_are_normalised() -> None:
    click = sample("connect_sms/link-clicked")
    assert click["customer"]["phone"] == "+12025550293"
    assert click["channel"] is None
    assert click["link"] == {
        "short": "https://2g.to/abc123/abc",
        "target": "https://example.com/landing?c=autumn",
    }
    survey = sample("connect_sms/survey-answered")["survey"]
    assert survey["submitted_at"] == "2026-09-01T10:00:14.000Z"
    assert survey["variables"] == [{"name": "firstname", "value": "Ann"}]
    assert [one["answer_text"] for one in survey["answers"]] == ["Yes", "N/A"]


def test_versions_two_and_three_name_the_same_customer() -> None:
    three = sample("connect_chat_apps/whatsapp-v3")
    assert three["media"] == "whatsapp"
    assert three["channel"] == "6531580000"
    assert three["content_type"] == "text"
    assert three["text"] == "Is my table still free?"
    assert three["customer"]["phone"] == "+6581968289"
    assert three["customer"]["channel_user"] == "SG.13491208655302741918"
    two = sample("connect_chat_apps/whatsapp-v2")
    assert two["customer"]["phone"] == "+6581968289"
    assert two["customer"]["channel_user"] is None
    assert two["replies_to"] == "b7d1c2e0-5f04-4d5e-9b1a-3c2f6a7d0009"


def test_a_customer_may_have_no_number() -> None:
    for name, user in (
        ("whatsapp-without-number", "SG.13491208655302741918"),
        ("line-without-number", "U4af4980629d0b3fbb"),
    ):
        customer = sample(f"connect_chat_apps/{name}")["customer"]
        assert (customer["phone"], customer["phone_reason"]) == (None, None)
        assert customer["channel_user"] == user
    assert normalise(sms("short_url_clicked")).data["customer"] is None


def test_what_a_message_holds_is_where_a_mapping_finds_it() -> None:
    assert sample("connect_chat_apps/image")["url"] == "https://media.example/1.jpg"
    choice = sample("connect_chat_apps/button-reply")["choice"]
    assert choice == {"id": "confirm", "title": "Confirm"}
    flow = sample("connect_chat_apps/flow-reply")["details"]["content"]["interactive"]
    assert "guests" in flow["nfmReply"]["responseJson"]
    failed = sample("connect_chat_apps/undelivered")["status"]
    assert failed["provider_error_code"] == "131026"
    assert sample("connect_chat_apps/sent-from-app")["direction"] == "out"


def test_an_event_of_a_business_account_keeps_its_own_fields() -> None:
    data = sample("connect_chat_apps/template-paused")
    assert data["business_account"] == "950523421983857"
    assert data["details"]["meta"]["status"] == "PAUSED"
    assert set(data) == {"event", "provider", "business_account", "account", "details"}
    odd = {"eventType": "account_update", "eventDetails": ["odd"]}
    assert normalise(odd, "connect_chat_apps").data["details"] == {"value": ["odd"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payload": [1]}, "normalising payload: it is an array, not an object"),
        ({"payload": None}, "normalising payload: it is null, not an object"),
        ({"payload": "x"}, "normalising payload: it is a text, not an object"),
        (sms(timestamp="yesterday"), "the event's time: it is a text that is no time"),
        (sms(timestamp=10**30), "the event's time: it is a number that is no time"),
        (receipt(timestamp={"ms": 1}), "the event's time: it is an object that is no time"),
    ],
)
def test_what_cannot_be_is_taken_at_the_edge_and_refused_by_name_later(
    changes: dict[str, Any], message: str
) -> None:
    body = {**sms(), **changes}
    receive(body)
    with pytest.raises(EventError, match=message):
        normalise(body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'\n <?xml version="1.0"?><root/>', "it is XML, not JSON; ask 8x8's support"),
        ("\ufeff<root/>".encode(), "it is XML, not JSON"),
        (b"", "it is not JSON"),
        (b"umid=1", "it is not JSON"),
        (b"[]", "it is JSON, but an array, not an object"),
        (b'{"a": 1e999}', "it holds a number that is too large"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "deeper than 100 levels"),
    ],
)
def test_a_body_that_cannot_be_read_is_taken_and_says_why_later(body: bytes, message: str) -> None:
    received = receive(body)
    assert received.event.type == "8x8.unknown.unnamed"
    assert received.event.weakid
    assert received.event.time == datetime.fromtimestamp(NOW, UTC)
    raw = Raw(kind="connect_sms", body=body.decode(), received_at="2026-09-01T08:15:31.000Z")
    with pytest.raises(EventError, match=message):
        WEBHOOK_KINDS["connect_sms"].normalise(received.event, raw)


def test_a_body_that_could_not_be_kept_is_refused_at_once() -> None:
    with pytest.raises(EventError, match="reading the body: it is not UTF-8"):
        receive(b"\xff")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"region": "XX"}', "region: .*no country XX has telephone numbers"),
        ('{"region": "sg"}', "region"),
        ('{"tolerance_seconds": 300}', "tolerance_seconds: Extra inputs"),
    ],
)
def test_a_broken_document_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_document(ConnectDocument, "sources/sms", text)
