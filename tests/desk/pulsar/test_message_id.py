"""Ids as Pulsar writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.pulsar.message_id import InvalidMessageId, MessageId

LONG = st.integers(0, 2**63 - 1)
INT = st.integers(-1, 2**31 - 1)


@given(st.builds(MessageId, LONG, LONG, INT, INT, INT))
def test_what_is_written_is_read_back(made: MessageId) -> None:
    assert MessageId.decode(made.encode()) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("CAAQAw==", MessageId(0, 3, batch_size=-1)),
        ("CAMQADAA", MessageId(3, 0)),
        ("CPEKEINF", MessageId(1393, 8835, batch_size=-1)),
    ],
)
def test_ids_that_were_seen(text: str, made: MessageId) -> None:
    assert MessageId.decode(text) == made
    assert made.encode() == text


def test_padding_may_be_left_out_altogether() -> None:
    assert MessageId.decode("CAAQAw") == MessageId.decode("CAAQAw==")


@pytest.mark.parametrize("text", ["CAAQAw=", "CAAQ w==", "CAE-_w==", "no id", "CAAQ", "////", "é"])
def test_what_is_no_id(text: str) -> None:
    with pytest.raises(InvalidMessageId):
        MessageId.decode(text)
