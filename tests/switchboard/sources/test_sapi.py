"""The legacy Streaming API: its document, its payloads, and where one of them ends."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError
from switchboard.sources import KINDS
from switchboard.sources.sapi import is_heartbeat
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.sapi_splitter import Piece, SapiSplitter
from switchboard.sources.stream import stream_event

LEAST = {"cluster": "vcc-eu4.8x8.com", "tenant": "acme01", "subscription": "switchboard"}
NOW = datetime(2026, 9, 1, 8, 15, 31, tzinfo=UTC)
INFO = {"instanceId": "node-1-sapi-v1", "sequenceId": 4711, "timestamp": 1788250530188}


def document(**changes: Any) -> SapiDocument:
    return SapiDocument.model_validate({**LEAST, **changes})


def interaction(event: str, **fields: Any) -> bytes:
    body = {"event": event, "interactionGUID": "int-1", "msgInfo": INFO, **fields}
    return json.dumps({"Interaction": body}).encode()


def split(*frames: bytes, lines: bool = False, largest: int = 1000) -> list[Piece]:
    """Everything that comes of the frames, and of the end of the session."""
    splitter = SapiSplitter(lines=lines, largest=largest)
    pieces = [piece for frame in frames for piece in splitter.feed(frame)]
    return pieces + splitter.rest("the end")


def payloads(pieces: list[Piece]) -> list[bytes]:
    return [piece.payload for piece in pieces if not piece.trouble]


@pytest.mark.parametrize("cluster", ["vcc-na12.8x8.com", "vcc-sb1.8x8.com", "vcc-bc2.8x8.com"])
def test_cluster_prefixes(cluster: str) -> None:
    """Reference: cluster prefixes."""
    assert document(cluster=cluster).cluster == cluster


def test_the_compatibility_bridge_is_a_host_like_a_cluster() -> None:
    """Reference: migration, option 2: the path is identical."""
    assert document(cluster="vcc-sapi-bridge-euw2.8x8.com").tls


def test_the_defaults_are_those_of_the_reference() -> None:
    """Reference: session length, replay."""
    found = document()
    assert (found.session_seconds, found.replay_seconds) == (3600, 7200)
    assert found.output == "JSON"
    assert found.deliver


@pytest.mark.parametrize("output", ["XML", "NEWLINE_XML", "xml"])
def test_xml_is_refused_with_its_reason(output: str) -> None:
    """Reference: WebSocket URL, desiredOutputType."""
    with pytest.raises(ConfigurationError, match=r"output: .*XML is not read.*NEWLINE_JSON"):
        parse_document(SapiDocument, "sources/cc", json.dumps({**LEAST, "output": output}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cluster": "wss://vcc-eu4.8x8.com"}, "without wss://"),
        ({"cluster": "vcc-eu4.8x8.com/api"}, "without a path"),
        ({"tls": False}, "would travel in the open"),
        ({"subscription": "a b"}, "String should match"),
        ({"subscription": "a/b"}, "String should match"),
        ({"tenant": ""}, "String should match"),
        ({"output": "CSV"}, "Input should be"),
        ({"unconfirmed_limit": 0}, "greater than"),
        ({"unconfirmed_limit": 1001}, "less than"),
        ({"key": "secret"}, "Extra inputs"),
        (
            {"deliver_from": "2026-01-02T00:00:00Z", "deliver_until": "2026-01-01T00:00:00Z"},
            "must be before",
        ),
        ({"deliver_from": "2026-01-02T00:00:00"}, "timezone"),
    ],
)
def test_what_cannot_be_read_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        document(**changes)


def test_loopback_needs_no_tls() -> None:
    assert not document(cluster="127.0.0.1:8080", tls=False).tls


def test_auth_the_secret_has_two_fields() -> None:
    """Reference: auth."""
    assert KINDS["sapi"].secret_fields == ("username", "token")


def test_payloads_become_the_events_of_the_stream() -> None:
    """Reference: payloads: same bodies and names; migration, option 1: bodies are unchanged."""
    payload = interaction("InteractionQueued", queueId=1162)
    found = {}
    for kind in ("sapi", "stream"):
        received = stream_event(kind, payload, NOW)
        raw = Raw(kind=kind, body=payload.decode(), received_at="2026-09-01T08:15:31.100Z")
        found[kind] = KINDS[kind].normalise(received.event, raw)
    old, new = found["sapi"], found["stream"]
    assert old.sourceeventid == new.sourceeventid == "node-1-sapi-v1/4711/1788250530188"
    assert old.id != new.id, "an id holds the source's name"
    assert old.model_copy(update={"id": new.id, "source": "stream"}) == new


def test_event_names_are_compared_without_case() -> None:
    """Reference: the spelling InteractionDeAssigned."""
    found = stream_event("cc", interaction("InteractionDeAssigned"), NOW)
    assert found.event.type == "interaction.deassigned"


@pytest.mark.parametrize(
    ("payload", "beats"),
    [
        (b'{"ClientCheck":{"heartbeat":"[HEARTBEAT]","msgInfo":{},"subscription-id":"s"}}', True),
        (b'{"clientCheck":{}}', True),
        (b'{"ClientCheck":{}, "Interaction":{}}', False),
        (b'{"Interaction":{"note":"ClientCheck"}}', False),
        (b'"ClientCheck"', False),
        (b'{"ClientCheck', False),
        (b"\xff ClientCheck", False),
    ],
)
def test_heartbeat(payload: bytes, beats: bool) -> None:
    """Reference: heartbeat."""
    assert is_heartbeat(payload) is beats


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside, max_size=3),
    max_leaves=5,
)
messages = st.builds(
    lambda key, event, fields: {key: {**fields, "event": event}},
    st.sampled_from(["Interaction", "AgentStatusChange", "ClientCheck"]),
    st.text(),
    st.dictionaries(st.text(), values, max_size=4),
)


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[begin:end] for begin, end in pairwise(edges)]


@given(
    st.lists(messages, max_size=5),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.booleans(),
    st.sampled_from(["", "\n", "\r\n", "\n\n", " "]),
    st.booleans(),
)
def test_any_split_gives_the_same_payloads(
    bodies: list[dict[str, Any]], places: list[int], lines: bool, between: str, ascii_only: bool
) -> None:
    """Reference: WebSocket URL, JSON and NEWLINE_JSON."""
    written = [json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "replace")
               for body in bodies]  # fmt: skip
    text = b"".join(one + between.encode() for one in written)
    assert split(*cut(text, places), lines=lines, largest=100_000) == [
        Piece(one) for one in written
    ]


@given(st.lists(messages, min_size=1, max_size=3), st.integers(1, 30))
def test_objects_over_several_lines_are_read_in_the_json_variant(
    bodies: list[dict[str, Any]], size: int
) -> None:
    text = "\n".join(json.dumps(body, indent=2) for body in bodies).encode()
    frames = [text[at : at + size] for at in range(0, len(text), size)]
    found = payloads(split(*frames, largest=100_000))
    assert [json.loads(one) for one in found] == bodies


@given(st.lists(st.binary(max_size=30)), st.booleans(), st.integers(1, 40))
def test_nothing_raises_nothing_is_lost_and_what_is_held_is_bounded(
    frames: list[bytes], lines: bool, largest: int
) -> None:
    splitter = SapiSplitter(lines=lines, largest=largest)
    pieces: list[Piece] = []
    for frame in frames:
        pieces += splitter.feed(frame)
        assert splitter.held <= largest
    pieces += splitter.rest("the end")
    came = b"".join(b"".join(frames).split())
    assert b"".join(b"".join(piece.payload.split()) for piece in pieces) == came


@given(st.binary(max_size=60).filter(lambda junk: b"\n" not in junk), messages)
def test_after_a_newline_everything_is_read_again(junk: bytes, body: dict[str, Any]) -> None:
    good = json.dumps(body).encode()
    assert split(junk + b"\n" + good + b"\n", lines=True, largest=10_000)[-1] == Piece(good)


def test_an_object_that_never_ends_takes_no_other_with_it() -> None:
    good = interaction("InteractionQueued")
    for broken in (b'{"Interaction": {', b'{"Interaction": {"event": "Interac'):
        found = split(broken, good, good, largest=10_000)
        assert payloads(found) == [good, good]
        assert found[0].payload == broken
        assert found[0].trouble


def test_what_is_too_large_is_given_up_and_the_next_message_is_read() -> None:
    good = interaction("InteractionQueued")
    found = split(b'{"a": "' + b"x" * 500, b"y" * 300, b'", "b": {}}', good, largest=400)
    assert payloads(found) == [good]
    assert b"".join(one.payload for one in found[:-1]).count(b"x") == 500


def test_what_is_too_large_is_given_up_to_the_end_of_its_line() -> None:
    good = interaction("InteractionQueued")
    found = split(b'{"a": "' + b"x" * 500, b'", "b": {}}\n' + good, lines=True, largest=400)
    assert payloads(found) == [good]


def test_the_sample_document_is_one_that_is_taken() -> None:
    sample = Path(__file__).parents[3] / "events" / "sources" / "sapi.json"
    fields = json.loads(sample.read_text())
    assert fields.pop("kind") == "sapi"
    assert parse_document(SapiDocument, "sources/sapi", json.dumps(fields)).tenant == "acme01"
