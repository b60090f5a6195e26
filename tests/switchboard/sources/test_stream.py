"""Payloads of the stream as events: names, groups and times, whatever is in them."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.envelope import Envelope, Raw, decode, encode
from switchboard.errors import EventError
from switchboard.event import Event, event_id
from switchboard.sources import KINDS
from switchboard.sources.stream import gap, normalise, stream_event, undecodable
from switchboard.sources.stream_types import GAP, TYPES, UNDECODABLE

PUBLISHED = datetime(2026, 9, 1, 8, 15, 31, 77_000, tzinfo=UTC)
HAPPENED = datetime(2026, 9, 1, 8, 15, 30, tzinfo=UTC)
SECONDS = 1_788_250_530
INTERACTION = "int-19a0b1c2d3e-AbCdEfGhIjKl-phone-01-acme01"
INFO = {"instanceId": "node-1-sapi-v1", "sequenceId": 4711, "timestamp": SECONDS * 1000 + 188}

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text
    | st.sampled_from([SECONDS, str(SECONDS), "0123", "N/A", INTERACTION]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
known_fields = st.sampled_from(
    [
        "event", "interactionGUID", "agentId", "interactionEventTS", "statusEventTS", "eventTS",
        "msgInfo", "attachedData", "status", "participatingAgents", "queueList", "rejectReason",
        "outboundCampaignid", "newState", "enabled", "mediaType", "resourceType", "priority",
        "attachedDatum", "attachedDataKey", "attachedDataValue", "instanceId", "sequenceId",
        "timestamp", "eventType",
    ]
)  # fmt: skip
infos = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("instanceId", "sequenceId", "timestamp"), json_values)
)
attached_data = st.fixed_dictionaries(
    {"attachedDatum": st.lists(st.dictionaries(known_fields, json_values), max_size=3)}
)
fields = st.dictionaries(
    known_fields | any_text,
    json_values | st.sampled_from(sorted(TYPES)) | infos | attached_data,
    max_size=8,
)
outer_keys = st.sampled_from(["Interaction", "AgentStatusChange", "AgentProvChange"]) | any_text
payloads = (
    st.builds(lambda key, inner: {key: inner}, outer_keys, fields)
    | fields
    | st.dictionaries(outer_keys, json_values, max_size=3)
)


def written(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def interaction(**changes: Any) -> bytes:
    inner = {
        "event": "InteractionDeleted",
        "interactionGUID": INTERACTION,
        "interactionEventTS": SECONDS,
        "eventTS": SECONDS - 320,
        "agentId": "ag1",
        "msgInfo": INFO,
        **changes,
    }
    return written(
        {"Interaction": {key: value for key, value in inner.items() if value is not ...}}
    )


def raw(body: bytes | str) -> Raw:
    text = body if isinstance(body, str) else body.decode()
    return Raw(kind="stream", body=text, received_at="2026-09-01T08:15:31.100Z")


def travels(event: Event, group: str, payload: Raw | None = None) -> bool:
    envelope = Envelope(event=event, group=group, raw=payload)
    return decode(encode(envelope)) == envelope


def test_an_interactions_event() -> None:
    received = stream_event("contact-center", interaction(), PUBLISHED)
    name = f"node-1-sapi-v1/4711/{SECONDS * 1000 + 188}"
    assert received.event == Event(
        id=event_id("contact-center", name),
        source="contact-center",
        type="interaction.deleted",
        subject=INTERACTION,
        time=HAPPENED,
        sourceeventid=name,
        sequence=4711,
    )
    assert received.group == f"interaction:{INTERACTION}"


def test_without_an_interaction_the_agent_and_the_day_of_the_event_are_the_group() -> None:
    body = written(
        {"AgentStatusChange": {"agentId": "ag1", "newState": 5, "statusEventTS": SECONDS}}
    )
    received = stream_event("cc", body, PUBLISHED + timedelta(days=2))
    assert received.group == "agent:ag1:2026-09-01"
    assert received.event.time == HAPPENED
    assert (received.event.subject, received.event.type) == ("ag1", "agent.status.changed")
    assert received.event.weakid
    assert received.event.sourceeventid == hashlib.sha256(body).hexdigest()


def test_an_agents_event_without_a_time_of_its_own_is_alone_in_its_group() -> None:
    body = written({"AgentUpdate": {"agentId": "ag1", "eventTS": SECONDS}})
    received = stream_event("cc", body, PUBLISHED)
    assert received.group == f"event:{received.event.id}"
    assert received.event.time == PUBLISHED


def test_the_publish_time_is_kept_to_the_millisecond() -> None:
    received = stream_event("cc", b"{}", PUBLISHED + timedelta(microseconds=999))
    assert received.event.time == PUBLISHED


@pytest.mark.parametrize("info", [..., {}, None, {"instanceId": "n"}, {**INFO, "timestamp": ""}])
def test_without_a_whole_msginfo_the_payloads_bytes_are_its_name(info: Any) -> None:
    body = interaction(msgInfo=info)
    event = stream_event("cc", body, PUBLISHED).event
    assert event.weakid
    assert event.sourceeventid == hashlib.sha256(body).hexdigest()
    assert event.id == event_id("cc", event.sourceeventid)


@pytest.mark.parametrize(
    ("sequence", "found"),
    [(4711, 4711), ("4711", 4711), ("0123", 123), ("x", 0), (2**70, 0), (None, 0), ({}, 0)],
)
def test_the_sequence_is_a_whole_number_or_none(sequence: Any, found: int) -> None:
    body = interaction(msgInfo={**INFO, "sequenceId": sequence})
    assert stream_event("cc", body, PUBLISHED).event.sequence == found


def test_a_long_or_odd_interaction_is_hashed_where_it_travels() -> None:
    for guid in ("int-" + "x" * 300, "int-\ud800"):
        received = stream_event("cc", interaction(interactionGUID=guid), PUBLISHED)
        assert received.group.startswith("hash:")
        assert str(received.event.subject).startswith("hash:")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({}, "8x8.unknown.unnamed"),
        ({"Interaction": {}}, "8x8.unknown.Interaction"),
        ({"Interaction": {"event": "InteractionBoiled"}}, "8x8.unknown.InteractionBoiled"),
        ({"Interaction": "x"}, "8x8.unknown.Interaction"),
        ({"AgentStatusChange": None}, "8x8.unknown.AgentStatusChange"),
        ({"Interaction": {"event": "InteractionCreated"}, "x": 1}, "8x8.unknown.unnamed"),
        (
            {"eventId": "e1", "eventType": "agent.login", "timestamp": "2026-09-01T08:15:30Z",
             "tenantId": "acme01", "data": {"agentId": "ag1"}},
            "8x8.unknown.agent.login",
        ),
        ({"eventType": "InteractionCreated", "a": 1}, "8x8.unknown.InteractionCreated"),
        ({"a": {}, "eventType": 7}, "8x8.unknown.7"),
    ],
)  # fmt: skip
def test_every_json_object_is_an_event(payload: Any, kind: str) -> None:
    body = written(payload)
    received = stream_event("cc", body, PUBLISHED)
    assert received.event.type == kind
    event = normalise(received.event, raw(body))
    assert event.type == kind
    only = next(iter(payload.values()), None) if len(payload) == 1 else None
    assert event.data["details"] == (only if isinstance(only, dict) else payload)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"7", b"null", b"{", b"{}{}", b"\xff", b'{"a":NaN}', b'{"a":1e999}'],
)
def test_what_is_not_one_json_object_is_an_event_error(body: bytes) -> None:
    with pytest.raises(EventError):
        stream_event("cc", body, PUBLISHED)


def test_a_byte_order_mark_is_no_harm() -> None:
    body = b"\xef\xbb\xbf" + interaction()
    assert stream_event("cc", body, PUBLISHED).event.type == "interaction.deleted"


@given(payload=payloads)
def test_any_json_object_becomes_an_event_that_travels(payload: Any) -> None:
    body = written(payload)
    received = stream_event("cc", body, PUBLISHED)
    assert travels(received.event, received.group, raw(body))
    event = normalise(received.event, raw(body))
    assert travels(event, received.group)
    assert (event.id, event.type, event.time) == (
        received.event.id,
        received.event.type,
        received.event.time,
    )


@given(payload=payloads, later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_payload_has_one_id_and_one_group_on_every_topic(payload: Any, later: timedelta) -> None:
    body = written(payload)
    one = stream_event("cc", body, PUBLISHED)
    other = stream_event("cc", body, PUBLISHED + later)
    assert (one.event.id, one.group) == (other.event.id, other.group)
    assert one.event.sourceeventid == other.event.sourceeventid


@given(body=st.binary(max_size=60))
def test_any_bytes_become_an_event_or_an_event_error(body: bytes) -> None:
    try:
        stream_event("cc", body, PUBLISHED)
    except EventError:
        return
    assert isinstance(json.loads(body.decode("utf-8-sig")), dict)


@given(body=st.binary(max_size=60) | any_text, reason=any_text)
def test_what_cannot_be_read_is_kept_whole(body: bytes | str, reason: str) -> None:
    position = "pulsar-ws-euw2.8x8.com/acme01/event-v1/all/CNcBEAkYACAAMAE="
    received, told = undecodable("cc", body, reason, position, PUBLISHED)
    again, _ = undecodable("cc", b"other", "other", position, PUBLISHED + timedelta(days=1))
    assert received.event.id == again.event.id
    assert (received.event.type, received.event.sourceeventid) == (UNDECODABLE, position)
    assert received.group == f"event:{received.event.id}" == again.group
    assert travels(received.event, received.group, raw(told))
    data = normalise(received.event, raw(told)).data
    assert (data["reason"], data["position"]) == (reason, position)
    if "frame_base64" in data:
        assert base64.b64decode(data["frame_base64"]) == body
    else:
        assert data["frame"] == (body if isinstance(body, str) else body.decode())


def test_two_messages_that_cannot_be_read_are_two_events() -> None:
    ids = {
        undecodable(source, b"x", "r", position, PUBLISHED)[0].event.id
        for source in ("cc", "other")
        for position in ("h/t/n/all/1", "h/t/n/all/2")
    }
    assert len(ids) == 4


HOLE: dict[str, Any] = {
    "place": "event-v1/all-partition-2",
    "after": "CNcBEAkYACAAMAE=",
    "until": "CNcBEBkYACAAMAE=",
    "after_time": HAPPENED,
    "until_time": None,
    "cause": "the position was gone",
    "now": PUBLISHED,
}


def test_a_gap_says_where_and_why() -> None:
    received, told = gap("cc", **HOLE)
    event = normalise(received.event, raw(told))
    assert (event.type, event.time) == (GAP, PUBLISHED)
    assert event.data == {
        "place": "event-v1/all-partition-2",
        "after": "CNcBEAkYACAAMAE=",
        "until": "CNcBEBkYACAAMAE=",
        "after_time": "2026-09-01T08:15:30.000Z",
        "until_time": None,
        "cause": "the position was gone",
    }
    assert received.group == f"event:{event.id}"
    assert travels(event, received.group)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"now": PUBLISHED + timedelta(days=1)}, True),
        ({"after_time": None}, True),
        ({"place": "event-v1/all"}, False),
        ({"after": None}, False),
        ({"until": None}, False),
        ({"cause": "another"}, False),
    ],
)
def test_a_gap_that_is_told_again_is_the_same_event(change: dict[str, Any], same: bool) -> None:
    one, other = gap("cc", **HOLE)[0], gap("cc", **{**HOLE, **change})[0]
    assert (one.event.id == other.event.id) is same


def test_what_is_told_is_never_taken_for_an_event_of_8x8s() -> None:
    for name in (UNDECODABLE, GAP):
        body = written({"Interaction": {"event": name}})
        assert stream_event("cc", body, PUBLISHED).event.type == f"8x8.unknown.{name}"


def test_a_body_that_is_no_object_cannot_be_normalised() -> None:
    event = stream_event("cc", interaction(), PUBLISHED).event
    with pytest.raises(EventError):
        KINDS["stream"].normalise(event, raw("[]"))
