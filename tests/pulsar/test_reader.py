"""The Reader endpoint: its window, its position, and what makes it mute."""

import dataclasses
import itertools
import random
from urllib.parse import quote

import pytest

from desk.pulsar.message_id import MessageId
from tests.pulsar.client import (
    Socket,
    numbers,
    publish,
    reader,
    refusal,
    said,
)
from tests.pulsar.server import ENTRIES_PER_LEDGER, PulsarServer, Special


def test_the_window_then_silence_then_one_frame_for_each_answer(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 30))
    with reader(server, topic, receiverQueueSize=5) as session:
        first = session.frames(5)
        assert session.silent()
        session.ack(first[0])
        assert said(session.frames(1)) == ["5"]
        assert session.silent()
        # Any object is an answer: what it says does not matter.
        session.say({}, {"messageId": "no id"}, {"type": "permit", "permitMessages": 9})
        session.say({"type": "negativeAcknowledge"}, {"what": "ever"})
        assert said(session.frames(5)) == numbers(6, 11)
        assert session.silent()


def test_what_a_frame_holds(server: PulsarServer, topic: str) -> None:
    with Socket(server, f"producer/persistent/{topic}") as producer:
        producer.say({"payload": "", "key": "k", "properties": {"a": "1"}, "context": "c"})
        answer = producer.answer()
    assert answer["result"] == "ok"
    assert answer["context"] == "c"
    with reader(server, topic) as session:
        frame = session.frame()
    assert frame.id == answer["messageId"]
    assert frame.payload == b""
    assert frame.whole["properties"] == {"a": "1"}
    assert frame.whole["key"] == "k"
    assert frame.whole["redeliveryCount"] == 0
    assert "eventTime" not in frame.whole
    assert "T" in frame.whole["publishTime"]


def test_answers_before_frames_widen_the_window(server: PulsarServer, topic: str) -> None:
    with reader(server, topic, receiverQueueSize=5) as session:
        session.say(*[{} for _ in range(10)])
        assert session.pong()
        publish(server, topic, numbers(0, 30))
        assert said(session.frames(15)) == numbers(0, 15)
        assert session.silent()


def test_a_queue_of_nothing_is_mute_and_a_large_one_is_a_thousand(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 1100), batch=100)
    with reader(server, topic, receiverQueueSize=0) as session:
        assert session.silent()
        assert session.pong()
    with reader(server, topic, receiverQueueSize=5000) as session:
        assert said(session.frames(1000)) == numbers(0, 1000)
        assert session.silent()


def test_a_resumed_reader_begins_behind_the_id(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 25))
    with reader(server, topic) as session:
        frames = session.taken(25)
    for number in (0, ENTRIES_PER_LEDGER - 1, ENTRIES_PER_LEDGER, 23):
        with reader(server, topic, frames[number].id) as session:
            assert session.frame().payload == str(number + 1).encode()
    with reader(server, topic, frames[24].id) as session:
        assert session.silent()
        publish(server, topic, ["new"])
        assert said(session.frames(1)) == ["new"]


def test_a_resumed_reader_begins_inside_a_batch(server: PulsarServer, topic: str) -> None:
    replies = publish(server, topic, numbers(0, 30), batch=10)
    with reader(server, topic) as session:
        frames = session.taken(30)
    ids = [MessageId.decode(frame.id) for frame in frames]
    assert [each.batch_index for each in ids] == list(range(10)) * 3
    assert {each.batch_size for each in ids} == {10}
    assert replies != [frame.id for frame in frames]
    starts = {
        frames[13].id: "14",
        frames[19].id: "20",
        dataclasses.replace(ids[13], batch_size=3).encode(): "14",
        dataclasses.replace(ids[13], batch_index=40).encode(): "20",
        dataclasses.replace(ids[13], batch_index=-1, batch_size=0).encode(): "10",
    }
    for start, first in starts.items():
        with reader(server, topic, start) as session:
            assert session.frame().payload.decode() == first


def test_ids_are_what_we_make_of_them_and_only_grow(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 25))
    publish(server, topic, numbers(25, 60), batch=7)
    with reader(server, topic) as session:
        frames = session.taken(60)
    ids = [MessageId.decode(frame.id) for frame in frames]
    assert [each.encode() for each in ids] == [frame.id for frame in frames]
    places = [(each.ledger, each.entry, each.batch_index) for each in ids]
    assert places == sorted(places)
    assert len({each.ledger for each in ids}) > 1


