"""Each sample of `events/stream/` is what its name says, through the real code."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from switchboard.configuration import parse_document
from switchboard.envelope import Envelope, Raw, decode, encode
from switchboard.event import Event, utc_text
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event
from switchboard.sources.stream_document import StreamDocument
from switchboard.sources.stream_types import TYPES

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = sorted((EVENTS / "stream").glob("*.json"))
PUBLISHED = datetime(2026, 9, 1, 12, tzinfo=UTC)
CALL = "int-19a0b1c2d3e-AbCdEfGhIjKl-phone-01-acme01"
AGENT = "ag64oyEUb_Sk6bxVB9"

WHAT_THEY_SAY: dict[str, dict[str, Any]] = {
    "AgentStatusChange": {
        "agent": AGENT,
        "agent_status": {
            "state": "5", "state_name": "working_offline", "substate": "none",
            "substate_reason": None, "reason": "801=1722",
        },
    },
    "AgentSkillCreated": {
        "event": "AgentSkillCreated",
        "agent_skill": {"skill": "1162", "queue": "0042", "enabled": True},
    },
    "AgentSkillChanged": {"agent_skill": {"skill": "1162", "queue": "42", "enabled": False}},
    "GuestChatEnd": {
        "media": "chat",
        "customer": {
            "phone": None, "phone_extension": None, "phone_reason": None, "phone_written": None,
            "name": "Ana Pérez", "email": "ana@example.com",
        },
    },
    "InteractionAssigned": {
        "interaction": CALL, "agent": AGENT, "queue": "1162", "participants": [AGENT],
        "campaign": None,
    },
    "InteractionCreated": {"channel": "12025550180", "transaction": "991204", "direction": "in"},
    "InteractionCustomerAccepted": {"channel": None, "campaign": "77", "direction": "out"},
    "InteractionDeleted": {
        "disposition": "SALE", "queued": False, "call_state": "CS_DISCONNECTED",
        "hangup": {"by": "customer", "reason": "CEC_DISCONNECT_NORMAL"},
    },
    "InteractionEndPostProcess": {
        "disposition": "1000",
        "wrap_up": [{"list": "5", "item": "12"}, {"list": "8", "item": "99"}],
    },
    "InteractionParticipantChange": {
        "original_interaction": CALL, "participants": [AGENT, "agQ2mPz71TtWc0aNrK"],
    },
    "InteractionParticipantRemovedByHost": {"participants": [AGENT]},
    "InteractionQueued": {"priority": 75, "queues": ["1162", "1163"]},
    "InteractionRejected": {"rejection": "timeout", "queued": True},
    "InteractionTransferRequest": {"participants": [AGENT, "agQ2mPz71TtWc0aNrK"]},
    "InteractionUnqueued": {"attached": {"phoneNum": "0123"}},
    "LineHoldStatus": {"held": True, "muted": None},
    "LineMuteStatus": {"muted": True, "held": None},
    "RecordingStatus": {"recording": "pause"},
}  # fmt: skip

each_sample = pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])


def normalised(name: str) -> tuple[Event, str]:
    body = (EVENTS / "stream" / f"{name}.json").read_bytes()
    received = stream_event("contact-center", body, PUBLISHED)
    raw = Raw(kind="stream", body=body.decode(), received_at=utc_text(PUBLISHED))
    return KINDS["stream"].normalise(received.event, raw), received.group


def test_every_event_of_the_catalogue_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES} == set(TYPES)


@each_sample
def test_a_sample_is_of_the_type_that_names_it(path: Path) -> None:
    event, group = normalised(path.stem)
    assert event.type == TYPES[path.stem]
    (inner,) = json.loads(path.read_text()).values()
    assert event.data["details"] == inner
    assert decode(encode(Envelope(event=event, group=group))).event == event


@each_sample
def test_a_sample_has_its_own_time_and_order(path: Path) -> None:
    event, group = normalised(path.stem)
    assert utc_text(event.time).startswith("2026-09-01T08:")
    assert group.startswith(("interaction:int-", f"agent:{AGENT}:2026-09-01"))
    assert event.subject is not None
    assert event.weakid == (event.sequence == 0)


def test_ids_are_unique_and_one_sample_has_an_empty_msginfo() -> None:
    events = [normalised(path.stem)[0] for path in SAMPLES]
    assert len({event.id for event in events}) == len(SAMPLES)
    assert [event.type for event in events if event.weakid] == ["agent.status.changed"]


@pytest.mark.parametrize(("name", "fields"), WHAT_THEY_SAY.items())
def test_a_sample_says_what_happened(name: str, fields: dict[str, Any]) -> None:
    data = normalised(name)[0].data
    assert {field: data[field] for field in fields} == fields


def test_the_samples_cover_the_ways_in_which_types_float() -> None:
    texts = [path.read_text() for path in SAMPLES]
    for written in ('"0123"', '"status": true', '"status": "true"', '"msgInfo": {}', '"N/A"'):
        assert any(written in text for text in texts), written
    codes = {normalised(name)[0].data["details"].get("dispositionCode") for name in TYPES}
    assert {1000, "SALE"} <= codes


def test_the_document_is_one_that_is_taken() -> None:
    document = json.loads((EVENTS / "sources" / "stream.json").read_text())
    assert document.pop("kind") == "stream"
    parsed = parse_document(StreamDocument, "sources/stream", json.dumps(document))
    assert [place.name for place in parsed.places] == ["event-v1/all"]
