import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event, event_id
from switchboard.sources import WEBHOOK_KINDS, Doubt, Received, Request, SignatureRefused
from switchboard.sources.jaas import JaasDocument
from switchboard.testing.receiving import JAAS_SECRET, jaas_headers

JAAS = WEBHOOK_KINDS["jaas"]
DOCUMENT = JaasDocument()
AT = 1_788_250_531

# https://developer.8x8.com/jaas/docs/webhooks-signatures: secret, time, body and signature.
PUBLISHED_AT = 1_632_490_060
PUBLISHED_BODY = (
    b'{"eventType":"PARTICIPANT_JOINED","sessionId":"9a441d60-ceaf-4eba-b0a8-a7d940a76e1b",'
    b'"timestamp":1632490058278,"fqn":"vpaas-magic-cookie-96f0941768964ab380ed0fbada7a502f/'
    b'sampleappromanticshiftsstripas","idempotencyKey":"9e9e7420-562d-4659-8e22-44b9b22aaa49",'
    b'"customerId":"96f0941768964ab380ed0fbada7a502f","appId":'
    b'"vpaas-magic-cookie-96f0941768964ab380ed0fbada7a502f","data":{"avatar":"","name":"Test User",'
    b'"id":"auth0|5f903d7a77f3b4006eb8e67d","participantJid":'
    b'"fc1ea14a-9bca-4218-a563-8c627e803d56@8x8.vc","moderator":true,'
    b'"email":"test.user@company.com"}}'
)
PUBLISHED_SIGNATURE = "t=1632490060,v1=xlzqEojlh4qb21sQpXYsWgyK8x9HVpz+RQldsv18rV0="


def request(body: bytes, headers: Mapping[str, str]) -> Request:
    return Request(tuple(headers.items()), body)


def payload(**changes: Any) -> bytes:
    fields = {
        "idempotencyKey": "key-1",
        "customerId": "c0ffee",
        "appId": "vpaas-magic-cookie-c0ffee",
        "eventType": "PARTICIPANT_JOINED",
        "sessionId": "session-1",
        "timestamp": 1_788_250_530_188,
        "fqn": "vpaas-magic-cookie-c0ffee/weekly-sync",
        "data": {"name": "Ann"},
        **changes,
    }
    return json.dumps({key: value for key, value in fields.items() if value is not ...}).encode()


def receive(body: bytes, signed_at: float | None = AT) -> Received:
    return JAAS.receive("meetings", request(body, {}), DOCUMENT, signed_at, AT + 5)


def normalise(**changes: Any) -> Event:
    body = payload(**changes)
    raw = Raw(kind="jaas", body=body.decode(), received_at="2026-09-01T09:35:31.000Z")
    return JAAS.normalise(receive(body).event, raw)


def test_the_published_example_is_accepted() -> None:
    example = request(PUBLISHED_BODY, {"x-jaas-signature": PUBLISHED_SIGNATURE})
    assert JAAS.verify(example, [JAAS_SECRET], DOCUMENT, PUBLISHED_AT + 9) == PUBLISHED_AT


def test_the_key_is_the_whole_secret() -> None:
    example = request(PUBLISHED_BODY, {"X-Jaas-Signature": PUBLISHED_SIGNATURE})
    with pytest.raises(SignatureRefused, match="no signature was made with a secret"):
        JAAS.verify(example, [JAAS_SECRET.removeprefix("whsec_")], DOCUMENT, PUBLISHED_AT)


@pytest.mark.parametrize("secrets", [["whsec_other", JAAS_SECRET], [JAAS_SECRET, "whsec_other"]])
def test_one_right_signature_of_two_is_enough(secrets: list[str]) -> None:
    body = payload()
    signed = request(body, jaas_headers(body, at=AT, secrets=secrets))
    assert JAAS.verify(signed, [JAAS_SECRET], DOCUMENT, AT) == AT


def test_the_secret_before_a_rotation_counts_as_long_as_it_is_given() -> None:
    body = payload()
    signed = request(body, jaas_headers(body, at=AT))
    assert JAAS.verify(signed, ["whsec_new", JAAS_SECRET], DOCUMENT, AT) == AT


def test_other_versions_do_not_count() -> None:
    body = payload()
    signature = jaas_headers(body, at=AT)["X-Jaas-Signature"]
    only_v0 = request(body, {"X-Jaas-Signature": signature.replace("v1=", "v0=")})
    with pytest.raises(SignatureRefused, match="must hold t="):
        JAAS.verify(only_v0, [JAAS_SECRET], DOCUMENT, AT)
    with_v0 = request(body, {"X-Jaas-Signature": f"{signature},v0=bm90aGluZw=="})
    assert JAAS.verify(with_v0, [JAAS_SECRET], DOCUMENT, AT) == AT


