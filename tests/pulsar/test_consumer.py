"""The Consumer endpoint: the server's cursor, acks, and several consumers at once."""

import dataclasses
from typing import Any

import pytest

from desk.pulsar.message_id import MessageId
from tests.pulsar.client import consumer, gathered, hung, numbers, opened, publish, refusal, said
from tests.pulsar.server import PulsarServer, Special

TYPES = ["Exclusive", "Failover", "Shared", "Key_Shared"]


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_acked_does_not_come_again(server: PulsarServer, topic: str, kind: str) -> None:
    publish(server, topic, numbers(0, 20))
    with consumer(server, topic, subscriptionType=kind, receiverQueueSize=8) as session:
        frames = session.frames(8)
        assert session.silent()
        session.ack(*frames[:6])
        frames += session.frames(6)
    with consumer(server, topic, subscriptionType=kind) as session:
        again = session.frames(14)
        assert sorted(said(again), key=int) == numbers(6, 20)
        assert {frame.whole["redeliveryCount"] for frame in again} == {0}
        assert session.silent()


def test_a_new_subscription_begins_at_the_end_unless_told(server: PulsarServer, topic: str) -> None:
    publish(server, topic, ["before"])
    with consumer(server, topic, subscriptionInitialPosition="Latest") as session:
        assert session.silent()
        publish(server, topic, ["after"])
        assert said(session.taken(1)) == ["after"]
    assert server.subscriptions(topic) == ["one"]
    with consumer(server, topic, "two") as session:
        assert said(session.frames(2)) == ["before", "after"]


def test_an_exclusive_subscription_is_for_one(server: PulsarServer, topic: str) -> None:
    path = f"consumer/persistent/{topic}/one"
    with consumer(server, topic):
        status, body = refusal(server, path)
        assert status == 409
        assert "Exclusive consumer is already connected" in body
        assert refusal(server, path, {"subscriptionType": "Shared"})[0] == 409
    with opened(server, path, {}) as session:
        assert session.pong()


def test_a_cut_socket_frees_the_subscription_and_a_hung_client_only_in_time(
    server: PulsarServer, topic: str
) -> None:
    path = f"consumer/persistent/{topic}/one"
    session = consumer(server, topic)
    session.cut()
    with opened(server, path, {}):
        pass
    with hung(server, path):
        assert refusal(server, path)[0] == 409
        with opened(server, path, {}) as late:
            assert late.pong()


def test_one_of_two_gets_everything_and_the_standby_takes_over(
    server: PulsarServer, topic: str
) -> None:
    query = {"subscriptionType": "Failover"}
    with consumer(server, topic, **query) as one, consumer(server, topic, **query) as two:
        publish(server, topic, numbers(0, 6))
        came = gathered(6, one, two)
        assert {text for frames in came for text in said(frames)} == set(numbers(0, 6))
        # Which of both is the active one is decided anew when the second comes.
        publish(server, topic, numbers(6, 9))
        held: list[list[str]] = [[], []]
        while numbers(6, 9) not in (held[0][-3:], held[1][-3:]):
            for texts, session in zip(held, (one, two), strict=True):
                texts.extend(said(list(iter(session.maybe, None))))
        active, standby = (one, two) if held[0][-3:] == numbers(6, 9) else (two, one)
        active.ws.close()
        late = [standby.frame().payload.decode()]
        while late[-3:] != numbers(6, 9):
            late.append(standby.frame().payload.decode())


def test_one_nack_brings_everything_on_exclusive(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 6))
    with consumer(server, topic, negativeAckRedeliveryDelay=100) as session:
        frames = session.frames(6)
        session.ack(*frames[:2])
        session.nack(frames[4])
        again = session.frames(4)
        assert said(again) == numbers(2, 6)
        assert [frame.id for frame in again] == [frame.id for frame in frames[2:]]
        assert {frame.whole["redeliveryCount"] for frame in again} == {0}
        assert session.silent()


def test_one_nack_brings_one_on_shared(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 6))
    query: dict[str, Any] = {"subscriptionType": "Shared", "negativeAckRedeliveryDelay": 100}
    with consumer(server, topic, **query) as session:
        frames = session.frames(6)
        session.nack(frames[4])
        again = session.frame()
        assert again.id == frames[4].id
        assert again.whole["redeliveryCount"] == 1
        assert session.silent()


def test_shared_splits_and_what_a_ghost_holds_comes_when_it_ends(
    server: PulsarServer, topic: str
) -> None:
    query: dict[str, Any] = {"subscriptionType": "Shared", "receiverQueueSize": 4}
    path = f"consumer/persistent/{topic}/one"
    with consumer(server, topic, **query) as session, hung(server, path, query):
        publish(server, topic, numbers(0, 60))
        came = session.taken(52)
        assert session.silent()
        came += session.taken(8)
        assert sorted(said(came), key=int) == numbers(0, 60)


def test_a_key_stays_with_one_consumer(server: PulsarServer, topic: str) -> None:
    query: dict[str, Any] = {"subscriptionType": "Key_Shared"}
    with consumer(server, topic, **query) as one, consumer(server, topic, **query) as two:
        server.publish_special(
            topic, [Special(str(n).encode(), key=f"key{n % 8}".encode()) for n in range(40)]
        )
        came = gathered(40, one, two)
    keys = [{frame.whole["key"] for frame in frames} for frames in came]
    assert sum(len(frames) for frames in came) == 40
    assert all(keys)
    assert not keys[0] & keys[1]
    for frames in came:
        for key in {frame.whole["key"] for frame in frames}:
            order = [int(frame.payload) for frame in frames if frame.whole["key"] == key]
            assert order == sorted(order)


