"""What is owed for the frames of one place."""

import base64
import json

import pytest

from functions.stream_reader.arrivals import Arrivals
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.intake import Intake
from functions.stream_reader.measures import Measures
from functions.stream_reader.message_id import MessageId
from switchboard.errors import ConfigurationError
from switchboard.sources.stream import KIND
from switchboard.testing.stores import RecordingTelemetry


def frame(message_id: MessageId) -> bytes:
    payload = base64.b64encode(b'{"Interaction":{"event":"InteractionQueued"}}').decode()
    published = "2026-11-24T10:00:00.000Z"
    return json.dumps(
        {"messageId": message_id.written(), "payload": payload, "publishTime": published}
    ).encode()


def test_what_is_refused_of_a_partition_is_not_waited_for() -> None:
    measures = Measures("contact-centre", RecordingTelemetry())
    arrivals = Arrivals(
        Checkpoint(alive_at=0.0),
        Intake("contact-centre", KIND, "topic", measures),
        lambda _arrived, _confirm: pytest.fail("it was sent on"),
        measures,
        reads_in_order=True,
        gap_seconds=60,
    )
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="say how many"):
            arrivals.take(frame(MessageId(7, 0, partition=1)))
    assert arrivals.unconfirmed == 0, "who stops the session would wait for it for ever"