def test_latest_begins_with_what_comes(server: PulsarServer, topic: str) -> None:
    publish(server, topic, ["before"])
    for start in ("latest", ""):
        with reader(server, topic, start) as session:
            publish(server, topic, ["after"])
            assert said(session.frames(1)) == ["after"]


def test_an_id_beyond_the_end_is_silently_latest(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 5))
    with reader(server, topic) as session:
        last = MessageId.decode(session.taken(5)[4].id)
    beyond = dataclasses.replace(last, ledger=last.ledger + 100_000)
    with reader(server, topic, beyond.encode()) as session:
        assert session.silent()
        publish(server, topic, ["new"])
        assert said(session.frames(1)) == ["new"]


def test_an_unescaped_plus_in_an_id_is_a_space(server: PulsarServer, topic: str) -> None:
    publish(server, topic, ["one"])
    dice = random.Random(7)
    tries = (MessageId(dice.randrange(1 << 20), dice.randrange(1 << 20)) for _ in itertools.count())
    text = next(id_.encode() for id_ in tries if "+" in id_.encode())
    path = f"reader/persistent/{topic}"
    assert refusal(server, f"{path}?messageId={quote(text, safe='')}&")[0] == 101
    status, body = refusal(server, f"{path}?messageId={text}&")
    assert status == 500
    assert "<title>" in body
    # No padding at all is taken, and `/` and `=` need no escape.
    assert refusal(server, f"{path}?messageId={quote(text.rstrip('='), safe='')}&")[0] == 101


@pytest.mark.parametrize("text", ["EARLIEST", "Latest", "no id", "CAE-_w==", "////"])
def test_a_bad_id_is_refused(server: PulsarServer, topic: str, text: str) -> None:
    publish(server, topic, ["one"])
    status, body = refusal(server, f"reader/persistent/{topic}", {"messageId": text})
    assert status == 500
    assert "<title>Error 500 Failed to create reader: " in body


def test_an_id_older_than_what_is_kept_jumps_silently(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 45))
    with reader(server, topic) as session:
        old = session.taken(3)[2]
    server.trim(topic)
    assert len(server.ledgers(topic)) == 1
    with reader(server, topic, old.id) as session:
        assert said(session.frames(5)) == numbers(40, 45)
    with reader(server, topic) as session:
        assert said(session.frames(5)) == numbers(40, 45)


def test_a_queue_of_one_is_mute_after_a_position(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 4))
    with reader(server, topic, receiverQueueSize=1) as session:
        first = session.taken(2)[0]
    with reader(server, topic, first.id, receiverQueueSize=1) as session:
        assert session.silent()
        assert session.pong()
    with reader(server, topic, first.id, receiverQueueSize=2) as session:
        assert said(session.frames(2)) == ["1", "2"]


def test_a_stalled_reader_gets_one_more_window_and_then_jumps(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 95))
    with reader(server, topic, receiverQueueSize=4) as session:
        stalled = session.frames(4)
        assert session.silent()
        server.trim(topic)
        session.ack(*stalled)
        assert said(session.taken(9)) == numbers(4, 8) + numbers(90, 95)


def test_a_null_value_mutes_the_reader_and_is_passed_by_its_id(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 3))
    server.publish_special(topic, [Special(None), Special(b"3")])
    with reader(server, topic) as session:
        last = session.taken(3)[2]
        assert session.silent()
        assert session.pong()
        session.say({}, {})
        assert session.silent()
    with reader(server, topic, last.id) as session:
        assert session.silent()
        assert session.pong()
    null = MessageId.decode(last.id)
    null = dataclasses.replace(null, entry=null.entry + 1)
    with reader(server, topic, null.encode()) as session:
        assert said(session.frames(1)) == ["3"]


def test_a_null_value_inside_a_batch_is_passed_by_its_index(
    server: PulsarServer, topic: str
) -> None:
    server.publish_special(
        topic, [Special(b"0"), Special(None), Special(b"2", key=b"\x00\xff")], batched=True
    )
    with reader(server, topic) as session:
        first = session.taken(1)[0]
        assert session.silent()
        assert session.pong()
    null = dataclasses.replace(MessageId.decode(first.id), batch_index=1)
    with reader(server, topic, null.encode()) as session:
        frame = session.frame()
    assert frame.payload == b"2"
    assert frame.whole["key"] == "AP8="


