"""Message ids: what real servers wrote, and what is written to step over a message."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stream_reader.message_id import MessageId, NoMessageId


@pytest.mark.parametrize(
    ("text", "ledger", "entry"),
    [("CAAQAw==", 0, 3), ("CAMQADAA", 3, 0), ("CPEKEINF", 1393, 8835)],
)
def test_ids_of_real_servers(text: str, ledger: int, entry: int) -> None:
    assert MessageId.read(text).position == (ledger, entry, -1)


numbers = st.integers(0, 2**63 - 1)
optional = st.integers(-1, 2**31 - 1)


@given(numbers, numbers, optional, optional)
def test_what_is_written_is_read(ledger: int, entry: int, partition: int, batch: int) -> None:
    written = MessageId(ledger, entry, partition, batch)
    assert MessageId.read(written.written()) == written


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_whatever_else_it_is_one_error(text: str) -> None:
    with contextlib.suppress(NoMessageId):
        MessageId.read(text)


def test_the_ways_past_the_next_message() -> None:
    single = list(MessageId(5, 7).ways_past())
    assert single == [MessageId(5, 8), MessageId(5, 8, batch_index=0)]
    batched = list(MessageId(5, 7, 2, 3).ways_past())
    assert batched == [MessageId(5, 7, 2, 4), MessageId(5, 8, 2), MessageId(5, 8, 2, 0)]


def test_just_before() -> None:
    assert MessageId(5, 7, 1, 3).just_before() == MessageId(5, 7, 1, 2)
    assert MessageId(5, 7, 1, 0).just_before() == MessageId(5, 6, 1)
    assert MessageId(5, 7).just_before() == MessageId(5, 6)
