"""What the simulator can do to its clients, and what its log says about it."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from desk.pulsar.message_id import MessageId
from tests.pulsar.client import (
    Socket,
    consumer,
    gathered,
    numbers,
    opened,
    publish,
    reader,
    refusal,
    said,
)
from tests.pulsar.simulated import SimulatedServer

TOPIC = "public/default/events"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatedServer]:
    server = SimulatedServer(tmp_path)
    server.start()
    yield server
    server.stop()


def test_sockets_are_dropped(server: SimulatedServer) -> None:
    with reader(server, TOPIC) as session:
        assert server.call("drop", topic=TOPIC) == 1
        assert session.end() == (1006, "")
    assert server.call("injected") == {"drop": 1}


def test_a_ghost_holds_its_subscription_for_a_while(server: SimulatedServer) -> None:
    path = f"consumer/persistent/{TOPIC}/one"
    with consumer(server, TOPIC) as session:
        server.call("drop", ghost_seconds=1.0)
        assert session.end()[0] == 1006
    assert refusal(server, path)[0] == 409
    with opened(server, path, {}) as late:
        assert late.pong()


def test_a_half_open_socket_says_nothing_and_answers_nothing(server: SimulatedServer) -> None:
    with reader(server, TOPIC) as session:
        assert session.pong()
        server.call("half_open")
        publish(server, TOPIC, ["lost"])
        assert session.silent()
        assert not session.ws.ping().wait(server.silence)
        session.cut()


def test_a_muted_session_answers_pings(server: SimulatedServer) -> None:
    with reader(server, TOPIC) as session:
        assert server.call("mute", topic=TOPIC) == 1
        publish(server, TOPIC, ["unheard"])
        assert session.silent()
        assert session.pong()
    with reader(server, TOPIC) as session:
        assert said(session.frames(1)) == ["unheard"]


def test_handshakes_are_refused_so_often(server: SimulatedServer) -> None:
    server.call("refuse", status=503, times=2, reason="starting")
    path = f"reader/persistent/{TOPIC}"
    answers = [refusal(server, path) for _ in range(3)]
    assert [status for status, _ in answers] == [503, 503, 101]
    assert "<title>Error 503 starting</title>" in answers[0][1]
    assert server.call("injected")["refuse"] == 2


def test_frames_are_duplicated_and_swapped_by_seed(server: SimulatedServer) -> None:
    publish(server, TOPIC, numbers(0, 500))
    came = []
    for _ in range(2):
        server.call("disturb", seed=3, duplicate_share=0.02, swap_share=0.05)
        with reader(server, TOPIC) as session:
            came.append(said(gathered(500, session)[0]))
    assert came[0] == came[1]
    injected = server.call("injected")
    assert len(came[0]) - 500 == injected["duplicate"] / 2 > 0
    assert set(came[0]) == set(numbers(0, 500))
    assert injected["swap"] > 0
    assert list(dict.fromkeys(came[0])) != numbers(0, 500)


def test_a_duplicate_takes_a_slot_of_the_window(server: SimulatedServer) -> None:
    publish(server, TOPIC, numbers(0, 10))
    server.call("disturb", duplicate_share=1.0)
    with reader(server, TOPIC, receiverQueueSize=4) as session:
        assert said(session.frames(4)) == ["0", "0", "1", "1"]
        assert session.silent()


def test_it_knows_what_changed_places(server: SimulatedServer) -> None:
    publish(server, TOPIC, numbers(0, 100))
    server.call("disturb", seed=3, swap_share=0.1)
    with reader(server, TOPIC) as session:
        came = [frame.id for frame in session.taken(100)]
    swapped = server.call("swapped")
    assert len(swapped) == server.call("injected")["swap"] > 0
    positions = [MessageId.decode(each).position for each in came]
    backwards = [
        [came[n], came[n + 1]]
        for n, (one, following) in enumerate(pairwise(positions))
        if one > following
    ]
    assert backwards == swapped


def test_it_knows_how_full_the_windows_are(server: SimulatedServer) -> None:
    publish(server, TOPIC, numbers(0, 10))
    assert server.call("unanswered") == []
    with reader(server, TOPIC, receiverQueueSize=4) as session:
        frames = session.frames(4)
        assert server.call("unanswered") == [4]
        session.ack(*frames)
        session.frames(4)
        assert server.call("unanswered", topic=TOPIC) == [4]


def test_tokens_expire_for_new_sessions_only(server: SimulatedServer) -> None:
    with reader(server, TOPIC) as session:
        server.call("disturb", tokens_expired=True)
        assert refusal(server, f"reader/persistent/{TOPIC}")[0] == 401
        assert session.pong()
        server.call("disturb", tokens_expired=False)
    assert refusal(server, f"reader/persistent/{TOPIC}")[0] == 101


def test_an_api_key_enters_where_one_is_known(server: SimulatedServer) -> None:
    path = f"reader/persistent/{TOPIC}"
    assert refusal(server, path, None, {"X-API-Key": "k"})[0] == 401
    server.call("configure", api_keys=["k"])
    assert refusal(server, path, None, {"X-API-Key": "k"})[0] == 101


def test_another_cluster_counts_from_the_start(server: SimulatedServer) -> None:
    publish(server, TOPIC, numbers(0, 50))
    with reader(server, TOPIC) as session:
        last = MessageId.decode(session.taken(50)[-1].id)
        server.call("other_cluster")
        assert session.end()[0] == 1006
    publish(server, TOPIC, ["elsewhere"])
    with reader(server, TOPIC) as session:
        assert MessageId.decode(session.frame().id).position < last.position
    with reader(server, TOPIC, last.encode()) as session:
        assert session.silent()


def test_latest_loses_what_comes_while_the_broker_is_away(server: SimulatedServer) -> None:
    """A session that was sent nothing begins anew at the end, on the same socket."""
    with reader(server, TOPIC, "latest") as session:
        command = [sys.executable, "-c", AWAY, server._urls["admin"]]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as away:
            assert away.stdout is not None
            away.stdout.read()
        publish(server, TOPIC, ["after"])
        assert said(session.frames(1)) == ["after"]


AWAY = f"""
import json, sys, threading, urllib.request
def call(name, **arguments):
    urllib.request.urlopen(sys.argv[1] + "/" + name, json.dumps(arguments).encode()).read()
