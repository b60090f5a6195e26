"""The reader on the legacy Streaming API, over real sockets. Each test names its row."""

import json
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from switchboard.sources.stream_types import GAP, UNDECODABLE
from tests.desk.sapi.serving import SECRET, SapiServer
from tests.functions.stream_reader.rig import BULK, LIVE, SOURCE, Running, Stage, until


def stage_of(server: SapiServer, **document: Any) -> Stage:
    return Stage(server.url, secret=SECRET, **document)


def events(first: int, behind: int, age: float = 0.0) -> list[str]:
    """Payloads of three interactions, in turn."""
    at = round((time.time() - age) * 1000)
    return [
        json.dumps(
            {
                "Interaction": {
                    "event": "InteractionQueued",
                    "interactionGUID": f"int-{n % 3}",
                    "interactionEventTS": at // 1000,
                    "number": n,
                    "msgInfo": {"instanceId": "node-1", "sequenceId": n, "timestamp": at},
                }
            }
        )
        for n in range(first, behind)
    ]


def numbers(stage: Stage, queue: str = LIVE) -> list[int]:
    bodies = [json.loads(body) for body in stage.bodies(queue)]
    return [body["Interaction"]["number"] for body in bodies if "Interaction" in body]


def has(stage: Stage, enough: int) -> bool:
    return len(numbers(stage)) >= enough


def all_in_order(stage: Stage, expected: Iterable[int]) -> bool:
    came = numbers(stage)
    groups = [[n for n in came if n % 3 == group] for group in range(3)]
    return sorted(came) == list(expected) and all(group == sorted(group) for group in groups)


def connected(server: SapiServer) -> bool:
    return bool(server.call("connected"))


@pytest.mark.parametrize("output", ["JSON", "NEWLINE_JSON"])
@pytest.mark.parametrize(("frame_bytes", "in_a_frame"), [(0, 1), (0, 7), (50, 1), (333, 7)])
def test_everything_arrives_in_order(output: str, frame_bytes: int, in_a_frame: int) -> None:
    """Reference: WebSocket URL, output types; payloads."""
    with SapiServer(frame_bytes=frame_bytes, in_a_frame=in_a_frame) as server:
        stage = stage_of(server, output=output)
        with Running(stage) as running:
            until(lambda: connected(server))
            server.publish(events(0, 40))
            until(lambda: has(stage, 40))
        assert all_in_order(stage, range(40))
        assert running.count("events") == 40
        assert {envelope.raw.kind for envelope in stage.envelopes() if envelope.raw} == {"sapi"}


def test_the_events_of_a_contact_centre_are_those_of_the_stream() -> None:
    """Reference: payloads: same bodies and names."""
    with SapiServer() as server:
        stage = stage_of(server)
        with Running(stage):
            until(lambda: connected(server))
            count = server.call("play", count=20)
            until(lambda: len(stage.envelopes()) == count)
        assert all(one.event and not one.event.weakid for one in stage.envelopes())


def test_heartbeats_are_no_events_and_keep_the_connection() -> None:
    """Reference: heartbeat."""
    with SapiServer(heartbeat_seconds=0.1) as server:
        stage = stage_of(server, silence_seconds=5)
        with Running(stage) as running:
            until(lambda: running.count("other_frames") >= 60)
            assert running.count("silent") == 0
        assert stage.envelopes() == []
        assert running.count("events") == 0


def test_without_heartbeats_the_connection_is_replaced() -> None:
    """Reference: heartbeat (its interval is not published)."""
    with SapiServer() as server:
        stage = stage_of(server, silence_seconds=5)
        with Running(stage) as running:
            until(lambda: connected(server))
            server.call("silence")
            server.publish(events(0, 5))
            until(lambda: running.count("silent") >= 1)
            server.call("silence", silent=False)
            until(lambda: has(stage, 5))
        assert all_in_order(stage, range(5))


def test_the_end_of_a_session_is_no_trouble() -> None:
    """Reference: session length: dropped after 60 min; reconnect with the same id."""
    with SapiServer(session_seconds=1.0) as server:
        stage = stage_of(server, session_seconds=1)
        with Running(stage, longest_back_off=60.0) as running:
            for number in range(40):
                server.publish(events(number, number + 1))
                time.sleep(0.1)
            until(lambda: has(stage, 40 - before_the_first(stage)))
        assert sorted(numbers(stage)) == list(range(before_the_first(stage), 40))
        assert running.count("reconnects") >= 3


def before_the_first(stage: Stage) -> int:
    """What was published before the subscription began; nothing keeps that."""
    came = numbers(stage)
    return min(came) if came else 0


def test_what_comes_while_nobody_is_connected_is_replayed() -> None:
    """Reference: replay: up to 2 h buffered while disconnected."""
    with SapiServer() as server:
        stage = stage_of(server)
        with Running(stage):
            until(lambda: connected(server))
        server.publish(events(0, 30))
        with Running(stage, "two"):
            until(lambda: has(stage, 30))
        assert all_in_order(stage, range(30))
        assert not [one for one in stage.envelopes() if one.event and one.event.type == GAP]


def test_an_absence_beyond_the_replay_is_told_as_a_gap() -> None:
    """Reference: replay: beyond 2 h a brand-new subscription, nothing replayed."""
    with SapiServer(replay_seconds=0.3) as server:
        stage = stage_of(server, replay_seconds=1)
        with Running(stage):
            until(lambda: connected(server))
        server.publish(events(0, 3))
        time.sleep(1.2)
        with Running(stage, "two") as running:
            until(lambda: running.count("gaps") == 1)
            until(lambda: connected(server))
            server.publish(events(3, 6))
            until(lambda: has(stage, 3))
        told = [one for one in stage.envelopes() if one.event and one.event.type == GAP]
        assert len(told) == 1
        assert told[0].raw
        body = json.loads(told[0].raw.body)
        assert body["cause"] == "replay_window"
        assert body["after_time"] < body["until_time"]
        assert numbers(stage) == [3, 4, 5]


