import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError, EventError
from switchboard.event import event_id
from switchboard.sources import WEBHOOK_KINDS, Doubt, Received, Request, SignatureRefused
from switchboard.sources.hmac import HmacDocument, Timestamp

HMAC = WEBHOOK_KINDS["hmac"]
SECRET = "legacy-secret"
BODY = b'{"call": {"id": 17, "state": "ended"}, "at": 1788250530188, "event": "call.ended"}'
AT = 1_788_250_531


def document(**fields: Any) -> HmacDocument:
    """A document as it is written: in JSON."""
    return parse_document(HmacDocument, "sources/pbx", json.dumps({"header": "x-sig", **fields}))


def request(body: bytes, headers: Mapping[str, str]) -> Request:
    return Request(tuple(headers.items()), body)


def hexed(message: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), message, algorithm).hexdigest()


def test_a_signature_over_the_body_alone_has_no_time() -> None:
    signed = request(BODY, {"X-Sig": hexed(BODY)})
    assert HMAC.verify(signed, [SECRET], document(), AT) is None


def test_hex_counts_in_any_case() -> None:
    signed = request(BODY, {"X-Sig": hexed(BODY).upper()})
    assert HMAC.verify(signed, [SECRET], document(), AT) is None


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url"])
def test_algorithms_and_encodings(algorithm: str, encoding: str) -> None:
    digest = hmac.new(SECRET.encode(), BODY, algorithm).digest()
    written = {
        "hex": digest.hex(),
        "base64": base64.b64encode(digest).decode(),
        "base64url": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }[encoding]
    described = document(algorithm=algorithm, encoding=encoding)
    HMAC.verify(request(BODY, {"x-sig": written}), [SECRET], described, AT)
    with pytest.raises(SignatureRefused):
        HMAC.verify(request(BODY + b" ", {"x-sig": written}), [SECRET], described, AT)


def test_base64url_counts_with_its_padding_too() -> None:
    digest = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()
    padded = base64.urlsafe_b64encode(digest).decode()
    HMAC.verify(request(BODY, {"x-sig": padded}), [SECRET], document(encoding="base64url"), AT)


def test_the_secret_may_be_base64_of_the_key() -> None:
    signed = request(BODY, {"x-sig": hexed(BODY)})
    described = document(key_encoding="base64")
    HMAC.verify(signed, [base64.b64encode(SECRET.encode()).decode()], described, AT)
    with pytest.raises(ConfigurationError, match="not base64"):
        HMAC.verify(signed, ["no base64!"], described, AT)


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ConfigurationError, match="empty"):
        HMAC.verify(request(BODY, {"x-sig": hexed(BODY, "")}), [""], document(), AT)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("seconds", str(AT)),
        ("milliseconds", f"{AT}000"),
        ("iso", "2026-09-01T08:15:31Z"),
        ("iso", "2026-09-01T10:15:31+02:00"),
    ],
)
def test_formats_of_the_signed_time(form: str, written: str) -> None:
    described = document(signed="{timestamp}.{body}", timestamp={"header": "x-ts", "format": form})
    headers = {"x-ts": written, "x-sig": hexed(written.encode() + b"." + BODY)}
    assert HMAC.verify(request(BODY, headers), [SECRET], described, AT + 300) == AT
    with pytest.raises(SignatureRefused) as refused:
        HMAC.verify(request(BODY, headers), [SECRET], described, AT + 301)
    assert refused.value.doubt is Doubt.EXPIRED


@pytest.mark.parametrize("form", ["seconds", "milliseconds", "iso"])
def test_a_signed_time_that_is_none_is_refused(form: str) -> None:
    described = document(signed="{timestamp}.{body}", timestamp={"header": "x-ts", "format": form})
    headers = {"x-ts": "soon", "x-sig": hexed(b"soon." + BODY)}
    with pytest.raises(SignatureRefused) as refused:
        HMAC.verify(request(BODY, headers), [SECRET], described, AT)
    assert refused.value.doubt is Doubt.MALFORMED


def test_an_id_can_be_signed() -> None:
    described = document(signed="{id}.{body}", id_header="x-id")
    signed = request(BODY, {"x-id": "e-1", "x-sig": hexed(b"e-1." + BODY)})
    HMAC.verify(signed, [SECRET], described, AT)
    other = request(BODY, {"x-id": "e-2", "x-sig": hexed(b"e-1." + BODY)})
    with pytest.raises(SignatureRefused):
        HMAC.verify(other, [SECRET], described, AT)


def test_a_header_cannot_speak_for_another_place_of_the_template() -> None:
    described = document(
        signed="{timestamp}.{id}.{body}", timestamp={"header": "x-ts"}, id_header="x-id"
    )
    message = f"{AT}.{AT}.".encode() + BODY
    headers = {"x-ts": str(AT), "x-id": "{timestamp}", "x-sig": hexed(message)}
    with pytest.raises(SignatureRefused) as refused:
        HMAC.verify(request(BODY, headers), [SECRET], described, AT)
    assert refused.value.doubt is Doubt.WRONG


