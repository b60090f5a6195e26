"""The catalogue describes what normalisers make, of every sample and of whatever else comes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard.catalogue import CATALOGUE, EventType, event_type
from switchboard.envelope import Envelope, Raw, decode, encode
from switchboard.errors import EventError
from switchboard.event import OWN_SOURCE, Event
from switchboard.sources import (
    KINDS,
    WEBHOOK_KINDS,
    Received,
    Request,
    connect_chat_apps,
    connect_sms,
    jaas_events,
    stream_types,
)
from switchboard.sources.connect_data import SURVEY
from switchboard.sources.stream import gap, undecodable
from tests.switchboard.catalogue.payloads import (
    AT,
    EVENTS,
    RECEIVED,
    connect_fields,
    connect_names,
    normalised,
    shapes,
    stream_fields,
    stream_names,
)


def described(kind: str, event: Event) -> EventType:
    """The one type of the catalogue that an event is of, having checked its data."""
    found = event_type(kind, event.type)
    assert found is not None, event.type
    found.data.model_validate(event.data)
    return found


def webhook_samples() -> Iterator[tuple[str, Event, Raw]]:
    """Those that the edge accepts, as events whose data is still to come."""
    for path in sorted((EVENTS / "webhooks").rglob("*.json")):
        sample = json.loads(path.read_text())
        about, kind = sample["about"], WEBHOOK_KINDS[path.parent.name]
        if "type" not in about["expected"]:
            continue
        document = json.loads((EVENTS / "sources" / f"{about['source']}.json").read_text())
        document.pop("kind")
        headers = [pair for pair in sample["headers"].items() if isinstance(pair[1], str)]
        request = Request(tuple(headers), sample["body"].encode("utf-8", "surrogatepass"))
        at = float(about["at"])
        received = kind.receive(
            about["source"], request, kind.document.model_validate(document), at, at
        )
        raw = Raw(kind=kind.kind, body=sample["body"], received_at=RECEIVED)
        yield kind.kind, received.event, raw


def test_every_name_of_8x8_has_a_type_and_each_type_is_there_once() -> None:
    names = {name for one in CATALOGUE for name in one.sender_names}
    connect = {*connect_sms.TYPES, *connect_chat_apps.TYPES} - {SURVEY}
    assert names == {*stream_types.TYPES, *jaas_events.TYPES, *connect}
    types = [(kind, one.name) for one in CATALOGUE for kind in one.kinds]
    assert len(types) == len(set(types))
    assert {kind for kind, _ in types} == {*KINDS, OWN_SOURCE}


def test_a_type_says_fields_that_its_data_has() -> None:
    for one in CATALOGUE:
        assert set(one.says) <= set(one.data.model_fields), one.name
        assert one.data.model_config["frozen"], one.name
        assert one.summary.endswith(".")


@pytest.mark.parametrize("kind", ["stream", "sapi"])
@pytest.mark.parametrize("path", sorted((EVENTS / "stream").glob("*.json")), ids=lambda p: p.stem)
def test_a_sample_of_the_stream_is_what_its_model_says(kind: str, path: Path) -> None:
    found = described(kind, normalised(kind, path.read_text()))
    assert found.sender_names == (path.stem,)


def test_the_samples_of_webhooks_are_what_their_models_say() -> None:
    kinds = set()
    for kind, arrived, raw in webhook_samples():
        try:
            event = KINDS[kind].normalise(arrived, raw)
        except EventError:
            continue
        described(kind, event)
        kinds.add(kind)
    assert kinds == set(WEBHOOK_KINDS)


def told(received: Received, body: str) -> None:
    raw = Raw(kind="stream", body=body, received_at=RECEIVED)
    described("stream", KINDS["stream"].normalise(received.event, raw))


def test_what_the_reader_tells_is_what_its_models_say() -> None:
    for cause in ("retention", "interrupted"):
        received, body = gap(
            "cc", place="all", after="a", until=None, after_time=AT, until_time=None,
            cause=cause, now=AT,
        )  # fmt: skip
        told(received, body)
    for frame in (b"\xff", "[]"):
        received, body = undecodable("cc", frame, "it is none", "h/t/t/1", AT)
        told(received, body)


@given(outer=stream_names, fields=stream_fields)
def test_whatever_floats_the_normaliser_never_raises_and_its_model_takes_it(
    outer: str, fields: dict[str, Any]
) -> None:
    for payload in ({outer: fields}, fields):
        event = normalised("stream", json.dumps(payload))
        described("stream", event)
        assert decode(encode(Envelope(event=event, group="g"))).event == event


@given(name=st.sampled_from([*jaas_events.TYPES, "ROOM_BOILED"]), data=shapes, more=shapes)
def test_a_meeting_of_any_shape_is_described_or_refused_for_its_shape(
    name: str, data: Any, more: Any
) -> None:
    payload = {"eventType": name, "idempotencyKey": "k", "sessionId": "s", "fqn": more}
    raw = Raw(kind="jaas", body=json.dumps({**payload, "data": data}), received_at=RECEIVED)
    event = Event(id="e", source="meetings", type="x", time=AT, sourceeventid="k")
    try:
        found = KINDS["jaas"].normalise(event, raw)
    except EventError:
        assert not isinstance(data, dict)
        return
    described("jaas", found)


@given(
    kind=st.sampled_from(["connect_sms", "connect_chat_apps"]),
    name=connect_names,
    payload=connect_fields | shapes,
    around=connect_fields,
)
def test_a_message_of_any_shape_is_described_or_refused_for_its_shape_or_time(
    kind: str, name: Any, payload: Any, around: dict[str, Any]
) -> None:
    for body in ({**around, "eventType": name, "payload": payload}, {**around, "eventType": name}):
        raw = Raw(kind=kind, body=json.dumps(body), received_at=RECEIVED)
        event = Event(id="e", source="sms", type="x", time=AT, sourceeventid="k")
        try:
            found = KINDS[kind].normalise(event, raw)
        except EventError as error:
            refused = str(error)
        else:
            described(kind, found)
            assert decode(encode(Envelope(event=found, group="g"))).event == found
            continue
        assert refused.startswith(("normalising payload: ", "reading the event's time: "))


def test_a_model_refuses_a_field_that_nobody_described() -> None:
    data = normalised("stream", '{"AgentUpdate": {}}').data
    model = event_type("stream", "agent.updated")
    assert model is not None
    model.data.model_validate(data)
    with pytest.raises(ValidationError):
        model.data.model_validate({**data, "mood": "good"})
    with pytest.raises(ValidationError):
        model.data.model_validate({**data, "priority": "75"})


def test_an_unknown_type_is_known_as_one() -> None:
    for kind in ("stream", "sapi", "jaas", "connect_sms", "connect_chat_apps"):
        found = event_type(kind, "8x8.unknown.Boiled")
        assert found is not None
        assert found.key == "8x8.unknown"
    assert event_type("stream", "of.nobody") is None
    assert event_type("hmac", "ticket.created") is not None
