"""Whatever comes in, only Switchboard's own errors come out; and what is changed is refused."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.envelope import Envelope, Raw, decode, encode
from switchboard.errors import EventError
from switchboard.sources import WEBHOOK_KINDS as KINDS
from switchboard.sources import (
    Request,
    SignatureRefused,
    WebhookDocument,
    connect_chat_apps,
    connect_sms,
)
from switchboard.sources.connect import ConnectDocument
from switchboard.sources.hmac import HmacDocument, Timestamp
from switchboard.sources.jaas import JaasDocument
from switchboard.sources.signed import SignedKind
from switchboard.sources.standard_webhooks import StandardWebhooksDocument
from switchboard.testing.receiving import (
    JAAS_SECRET,
    STANDARD_SECRET,
    jaas_headers,
    standard_headers,
)

AT = 1_788_250_531
DOCUMENTS: Mapping[str, WebhookDocument] = {
    "connect_chat_apps": ConnectDocument(),
    "connect_sms": ConnectDocument(),
    "jaas": JaasDocument(),
    "standard_webhooks": StandardWebhooksDocument(group="data.call"),
    "hmac": HmacDocument(
        header="x-sig",
        encoding="base64url",
        prefix="v1=",
        separator=",",
        signed="{timestamp}:{id}:{body}",
        timestamp=Timestamp(part="t"),
        id_header="x-id",
        id="idempotencyKey",
        type="eventType",
        time="timestamp",
        group="sessionId",
    ),
}
SECRETS = {
    "connect_chat_apps": "Bearer of-apps",
    "connect_sms": "Basic of-sms",
    "jaas": JAAS_SECRET,
    "standard_webhooks": STANDARD_SECRET,
    "hmac": "pbx-secret",
}

REPEATED = frozenset({"connect_chat_apps", "connect_sms"})

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [
        "X-Jaas-Signature",
        "webhook-id",
        "WEBHOOK-TIMESTAMP",
        "webhook-signature",
        "x-sig",
        "X-Id",
        "AUTHORIZATION",
    ]
)
signature_like = st.from_regex(r"\A((t|v1|v0)[=,][A-Za-z0-9+/=_-]{0,12}[ ,]?){0,4}\Z")
headers = st.lists(st.tuples(names | any_text, signature_like | any_text), max_size=6)
NAMES = (
    "eventType idempotencyKey sessionId timestamp fqn data type appId umid surveyId eventDetails"
    " source destination user status eventId"
)
fields = st.dictionaries(
    st.sampled_from(NAMES.split()),
    json_values
    | st.sampled_from(["USAGE", "SPEAKER_STATS", "ROOM_CREATED", 1_788_250_530_188, "2026-09-01"])
    | st.sampled_from([*connect_sms.TYPES, *connect_chat_apps.TYPES]),
)
payloads = fields | st.builds(lambda one, inner: {**one, "payload": inner}, fields, fields)
kinds = st.sampled_from(sorted(KINDS))
signing = st.sampled_from(sorted(k for k, one in KINDS.items() if isinstance(one, SignedKind)))


def signed(kind: str, body: bytes) -> Request:
    secret = SECRETS[kind]
    if kind == "jaas":
        made = jaas_headers(body, at=AT)
    elif kind == "standard_webhooks":
        made = standard_headers(body, at=AT)
    elif kind in REPEATED:
        made = {"Authorization": secret}
    else:
        digest = hmac.new(secret.encode(), f"{AT}:e-1:".encode() + body, hashlib.sha256).digest()
        value = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        made = {"x-sig": f"t={AT},v1={value}", "x-id": "e-1"}
    return Request(tuple(made.items()), body)


@given(kind=kinds, pairs=headers, body=st.binary(max_size=200))
def test_no_request_that_is_not_signed_is_accepted_and_none_crashes(
    kind: str, pairs: list[tuple[str, str]], body: bytes
) -> None:
    with pytest.raises(SignatureRefused):
        KINDS[kind].verify(Request(tuple(pairs), body), [SECRETS[kind]], DOCUMENTS[kind], AT)


@given(kind=kinds, body=st.binary(max_size=200))
def test_what_is_signed_is_accepted(kind: str, body: bytes) -> None:
    at = KINDS[kind].verify(signed(kind, body), [SECRETS[kind]], DOCUMENTS[kind], AT)
    assert at == (None if kind in REPEATED else AT)


@given(kind=signing, body=st.binary(min_size=1, max_size=200), data=st.data())
def test_a_changed_byte_of_the_body_is_refused(kind: str, body: bytes, data: Any) -> None:
    request = signed(kind, body)
    position = data.draw(st.integers(0, len(body) - 1))
    flipped = bytearray(body)
    flipped[position] ^= data.draw(st.integers(1, 255))
    changed = replace(request, body=bytes(flipped))
    with pytest.raises(SignatureRefused):
        KINDS[kind].verify(changed, [SECRETS[kind]], DOCUMENTS[kind], AT)


@given(kind=kinds, body=st.binary(max_size=50), data=st.data())
def test_a_changed_byte_of_a_header_of_the_proof_is_refused(
    kind: str, body: bytes, data: Any
) -> None:
    request = signed(kind, body)
    which = data.draw(st.integers(0, len(request.headers) - 1))
    name, value = request.headers[which]
    position = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = value[:position] + other + value[position + 1 :]
    pairs = [*request.headers]
    pairs[which] = (name, changed)
    if changed == value:
        return
    with pytest.raises(SignatureRefused):
        KINDS[kind].verify(Request(tuple(pairs), body), [SECRETS[kind]], DOCUMENTS[kind], AT)


@given(
    kind=kinds, body=st.binary(max_size=200) | payloads.map(lambda one: json.dumps(one).encode())
)
def test_a_body_becomes_an_event_that_travels_or_an_event_error(kind: str, body: bytes) -> None:
    request = signed(kind, body)
    try:
        received = KINDS[kind].receive("meetings", request, DOCUMENTS[kind], AT, AT)
    except EventError:
        return
    raw = Raw(kind=kind, body=body.decode(), received_at="2026-09-01T08:15:31.000Z")
    envelope = Envelope(event=received.event, group=received.group, raw=raw)
    assert decode(encode(envelope)) == envelope
    try:
        event = KINDS[kind].normalise(received.event, raw)
    except EventError:
        return
    normalised = Envelope(event=event, group=received.group)
    assert decode(encode(normalised)) == normalised
    assert event.id == received.event.id
    assert event.model_dump(mode="json")["type"]
