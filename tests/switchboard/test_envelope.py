import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.claims import check_in, check_out, claimed_event, keep_event
from switchboard.envelope import (
    CLAIM_CHECK_BYTES,
    VERSION,
    DeliveryOrder,
    Envelope,
    Newer,
    Raw,
    decode,
    encode,
)
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import MemoryBucket

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(data=JSON, source_event_id=st.text(max_size=80))
def test_what_is_encoded_is_decoded_as_it_was(data: object, source_event_id: str) -> None:
    envelope = Envelope(
        event=make_event(data=data, sourceeventid=source_event_id),
        group="interaction:one",
        delivery=DeliveryOrder(only="crm"),
    )
    assert decode(encode(envelope)) == envelope


@given(data=JSON)
def test_bodies_are_ascii(data: object) -> None:
    body = encode(Envelope(event=make_event(data=data), group="g"))
    assert body.isascii()
    assert "\x00" not in body


def test_nul_and_lone_surrogates_travel_as_escapes() -> None:
    envelope = Envelope(event=make_event(data={"text": "\x00 \ud800 ü"}), group="g")
    assert decode(encode(envelope)) == envelope


def test_an_envelope_of_a_newer_version_waits() -> None:
    body = json.loads(encode(Envelope(event=make_event(), group="g")))
    body |= {"v": VERSION + 1, "surprise": True}
    with pytest.raises(Newer, match="newer than"):
        decode(json.dumps(body))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("not json", "not JSON"),
        ("[]", "envelope"),
        ('{"v": 1, "group": "g"}', "exactly one"),
        ('{"v": 1, "group": "g", "event": {"id": "x"}}', "event"),
        ('{"v": "one", "group": "g"}', "v"),
    ],
)
def test_what_is_no_envelope_is_an_event_error_that_says_why(body: str, why: str) -> None:
    with pytest.raises(EventError, match=why):
        decode(body)


def test_a_large_payload_travels_by_claim_check_and_arrives_whole() -> None:
    bucket = MemoryBucket()
    raw = Raw(kind="jaas", body="x" * CLAIM_CHECK_BYTES, received_at="2026-11-24T09:30:00.000Z")
    envelope = Envelope(event=make_event(), group="g", raw=raw)

    body = check_in(envelope, bucket)

    assert len(body) < 1000
    event, whole = check_out(decode(body), bucket)
    assert event == envelope.event
    assert whole == envelope


def test_a_large_event_with_lone_surrogates_survives_its_claim() -> None:
    bucket = MemoryBucket()
    event = make_event(data={"text": "\x00 \ud800 ü", "rest": "x" * CLAIM_CHECK_BYTES})
    body = check_in(Envelope(event=event, group="g"), bucket)
    assert check_out(decode(body), bucket)[0] == event


def test_no_claim_of_an_event_takes_anothers_place() -> None:
    bucket = MemoryBucket()
    raw = Raw(kind="jaas", body="x" * CLAIM_CHECK_BYTES, received_at="2026-11-24T09:30:00.000Z")
    arrived = decode(check_in(Envelope(event=make_event(), group="g", raw=raw), bucket)).event_ref
    large = make_event(data={"text": "x" * CLAIM_CHECK_BYTES})
    sent = decode(check_in(Envelope(event=large, group="g"), bucket)).event_ref
    assert sent == keep_event(large, bucket)
    assert arrived is not None
    assert sent != arrived
    assert set(bucket.objects) == {arrived.key, sent.key}
    assert claimed_event(arrived.key) == claimed_event(sent.key) == large.id
    assert claimed_event("raw/2026/11/24/09/abc.jsonl.gz") == ""


def test_a_small_payload_touches_no_bucket() -> None:
    bucket = MemoryBucket()
    check_in(Envelope(event=make_event(), group="g"), bucket)
    assert bucket.objects == {}


def test_a_claim_that_is_gone_or_broken_is_an_event_error() -> None:
    bucket = MemoryBucket()
    raw = Raw(kind="jaas", body="x" * CLAIM_CHECK_BYTES, received_at="2026-11-24T09:30:00.000Z")
    body = check_in(Envelope(event=make_event(), group="g", raw=raw), bucket)
    (key,) = bucket.objects
    bucket.objects[key] = b"{}"
    with pytest.raises(EventError, match="holds no event"):
        check_out(decode(body), bucket)
    bucket.objects.clear()
    with pytest.raises(EventError, match="gone"):
        check_out(decode(body), bucket)


def test_times_are_utc_with_milliseconds() -> None:
    event = Event.model_validate_json(
        make_event(time=datetime(2026, 11, 24, 9, 30, tzinfo=UTC))
        .model_dump_json()
        .replace("09:30:00.000Z", "10:30:00.000+01:00")
    )
    assert event.model_dump(mode="json")["time"] == "2026-11-24T09:30:00.000Z"