thread = threading.Thread(target=call, args=("unload",), kwargs=dict(topic="{TOPIC}", away=1.0))
thread.start()
threading.Event().wait(0.3)
call("publish", topic="{TOPIC}", messages=[dict(payload="bWlzc2Vk")])
thread.join()
"""


def test_the_backlog_is_what_was_not_sent_or_not_answered(server: SimulatedServer) -> None:
    assert server.call("backlog", topic=TOPIC) is None
    with reader(server, TOPIC, receiverQueueSize=2) as session:
        assert server.call("backlog", topic=TOPIC) == 0
        publish(server, TOPIC, ["a", "b", "c"])
        frames = session.frames(2)
        assert server.call("backlog", topic=TOPIC) == 3
        session.ack(frames[0])
        session.frames(1)
        assert server.call("backlog", topic=TOPIC) == 2


def test_the_log_says_what_was_published(server: SimulatedServer, tmp_path: Path) -> None:
    count = server.call("play", topic=TOPIC, interactions=20, seed=9)
    with reader(server, TOPIC) as session:
        frames = session.taken(count)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    published = [line for line in lines if line["kind"] == "published"]
    assert len(published) == len(frames) == count
    for line, frame in zip(published, frames, strict=True):
        event = json.loads(frame.payload)
        ((kind, body),) = event.items()
        assert line["type"] == body.get("event", kind)
        assert line["topic"] == TOPIC
        assert line["message_id"] == frame.id
        assert line["event"] == body["msgInfo"]
        assert line["interaction"] == body.get("interactionGUID", body.get("agentId"))
        assert line["sha256"] == hashlib.sha256(frame.payload).hexdigest()
    assert {line["kind"] for line in lines} >= {"published", "opened"}
    first = next(line["interaction"] for line in published)
    of_first = [line["sequence"] for line in published if line["interaction"] == first]
    assert of_first == list(range(len(of_first)))


def test_a_folder_of_payloads_is_played(tmp_path: Path) -> None:
    payloads = tmp_path / "payloads"
    payloads.mkdir()
    for name in ("b", "a"):
        (payloads / f"{name}.json").write_text(json.dumps({"Interaction": {"event": name}}))
    more = ("--topic", "8x8/stream/all", "--payloads", str(payloads), "--interactions", "2")
    server = SimulatedServer(tmp_path, *more)
    server.start()
    try:
        with reader(server, "8x8/stream/all") as session:
            frames = session.taken(8)
        assert [json.loads(text)["Interaction"]["event"] for text in said(frames[:2])] == ["a", "b"]
        assert all("Interaction" in text or "Agent" in text for text in said(frames[2:]))
    finally:
        server.stop()


def test_a_wrong_call_is_told(server: SimulatedServer) -> None:
    for name, arguments, status in (
        ("nonsense", {}, 404),
        ("_cluster", {}, 404),
        ("trim", {}, 400),
        ("disturb", {"nonsense": 1}, 404),
    ):
        assert server.status(name, arguments) == status


def test_it_explains_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "desk.pulsar", "--help"], capture_output=True, text=True, check=True
    )
    assert "--idle-seconds" in done.stdout


def test_a_handshake_that_is_given_up_holds_nothing(server: SimulatedServer) -> None:
    path = f"consumer/persistent/{TOPIC}/one"
    server.call("disturb", handshake_seconds=0.3)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            Socket(server, path, patience=0.1)
    server.call("disturb", handshake_seconds=0.0)
    with opened(server, path, {}) as session:
        assert session.pong()
    server.call("restart")
    assert server.call("connected") == 0
