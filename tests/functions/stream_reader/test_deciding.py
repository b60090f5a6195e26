"""The small decisions: gaps, refusals, back-off, when a session ends, where a start begins."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stream_reader.checkpoint import (
    CLOCK_MARGIN,
    Checkpoint,
    first_checkpoint,
    read_checkpoint,
)
from functions.stream_reader.gaps import Cause, Gap, GapDetector
from functions.stream_reader.handshake import LONGEST_SECONDS, Advice, BackOff, refusal
from functions.stream_reader.message_id import MessageId
from functions.stream_reader.mute import WayPast, next_way_past, way_to
from functions.stream_reader.watch import End, Limits, must_end
from functions.stream_reader.window import Mark
from switchboard.errors import ConfigurationError


def mark(ledger: int, entry: int, published: float | None = None) -> Mark:
    return Mark(MessageId(ledger, entry).written(), published)


LAST = mark(10, 5, 1000.0)


@pytest.mark.parametrize(
    ("following", "unread", "cause"),
    [
        (mark(10, 6, 9000.0), 5000.0, None),
        (mark(14, 0, 1030.0), 5000.0, None),
        (mark(14, 0, 9000.0), 10.0, None),
        (mark(14, 0, 9000.0), 5000.0, Cause.RETENTION),
        (mark(9, 900, 1001.0), 0.0, Cause.OTHER_CLUSTER),
        (mark(14, 0, None), 5000.0, None),
        (Mark("odd", 9000.0), 5000.0, None),
    ],
    ids=[
        "same ledger",
        "published soon after",
        "was read all the time",
        "removed meanwhile",
        "backwards",
        "no time",
        "no id",
    ],
)
def test_gaps(following: Mark, unread: float, cause: Cause | None) -> None:
    detector = GapDetector(LAST, shortest=60.0)
    detector.unread(unread)
    expected = None if cause is None else Gap(cause, LAST, following)
    assert detector.follow(following) == expected


def test_what_was_removed_while_the_server_was_stalled_lies_behind_what_it_had_read() -> None:
    detector = GapDetector(LAST, shortest=60.0)
    detector.unread(5000.0, ahead=3)
    read_before = [mark(10, 6, 1001.0), mark(11, 0, 1002.0), mark(11, 1, 1003.0)]
    assert [detector.follow(each) for each in read_before] == [None, None, None]
    behind = mark(14, 0, 9000.0)
    assert detector.follow(behind) == Gap(Cause.RETENTION, read_before[-1], behind)
    assert detector.follow(mark(15, 0, 18_000.0)) is None


def test_a_time_that_was_not_read_counts_for_the_next_frame_only() -> None:
    detector = GapDetector(LAST, shortest=60.0)
    detector.unread(5000.0)
    assert detector.follow(mark(10, 6, 1001.0)) is None
    assert detector.follow(mark(14, 0, 9000.0)) is None


def test_the_first_frame_of_all_follows_nothing() -> None:
    assert GapDetector(None, shortest=60.0).follow(LAST) is None


PAGE = b"<html><head><title>Error 500 Failed to create reader: {&quot;errorMsg&quot;:1}</title>"


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, Advice.CONFIGURATION),
        (401, Advice.CREDENTIALS),
        (403, Advice.CONFIGURATION),
        (404, Advice.CONFIGURATION),
        (409, Advice.BUSY),
        (412, Advice.PASSING),
        (429, Advice.PASSING),
        (500, Advice.PASSING),
        (502, Advice.PASSING),
        (503, Advice.PASSING),
        (504, Advice.PASSING),
        (302, Advice.CONFIGURATION),
    ],
)
def test_every_status_has_its_advice_and_its_sentence(status: int, advice: Advice) -> None:
    answer = refusal(status, PAGE)
    assert answer.advice is advice
    assert 'Failed to create reader: {"errorMsg":1}' in answer.sentence("host/acme01/all")
    assert str(status) in answer.sentence("host/acme01/all")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<h1>Bad Message 431</h1>", b"x" * 100_000])
def test_whatever_the_server_says_is_short(body: bytes) -> None:
    assert 0 < len(refusal(431, body).reason) <= 300


def test_the_back_off_doubles_to_a_minute_and_starts_again_when_healthy() -> None:
    back_off = BackOff()
    assert [back_off.seconds(1.0) for _ in range(8)] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert back_off.seconds(0.0) == 0
    back_off.healthy()
    assert back_off.seconds(1.0) == 2


@given(st.lists(st.floats(0, 1), min_size=1, max_size=2000))
def test_the_back_off_never_passes_a_minute(jitters: list[float]) -> None:
    back_off = BackOff()
    assert all(0 <= back_off.seconds(jitter) <= LONGEST_SECONDS for jitter in jitters)


LIMITS = Limits(silence=600, age=3600, debt=3000)


@pytest.mark.parametrize(
    ("opened", "heard", "debt", "end"),
    [
        (0, 9_999, None, End.AGED),
        (9_000, 9_999, None, None),
        (9_000, 9_300, None, End.SILENT),
        (6_000, 9_999, 9_990, None),
        (0, 9_999, 9_990, End.AGED),
        (6_500, 9_999, 6_600, End.INDEBTED),
    ],
    ids=["old", "well", "silent", "old, but something is owed", "twice as old", "owed for long"],
)
def test_when_a_session_ends(opened: int, heard: int, debt: int | None, end: End | None) -> None:
    found = must_end(LIMITS, opened=opened, heard=heard, oldest_debt=debt, now=10_000)
    assert found is end


def test_a_first_start_at_latest_reads_from_the_earliest_and_leaves_out_what_is_older() -> None:
    first = first_checkpoint("latest", 1000.0)
    assert first.mark is None
    assert not first.wants(1000.0 - CLOCK_MARGIN - 1)
    assert first.wants(1000.0 - CLOCK_MARGIN)
    assert first.wants(None)


def test_other_first_starts() -> None:
    assert first_checkpoint("earliest", 1000.0).mark is None
    assert first_checkpoint("earliest", 1000.0).wants(0.0)
    assert first_checkpoint("CAAQAw==", 1000.0).mark == Mark("CAAQAw==", None)


@pytest.mark.parametrize("text", ["", "{}", '{"v": 2, "alive_at": 1}', "latest"])
def test_a_checkpoint_that_cannot_be_read_is_not_guessed(text: str) -> None:
    with pytest.raises(ConfigurationError, match="checkpoint#contact-centre/all"):
        read_checkpoint("contact-centre/all", text)


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    kept = Checkpoint(message_id="CAAQAw==", published=5.5, since=3.0, alive_at=7.0)
    assert read_checkpoint("x", kept.model_dump_json(exclude_none=True)) == kept


class Topic:
    """Probes of a topic in which `null` cannot be delivered."""

    def __init__(self, messages: list[MessageId], null: MessageId | None) -> None:
        self.messages = messages
        self.null = null
        self.probed: list[str] = []

    async def probe(self, message_id: str) -> Mark | None:
        self.probed.append(message_id)
        after = MessageId.read(message_id)
        for message in self.messages:
            # An id without an index, of an entry that is a batch, stands before its first message.
            if message.position > after.position:
                if message == self.null:
                    return None
                return Mark(message.written(), 5.0)
        return None


def test_the_way_past_a_message_that_mutes() -> None:
    messages = [MessageId(3, entry) for entry in range(4)]
    topic = Topic(messages, messages[2])
    way = asyncio.run(next_way_past(mark(3, 1), topic.probe))
    assert way == WayPast(Mark(messages[2].written(), 5.0), Mark(messages[3].written(), 5.0))


def test_the_way_past_the_first_of_a_batch() -> None:
    batch = [MessageId(3, 2, batch_index=index) for index in range(3)]
    topic = Topic([MessageId(3, 1), *batch], batch[0])
    way = asyncio.run(next_way_past(mark(3, 1), topic.probe))
    assert way is not None
    assert way.first.message_id == batch[1].written()


def test_a_quiet_topic_has_no_way_past() -> None:
    topic = Topic([MessageId(3, 0), MessageId(3, 1)], None)
    assert asyncio.run(next_way_past(mark(3, 1), topic.probe)) is None
    assert len(topic.probed) == 2


def test_the_way_to_what_a_sentinel_heard_leaves_out_as_little_as_it_can() -> None:
    later = [MessageId(9, entry) for entry in range(5)]
    topic = Topic([MessageId(3, 1), *later], later[0])
    way = asyncio.run(way_to(Mark(later[4].written(), 5.0), topic.probe))
    assert way is not None
    assert way.first.message_id == later[1].written()