def test_a_partitioned_topic_is_read_whole_or_by_its_parts(
    server: PulsarServer, topic: str
) -> None:
    server.partitions(topic, 3)
    publish(server, topic, numbers(0, 30))
    with reader(server, topic, receiverQueueSize=12) as session:
        frames = session.frames(12)
        assert session.silent()
        session.ack(*frames)
        frames += session.taken(18)
    assert sorted(said(frames), key=int) == numbers(0, 30)
    ids = [MessageId.decode(frame.id) for frame in frames]
    assert {each.partition for each in ids} == {0, 1, 2}
    status, body = refusal(server, f"reader/persistent/{topic}", {"messageId": frames[0].id})
    assert status == 500
    assert "The partitioned topic startMessageId is illegal" in body
    part = [f for f, each in zip(frames, ids, strict=True) if each.partition == 1]
    with reader(server, f"{topic}-partition-1", part[0].id) as session:
        assert said(session.frames(len(part) - 1)) == said(part[1:])
    status, _ = refusal(server, f"reader/persistent/{topic}-partition-3")
    assert status == 500


def test_the_end_of_a_terminated_topic_is_told_when_asked(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 3))
    with reader(server, topic) as session:
        session.taken(3)
        assert not session.ended()
        server.terminate(topic)
        assert session.silent()
        while not session.ended():
            assert session.pong()
    with reader(server, topic) as session:
        assert said(session.frames(3)) == numbers(0, 3)
    assert refusal(server, f"producer/persistent/{topic}")[0] == 503


def test_a_question_takes_no_slot(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 9))
    with reader(server, topic, receiverQueueSize=2) as session:
        session.frames(2)
        assert not session.ended()
        assert session.silent()


def test_frames_that_are_no_objects(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 3))
    for text in ("nonsense", "[1]", '"text"', "7"):
        with reader(server, topic) as session:
            session.frames(3)
            session.say(text)
            assert session.end() == (1006, "")
    with reader(server, topic) as session:
        session.say("null")
        assert session.end() == (1011, 'Cannot read field "type" because "command" is null')
    with reader(server, topic, receiverQueueSize=1) as session:
        session.frames(1)
        session.ws.send(b"{}")
        assert session.silent()
        session.say("{}")
        assert said(session.frames(1)) == ["1"]


def test_a_frame_of_ours_may_have_a_mebibyte(server: PulsarServer, topic: str) -> None:
    with reader(server, topic) as session:
        session.say({"padding": "x" * (1 << 20)})
        assert session.end()[0] == 1009


@pytest.mark.parametrize("size", [5_000_000, 12_000_000], ids=["one entry", "chunks"])
def test_a_large_frame_arrives_whole(server: PulsarServer, topic: str, size: int) -> None:
    payload = random.Random(3).randbytes(size)
    server.publish_special(topic, [Special(payload), Special(b"next")])
    with reader(server, topic) as session:
        frame = session.frame()
        session.ack(frame)
        assert frame.payload == payload
        assert len(frame.whole["payload"]) >= size * 4 // 3
        assert said(session.frames(1)) == ["next"]
    with reader(server, topic, frame.id) as session:
        assert said(session.frames(1)) == ["next"]


def test_compression_is_granted(server: PulsarServer, topic: str) -> None:
    with reader(server, topic) as session:
        response = session.ws.response
        assert response is not None
        assert "permessage-deflate" in response.headers["Sec-WebSocket-Extensions"]


def test_an_idle_connection_ends_with_1001(server: PulsarServer, topic: str) -> None:
    with Socket(server, f"reader/persistent/{topic}", pings=False) as session:
        code, reason = session.end()
    assert code == 1001
    assert reason.startswith("java.util.concurrent.TimeoutException: Idle timeout expired: ")


def test_pings_keep_a_connection(server: PulsarServer, topic: str) -> None:
    with reader(server, topic, "latest") as session:
        with pytest.raises(TimeoutError):
            session.ws.recv(timeout=server.idle * 1.5)
        publish(server, topic, ["late"])
        assert said(session.frames(1)) == ["late"]


def test_our_close_is_echoed(server: PulsarServer, topic: str) -> None:
    session = reader(server, topic)
    session.ws.close(4000, "enough")
    assert session.ws.close_code == 4000
