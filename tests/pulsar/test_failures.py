"""What a session sees when the server's side breaks, and that nothing is lost by it."""

import random
from collections.abc import Callable

import pytest

from desk.pulsar.message_id import MessageId
from tests.pulsar.client import (
    Frame,
    Socket,
    consumer,
    numbers,
    opened,
    publish,
    reader,
    said,
)
from tests.pulsar.server import PulsarServer


def test_an_unload_neither_loses_nor_repeats_for_a_reader(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 20))
    with reader(server, topic, receiverQueueSize=7) as session:
        stalled = session.frames(7)
        assert session.silent()
        server.unload(topic)
        publish(server, topic, numbers(20, 30))
        session.ack(*stalled)
        assert said(stalled + session.taken(23)) == numbers(0, 30)
        assert session.silent()


def test_a_deleted_topic_is_created_again_under_the_session(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 3))
    with reader(server, topic) as session:
        old = session.taken(3)[2]
        server.delete(topic)
        publish(server, topic, ["new"])
        new = session.taken(1)[0]
        assert said([new]) == ["new"]
        assert MessageId.decode(new.id).ledger > MessageId.decode(old.id).ledger
        assert session.pong()
    with reader(server, topic, old.id) as session:
        assert said(session.frames(1)) == ["new"]


def test_a_killed_server_keeps_its_data(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 12))
    with reader(server, topic) as session, consumer(server, topic) as consuming:
        frames = session.taken(5)
        acked = consuming.frames(12)
        server.kill()
        assert session.end() == (1006, "")
        assert consuming.end() == (1006, "")
    query = {"messageId": frames[4].id}
    with opened(server, f"reader/persistent/{topic}", query) as session:
        assert said(session.taken(7)) == numbers(5, 12)
        publish(server, topic, ["12"])
        assert said(session.taken(1)) == ["12"]
    with opened(server, f"consumer/persistent/{topic}/one", {}) as consuming:
        again = consuming.frames(13)
        assert [frame.id for frame in again[:12]] == [frame.id for frame in acked]


def test_an_orderly_stop_is_an_empty_close(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 4))
    with reader(server, topic) as session, consumer(server, topic) as consuming:
        last = session.taken(2)[1]
        consuming.ack(*consuming.frames(4)[:3])
        assert consuming.silent()
        server.restart()
        assert session.end() == (1005, "")
        assert consuming.end() == (1005, "")
    with opened(server, f"reader/persistent/{topic}", {"messageId": last.id}) as session:
        assert said(session.taken(2)) == numbers(2, 4)
    with opened(server, f"consumer/persistent/{topic}/one", {}) as consuming:
        assert said(consuming.frames(1)) == ["3"]


@pytest.mark.parametrize("batch", [0, 10])
def test_a_reader_that_is_cut_at_random_misses_and_repeats_nothing(
    server: PulsarServer, topic: str, batch: int
) -> None:
    count = 2000
    publish(server, topic, numbers(0, count), batch=batch)
    dice = random.Random(11)
    frames: list[Frame] = []
    start = "earliest"
    while len(frames) < count:
        session = opened(
            server, f"reader/persistent/{topic}", {"messageId": start, "receiverQueueSize": 50}
        )
        for _ in range(min(dice.randrange(1, 400), count - len(frames))):
            frames.append(session.frame())
            session.ack(frames[-1])
        session.cut()
        start = frames[-1].id
    assert said(frames) == numbers(0, count)


def test_ten_thousand_events_across_everything_that_breaks(
    server: PulsarServer, topic: str
) -> None:
    """Restarts, kills, unloads and cuts: a reader that resumes by id has them all, in order."""
    dice = random.Random(5)
    frames: list[Frame] = []
    breaking: list[Callable[[], None]] = [lambda: server.unload(topic), server.restart, server.kill]
    for part in range(10):
        publish(server, topic, numbers(part * 1000, (part + 1) * 1000), batch=dice.choice([7, 50]))
        start = frames[-1].id if frames else "earliest"
        query = {"messageId": start, "receiverQueueSize": 100}
        with opened(server, f"reader/persistent/{topic}", query) as session:
            frames += session.taken(dice.randrange(900))
            if part < len(breaking):
                breaking[part]()
        query["messageId"] = frames[-1].id if frames else "earliest"
        with opened(server, f"reader/persistent/{topic}", query) as session:
            frames += session.taken((part + 1) * 1000 - len(frames))
    assert said(frames) == numbers(0, 10_000)


def test_a_producer_is_answered_even_for_nonsense(server: PulsarServer, topic: str) -> None:
    with Socket(server, f"producer/persistent/{topic}") as producer:
        for text in ("nonsense", "{}", {"payload": "***"}, {"payload": "YQ==", "context": "7"}):
            producer.say(text)
        answers = [producer.answer() for _ in range(4)]
    assert [answer["result"] for answer in answers] == [
        "send-error:3",
        "send-error:7",
        "send-error:7",
        "ok",
    ]
    assert answers[3]["context"] == "7"
