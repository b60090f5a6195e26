"""The body that the reader writes is the one that every other part of the product would write."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from functions.stream_reader.body import body_of
from functions.stream_reader.intake import Arrived
from switchboard.envelope import decode, encode
from switchboard.event import Event

texts = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\x7f\u2028\ud800é"))
moments = st.integers(0, 4_000_000_000_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))
events = st.builds(
    Event,
    id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    source=texts,
    type=texts,
    subject=st.none() | texts,
    time=moments,
    sourceeventid=texts,
    weakid=st.booleans(),
    sequence=st.integers(0, 2**63 - 1),
)
arrivals = st.builds(
    Arrived,
    event=events,
    group=texts,
    kind=st.just("stream"),
    body=texts,
    received_at=moments,
    published=st.none(),
)


@given(arrivals)
def test_the_body_is_the_encoded_envelope(arrived: Arrived) -> None:
    body = body_of(arrived)
    assert body.isascii()
    assert json.loads(body) == json.loads(encode(arrived.envelope()))
    assert decode(body) == arrived.envelope()