@pytest.mark.parametrize(
    ("now", "doubt"),
    [(AT + 301, Doubt.EXPIRED), (AT - 301, Doubt.FUTURE), (AT + 300, None), (AT - 300, None)],
)
def test_a_signed_time_is_tolerated_for_five_minutes_both_ways(
    now: int, doubt: Doubt | None
) -> None:
    body = payload()
    signed = request(body, jaas_headers(body, at=AT))
    if doubt is None:
        assert JAAS.verify(signed, [JAAS_SECRET], DOCUMENT, now) == AT
    else:
        with pytest.raises(SignatureRefused, match="301 s") as refused:
            JAAS.verify(signed, [JAAS_SECRET], DOCUMENT, now)
        assert refused.value.doubt is doubt


def test_the_tolerance_is_the_documents() -> None:
    body = payload()
    signed = request(body, jaas_headers(body, at=AT))
    patient = JaasDocument(tolerance_seconds=3600)
    assert JAAS.verify(signed, [JAAS_SECRET], patient, AT + 3000) == AT


@pytest.mark.parametrize(
    ("signature", "doubt"),
    [
        ("", Doubt.MALFORMED),
        ("t=1788250531", Doubt.MALFORMED),
        ("v1=bm90aGluZw==", Doubt.MALFORMED),
        ("t=1788250531,v1=no base64", Doubt.MALFORMED),
        ("t=1788250531,t=1788250532,v1=bm90aGluZw==", Doubt.AMBIGUOUS),
        ("t=yesterday,v1=bm90aGluZw==", Doubt.MALFORMED),
        ("t=-1,v1=bm90aGluZw==", Doubt.MALFORMED),
        ("t=1_788,v1=bm90aGluZw==", Doubt.MALFORMED),
        ("t=١٧٨٨,v1=bm90aGluZw==", Doubt.MALFORMED),
        ("t=1788250531,v1=bm90aGluZw==", Doubt.WRONG),
    ],
)
def test_a_signature_that_is_none_is_refused(signature: str, doubt: Doubt) -> None:
    with pytest.raises(SignatureRefused) as refused:
        JAAS.verify(request(b"{}", {"X-Jaas-Signature": signature}), [JAAS_SECRET], DOCUMENT, AT)
    assert refused.value.doubt is doubt


def test_without_its_header_a_request_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="X-Jaas-Signature is missing") as refused:
        JAAS.verify(request(b"{}", {}), [JAAS_SECRET], DOCUMENT, AT)
    assert refused.value.doubt is Doubt.MISSING


def test_a_header_that_is_there_twice_is_refused_even_if_one_is_right() -> None:
    body = payload()
    right = jaas_headers(body, at=AT)["X-Jaas-Signature"]
    twice = Request((("X-Jaas-Signature", right), ("x-jaas-signature", "t=1,v1=eA==")), body)
    with pytest.raises(SignatureRefused, match="2 times") as refused:
        JAAS.verify(twice, [JAAS_SECRET], DOCUMENT, AT)
    assert refused.value.doubt is Doubt.AMBIGUOUS


def test_an_event_is_named_by_its_key_and_grouped_by_its_session() -> None:
    received = receive(payload())
    assert received.group == "interaction:session-1"
    event = received.event
    assert event.id == event_id("meetings", "key-1")
    assert event.sourceeventid == "key-1"
    assert event.subject == "vpaas-magic-cookie-c0ffee/weekly-sync"
    assert event.time == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)
    assert event.type == "meeting.participant.joined"
    assert not event.weakid
    assert event.data is None


def test_without_a_key_the_payload_and_its_signed_time_name_the_event() -> None:
    first = receive(payload(idempotencyKey=...)).event
    again = receive(payload(idempotencyKey=...)).event
    later = receive(payload(idempotencyKey=...), AT + 1).event
    other = receive(payload(idempotencyKey="", sessionId="session-2")).event
    assert first.weakid
    assert first.id == again.id
    assert len({first.id, later.id, other.id}) == 3


def test_without_a_session_an_event_is_its_own_group() -> None:
    received = receive(payload(sessionId=...))
    assert received.group == f"event:{received.event.id}"


def test_a_session_with_spaces_and_umlauts_makes_a_group_that_sqs_takes() -> None:
    group = receive(payload(sessionId="Führung am Montag")).group
    assert group.startswith("hash:")
    assert group == receive(payload(sessionId="Führung am Montag", data={})).group
    assert group != receive(payload(sessionId="Führung am Dienstag")).group