def test_a_batch_comes_again_whole_until_all_of_it_is_acked(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, numbers(0, 20), batch=10)
    with consumer(server, topic) as session:
        session.ack(*session.frames(20)[:15])
    with consumer(server, topic) as session:
        assert said(session.frames(10)) == numbers(10, 20)
        assert session.silent()


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"batch_size": -1}, {"batch_index": -1}])
def test_a_made_up_id_of_one_message_acks_its_whole_batch(
    server: PulsarServer, topic: str, change: dict[str, int]
) -> None:
    publish(server, topic, numbers(0, 20), batch=10)
    with consumer(server, topic) as session:
        made = dataclasses.replace(MessageId.decode(session.frames(20)[3].id), **change)
        session.say({"messageId": made.encode()})
    with consumer(server, topic) as session:
        assert said(session.frames(10)) == numbers(10, 20)
        assert session.silent()


@pytest.mark.parametrize("size", [1, 3, 20])
def test_a_made_up_id_with_another_size_acks_nothing(
    server: PulsarServer, topic: str, size: int
) -> None:
    publish(server, topic, numbers(0, 10), batch=10)
    with consumer(server, topic) as session:
        frames = session.frames(10)
        made = dataclasses.replace(MessageId.decode(frames[3].id), batch_size=size)
        session.say({"messageId": made.encode()})
        session.ack(*(frame for frame in frames if frame is not frames[3]))
    with consumer(server, topic) as session:
        assert said(session.frames(10)) == numbers(0, 10)


def test_an_unload_sends_again_on_the_same_socket(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 8))
    with consumer(server, topic, receiverQueueSize=12) as session:
        frames = session.frames(8)
        session.ack(*frames[:3])
        assert session.silent()
        server.unload(topic)
        again = session.frames(5)
        assert [frame.id for frame in again] == [frame.id for frame in frames[3:]]
        publish(server, topic, numbers(8, 20))
        # Every copy takes a slot: five were answered never, five more are on their way.
        assert said(session.frames(2)) == ["8", "9"]
        assert session.silent()
        session.ack(*again)
        assert said(session.frames(5)) == numbers(10, 15)


def test_a_null_value_mutes_the_consumer_until_it_is_skipped(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, ["0"])
    server.publish_special(topic, [Special(None), Special(b"2")])
    with consumer(server, topic) as session:
        session.taken(1)
        assert session.silent()
        assert session.pong()
    with consumer(server, topic) as session:
        assert session.silent()
    server.skip(topic, "one", 1)
    with consumer(server, topic) as session:
        assert said(session.frames(1)) == ["2"]


def test_pull_mode_delivers_what_is_permitted(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 9))
    with consumer(server, topic, pullMode="true") as session:
        assert session.silent()
        session.say({"type": "permit", "permitMessages": 3})
        session.ack(*session.frames(3))
        assert session.silent()
        session.say({"type": "permit"})
        assert session.end() == (1006, "")


def test_unsubscribing_deletes_the_subscription_and_keeps_the_socket(
    server: PulsarServer, topic: str
) -> None:
    with consumer(server, topic) as session:
        assert server.subscriptions(topic) == ["one"]
        session.say({"type": "unsubscribe"})
        assert session.silent()
        assert session.pong()
        assert server.subscriptions(topic) == []


def test_the_end_is_told_when_all_is_acked(server: PulsarServer, topic: str) -> None:
    publish(server, topic, numbers(0, 3))
    server.terminate(topic)
    with consumer(server, topic) as session:
        frames = session.frames(3)
        assert not session.ended()
        session.ack(*frames)
        while not session.ended():
            assert session.silent()


def test_acks_that_are_no_ids_end_the_session(server: PulsarServer, topic: str) -> None:
    for text in ({}, {"messageId": "***"}, {"type": "negativeAcknowledge"}):
        with consumer(server, topic) as session:
            session.say(text)
            code, reason = session.end()
            assert code == 1011
            assert reason.startswith(("Cannot invoke", "Illegal base64 character 2a"))
    with consumer(server, topic) as session:
        session.say({"messageId": "////"})
        assert session.end() == (1006, "")


@pytest.mark.parametrize(
    "query",
    [
        {"subscriptionType": "shared"},
        {"subscriptionMode": "durable"},
        {"subscriptionInitialPosition": "earliest"},
        {"receiverQueueSize": "many"},
        {"ackTimeoutMillis": "10"},
    ],
)
def test_a_bad_parameter_is_refused(
    server: PulsarServer, topic: str, query: dict[str, str]
) -> None:
    status, body = refusal(server, f"consumer/persistent/{topic}/one", query)
    assert status == 400
    assert "<title>Error 400" in body


def test_a_partitioned_topic_is_consumed_whole(server: PulsarServer, topic: str) -> None:
    server.partitions(topic, 2)
    publish(server, topic, numbers(0, 20))
    with consumer(server, topic) as session:
        assert sorted(said(session.taken(20)), key=int) == numbers(0, 20)
    with consumer(server, topic) as session:
        assert session.silent()