@pytest.mark.parametrize(
    ("headers", "doubt"),
    [
        ([], Doubt.MISSING),
        ([("x-sig", "v1=00"), ("X-SIG", "v1=00")], Doubt.AMBIGUOUS),
        ([("x-sig", "v1=00"), ("x-ts", "1"), ("X-Ts", "1")], Doubt.AMBIGUOUS),
        ([("x-sig", "v1=00")], Doubt.MISSING),
        ([("x-sig", "00"), ("x-ts", str(AT))], Doubt.MALFORMED),
        ([("x-sig", "v1=xyz"), ("x-ts", str(AT))], Doubt.MALFORMED),
        ([("x-sig", "v1="), ("x-ts", str(AT))], Doubt.MALFORMED),
        ([("x-sig", "v1=00"), ("x-ts", str(AT))], Doubt.WRONG),
    ],
)
def test_a_signature_that_is_none_is_refused(headers: list[tuple[str, str]], doubt: Doubt) -> None:
    described = document(prefix="v1=", signed="{timestamp}{body}", timestamp={"header": "x-ts"})
    with pytest.raises(SignatureRefused) as refused:
        HMAC.verify(Request(tuple(headers), BODY), [SECRET], described, AT)
    assert refused.value.doubt is doubt


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"header": "two words"}, "header: String should match"),
        ({"algorithm": "md5"}, "algorithm: Input should be 'sha1', 'sha256' or 'sha512'"),
        ({"signed": "v0:"}, "the body would not be protected"),
        ({"signed": "{body}{body}"}, "the body would not be protected"),
        ({"signed": "{timestamp}{body}"}, "both or neither"),
        ({"timestamp": {"header": "x-ts"}}, "a time that is not signed proves nothing"),
        ({"timestamp": {}}, "either header or part"),
        ({"timestamp": {"header": "x-ts", "part": "t"}}, "either header or part"),
        (
            {"signed": "{timestamp}{body}", "timestamp": {"part": "t"}},
            "timestamp.part needs a separator",
        ),
        ({"signed": "{id}{body}"}, "id_header does not say where"),
        ({"group": "call..id"}, "group: .*at position"),
        ({"id": "nosuch(call)"}, r"id: .*calls nosuch\(\)"),
        ({"allow": ["10.0.0.1/24"]}, "allow.0"),
        ({"tolerance_seconds": 0}, "tolerance_seconds: Input should be greater"),
    ],
)
def test_an_impossible_document_is_refused_by_name(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        document(**fields)


def test_a_part_needs_a_place() -> None:
    with pytest.raises(ValueError, match="either header or part"):
        Timestamp()


def receive(described: HmacDocument, body: bytes = BODY, **headers: str) -> Received:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HMAC.receive("pbx", request(body, named), described, None, AT)


def test_id_type_time_and_group_are_where_the_document_says() -> None:
    received = receive(
        document(
            id="join('/', [to_string(call.id), call.state])",
            type="event",
            time="at",
            group="call.id",
        )
    )
    event = received.event
    assert event.id == event_id("pbx", "17/ended")
    assert event.type == "call.ended"
    assert event.time == datetime(2026, 9, 1, 8, 15, 30, 188_000, tzinfo=UTC)
    assert not event.weakid
    assert received.group == "interaction:17"


def test_headers_stand_in_for_an_id_and_a_type_that_are_not_in_the_payload() -> None:
    described = document(id="nowhere", id_header="x-id", type="nowhere", type_header="x-type")
    event = receive(described, X_Id="e-1", X_Type="call ended").event
    assert event.sourceeventid == "e-1"
    assert event.type == "call_ended"
    assert not event.weakid
    without = receive(described).event
    assert without.weakid
    assert without.type == "pbx.received"


def test_without_an_id_equal_payloads_are_one_event() -> None:
    first, again = receive(document()).event, receive(document()).event
    other = receive(document(), BODY + b" ").event
    assert first.weakid
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": "call"}, "id: 'call' gives an object"),
        ({"id": "`1.5`"}, "id: '`1.5`' gives a number"),
        ({"group": "[call]"}, r"group: '\[call\]' gives an array"),
        ({"time": "event"}, "time: it is a text that is no time"),
        ({"type": "length(at)"}, r"length\(\) takes"),
    ],
)
def test_what_an_expression_cannot_find_is_refused_by_name(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(EventError, match=message):
        receive(document(**fields))


def test_the_payload_is_the_data() -> None:
    raw = Raw(kind="hmac", body=BODY.decode(), received_at="")
    received = receive(document(type="event", time="at"))
    event = HMAC.normalise(received.event, raw)
    assert event == received.event.model_copy(update={"data": json.loads(BODY)})