@pytest.mark.parametrize("written", [..., None, "yesterday", {"ms": 1}, True])
def test_without_a_readable_time_the_signed_one_counts_at_the_edge(written: Any) -> None:
    assert receive(payload(timestamp=written)).event.time == datetime.fromtimestamp(AT, UTC)
    unsigned = receive(payload(timestamp=written), None).event
    assert unsigned.time == datetime.fromtimestamp(AT + 5, UTC)


@pytest.mark.parametrize("body", [payload(eventType="SETTINGS_PROVISIONING"), b'{"fqn":"a/b"}'])
def test_the_synchronous_question_is_refused_with_a_way_out(body: bytes) -> None:
    with pytest.raises(EventError, match="take it off this endpoint's list in the JaaS console"):
        receive(body)


def test_an_event_is_normalised() -> None:
    event = normalise()
    assert event.type == "meeting.participant.joined"
    assert event.data == {
        "session": "session-1",
        "room": "weekly-sync",
        "app": "vpaas-magic-cookie-c0ffee",
        "customer": "c0ffee",
        "details": {"name": "Ann"},
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RECORDING_UPLOADED", "meeting.recording.uploaded"),
        ("BRAND_NEW", "8x8.unknown.BRAND_NEW"),
        ("BRÄND new\n", "8x8.unknown.BR_ND_new_"),
        ("x" * 500, f"8x8.unknown.{'x' * 64}"),
        ("\ud800", "8x8.unknown._"),
        ("", "8x8.unknown.unnamed"),
        (7, "8x8.unknown.unnamed"),
        (["ROOM_CREATED"], "8x8.unknown.unnamed"),
        (..., "8x8.unknown.unnamed"),
    ],
)
def test_types_are_canonical_and_unknown_ones_pass_through(name: Any, expected: str) -> None:
    assert receive(payload(eventType=name)).event.type == expected
    assert normalise(eventType=name).type == expected


@pytest.mark.parametrize(
    ("name", "data", "details"),
    [
        ("PARTICIPANT_JOINED", {"moderator": "True"}, {"moderator": True}),
        ("PARTICIPANT_JOINED", {"moderator": False}, {"moderator": False}),
        ("PARTICIPANT_JOINED", {"moderator": "owner"}, {"moderator": "owner"}),
        ("RECORDING_UPLOADED", {"durationSec": "612"}, {"durationSec": 612}),
        ("RECORDING_UPLOADED", {"durationSec": "1e999"}, {"durationSec": "1e999"}),
        ("FEEDBACK", {"rating": "-1", "id": "007"}, {"rating": -1, "id": "007"}),
        ("ROOM_CREATED", None, {}),
        ("USAGE", [{"kid": "a"}], {"entries": [{"kid": "a"}]}),
        ("USAGE", {"kid": "a"}, {"entries": [{"kid": "a"}]}),
        (
            "AGGREGATED_REACTIONS",
            [{"reactions": [{"timestamp": "5"}]}],
            {"entries": [{"reactions": [{"timestamp": 5}]}]},
        ),
        (
            "SPEAKER_STATS",
            {"a@8x8.vc": {"time": "12.5", "name": "Ann"}, "b@8x8.vc": 7},
            {
                "speakers": [
                    {"jid": "a@8x8.vc", "time": 12.5, "name": "Ann"},
                    {"jid": "b@8x8.vc", "value": 7},
                ]
            },
        ),
        ("BRAND_NEW", ["anything"], {"value": ["anything"]}),
        ("BRAND_NEW", {"any": "thing"}, {"any": "thing"}),
    ],
)
def test_data_has_one_shape_for_each_type(name: str, data: Any, details: Any) -> None:
    assert normalise(eventType=name, data=data).data["details"] == details


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"timestamp": "yesterday"}, "timestamp: it is a text that is no time"),
        ({"timestamp": {"ms": 1}}, "timestamp: it is an object that is no time"),
        ({"timestamp": 10**30}, "timestamp: it is a number that is no time"),
        ({"data": "text"}, "data: it is a text, not an object"),
        ({"data": [1]}, "data: it is an array, not an object"),
        ({"eventType": "USAGE", "data": 7}, "data: it is a number, not a list"),
        ({"eventType": "SPEAKER_STATS", "data": []}, "data: it is an array, not an object"),
        ({"sessionId": {"id": 1}}, "sessionId: it is an object, not a text"),
    ],
)
def test_what_cannot_be_is_taken_at_the_edge_and_refused_by_name_later(
    changes: dict[str, Any], message: str
) -> None:
    receive(payload(**changes))
    with pytest.raises(EventError, match=message):
        normalise(**changes)


def test_a_missing_time_leaves_the_signed_one() -> None:
    assert normalise(timestamp=...).time == datetime.fromtimestamp(AT, UTC)