def test_a_killed_task_is_told_as_a_gap() -> None:
    """Reference: positions and acks: none: what was delivered is not sent again."""
    with SapiServer() as server:
        stage = stage_of(server)
        stage.sqs.down = True
        with Running(stage) as running:
            until(lambda: connected(server))
            server.publish(events(0, 5))
            until(lambda: running.count("events") == 5)
            until(lambda: '"finished":false' in str(stage.checkpoints.kept))
            running.kill()
        stage.sqs.down = False
        with Running(stage, "one") as running:
            until(lambda: running.count("gaps") == 1)
            until(lambda: connected(server))
            server.publish(events(5, 8))
            until(lambda: has(stage, 3))
        assert numbers(stage) == [5, 6, 7], "what was in memory is lost"
        (told,) = [one for one in stage.envelopes() if one.event and one.event.type == GAP]
        assert told.raw
        assert json.loads(told.raw.body)["cause"] == "interrupted"
        with Running(stage, "three") as running:
            until(lambda: connected(server))
        assert running.count("gaps") == 0, "after a clean end there is nothing to tell"


def test_late_events_go_to_bulk() -> None:
    """Reference: replay: what waited is old."""
    with SapiServer() as server:
        stage = stage_of(server, catch_up_seconds=600)
        with Running(stage):
            until(lambda: connected(server))
            server.publish(events(0, 6, age=3600))
            until(lambda: len(numbers(stage, BULK)) == 6)
            server.publish(events(6, 9))
            until(lambda: len(numbers(stage, BULK)) + len(numbers(stage)) == 9)
        assert numbers(stage, BULK)[:6] == list(range(6))


def test_while_sqs_is_down_the_server_is_held_back() -> None:
    """Reference: positions and acks: none."""
    with SapiServer() as server:
        stage = stage_of(server, unconfirmed_limit=5, silence_seconds=5)
        with Running(stage) as running:
            until(lambda: connected(server))
            stage.sqs.down = True
            server.publish(events(0, 200))
            until(lambda: running.count("events") >= 5)
            time.sleep(0.5)
            assert running.count("events") == 5
            stage.sqs.down = False
            until(lambda: has(stage, 200))
        assert all_in_order(stage, range(200))
        assert running.count("silent") == 0


def test_a_stop_sends_on_what_was_on_its_way() -> None:
    """Reference: positions and acks: none."""
    with SapiServer() as server:
        stage = stage_of(server, unconfirmed_limit=5)
        stage.sqs.seconds = 0.05
        published = 0
        for round_ in range(3):
            with Running(stage, f"owner-{round_}"):
                until(lambda: connected(server))
                server.publish(events(published, published + 50))
                published += 50
                until(partial(has, stage, published - 40))
        with Running(stage, "last"):
            until(lambda: has(stage, published))
        assert all_in_order(stage, range(published))


def test_a_connection_that_is_dropped_is_opened_again() -> None:
    """Reference: replay."""
    with SapiServer() as server:
        stage = stage_of(server)
        with Running(stage) as running:
            for first in range(0, 30, 10):
                until(lambda: connected(server))
                server.publish(events(first, first + 10))
                until(partial(has, stage, first + 10))
                server.call("drop")
            server.call("restart")
            server.publish(events(30, 40))
            until(lambda: has(stage, 40))
        assert all_in_order(stage, range(40))
        assert running.count("gaps") == 0


def test_what_cannot_be_read_is_sent_on_and_stalls_nothing() -> None:
    """Reference: payloads."""
    with SapiServer() as server:
        stage = stage_of(server, output="NEWLINE_JSON")
        with Running(stage) as running:
            until(lambda: connected(server))
            server.publish(["no JSON", "{broken", *events(0, 3), '"text"', '{"a": NaN}'])
            until(lambda: has(stage, 3))
            until(lambda: running.count("poison") == 4)
        told = [one for one in stage.envelopes() if one.event and one.event.type == UNDECODABLE]
        assert len(told) == 4


def test_a_wrong_credential_is_told_and_read_again() -> None:
    """Reference: auth: user name and data request token, Basic style."""
    with SapiServer() as server:
        stage = Stage(server.url, secret={**SECRET, "token": "old"})
        with Running(stage) as running:
            until(lambda: running.count("refused_handshakes") >= 2)
            stage.secrets.current = SECRET
            until(lambda: connected(server))


def test_a_secret_without_its_fields_is_told() -> None:
    """Reference: auth."""
    with SapiServer() as server:
        stage = Stage(server.url, secret={"username": "acme-user", "key": "one"})
        with Running(stage) as running:
            until(lambda: running.count("configuration_errors") >= 1)
        assert any("has no token" in str(told) for told in running.telemetry.warnings)


def test_one_task_reads_at_a_time() -> None:
    """Reference: concurrency: each client its own subscription id."""
    with SapiServer() as server:
        stage = stage_of(server)
        with Running(stage) as one:
            until(lambda: connected(server))
            with Running(stage, "two") as two:
                server.publish(events(0, 10))
                until(lambda: has(stage, 10))
                assert (one.count("events"), two.count("events")) == (10, 0)
                one.stop()
                server.publish(events(10, 20))
                until(lambda: has(stage, 20))
        assert all_in_order(stage, range(20))
        assert SOURCE in stage.leases.fences
