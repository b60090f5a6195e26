"""Frames: messages, what is no message, and what is broken but wants its answer."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stream_reader.frames import MessageFrame, OtherFrame, read_frame

MOMENT = 1_788_250_530.5


def frame(**fields: object) -> bytes:
    whole = {"messageId": "CAAQAw==", "payload": "e30=", "properties": {}, "redeliveryCount": 0}
    return json.dumps({**whole, **fields}).encode()


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-01T08:15:30.5Z",
        "2026-09-01T01:15:30.5-07:00",
        "2026-09-01 08:15:30.500",
    ],
)
def test_the_time_of_publishing(text: str) -> None:
    assert read_frame(frame(publishTime=text)) == MessageFrame("CAAQAw==", b"{}", MOMENT)


@pytest.mark.parametrize("text", ["", "soon", 5, None])
def test_a_time_that_is_none(text: object) -> None:
    read = read_frame(frame(publishTime=text))
    assert isinstance(read, MessageFrame)
    assert read.published is None


def test_an_empty_payload_is_a_payload() -> None:
    assert read_frame(frame(payload="")) == MessageFrame("CAAQAw==", b"", None)


@pytest.mark.parametrize("payload", ["!!!", "e30", 5, None, {}])
def test_a_payload_that_cannot_be_read_keeps_its_id(payload: object) -> None:
    read = read_frame(frame(payload=payload))
    assert isinstance(read, MessageFrame)
    assert read.message_id == "CAAQAw=="
    assert read.payload is None
    assert read.trouble


@pytest.mark.parametrize(
    "data",
    [
        b'{"endOfTopic": true}',
        b'{"type": "AUTH_CHALLENGE"}',
        b'{"messageId": ""}',
        b'{"messageId": 5}',
        b"[]",
        b"not JSON",
        b"\xff",
        b"",
    ],
)
def test_what_is_no_message(data: bytes) -> None:
    assert isinstance(read_frame(data), OtherFrame)


@given(st.binary(), st.text())
def test_a_frame_never_raises(payload: bytes, text: str) -> None:
    encoded = base64.b64encode(payload).decode()
    read = read_frame(frame(payload=encoded, publishTime=text))
    assert isinstance(read, MessageFrame)
    assert read.payload == payload
    read_frame(payload)
