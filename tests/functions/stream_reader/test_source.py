"""A source over its life: documents, secrets, leases, refusals, and sockets that die."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from switchboard.sources.stream_types import GAP
from tests.functions.stream_reader.rig import LIVE, SOURCE, Running, Stage, until
from tests.pulsar.client import publish
from tests.pulsar.simulated import SimulatedServer

KEY = "eght_first"
TOPIC = "acme01/event-v1/all"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatedServer]:
    server = SimulatedServer(tmp_path, "--api-key", KEY, "--namespace", "acme01/event-v1")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stage(server: SimulatedServer) -> Stage:
    return Stage(server.url, KEY, tenant="acme01", credential="api_key")


def send(server: SimulatedServer, *numbers: int, topic: str = TOPIC) -> None:
    publish(server, topic, [json.dumps({"Interaction": {"number": n}}) for n in numbers])


def numbers(stage: Stage) -> list[int]:
    bodies = (json.loads(body) for body in stage.bodies())
    return [body["Interaction"]["number"] for body in bodies if "Interaction" in body]


def test_a_source_without_a_document_waits_for_one(server: SimulatedServer, stage: Stage) -> None:
    stage.parameters.parameters.clear()
    send(server, 1)
    with Running(stage) as running:
        until(lambda: running.count("configuration_errors"))
        stage.write_document()
        until(lambda: numbers(stage) == [1])


def test_a_changed_document_is_read_by_without_a_restart(
    server: SimulatedServer, stage: Stage
) -> None:
    send(server, 1)
    with Running(stage):
        until(lambda: numbers(stage) == [1])
        stage.write_document(topics=["event-v1/all", "event-v1/AgentStatusChange"])
        send(server, 2, topic="acme01/event-v1/AgentStatusChange")
        until(lambda: numbers(stage) == [1, 2])
    assert len(stage.sqs.taken[LIVE]) == 2, "nothing came twice"


def test_a_broken_document_leaves_the_last_good_one(server: SimulatedServer, stage: Stage) -> None:
    with Running(stage) as running:
        send(server, 1)
        until(lambda: numbers(stage) == [1])
        stage.write_document(receiver_queue_size=0)
        until(lambda: running.count("document_refused"))
        send(server, 2)
        until(lambda: numbers(stage) == [1, 2])


def test_a_rotated_key_needs_no_restart(server: SimulatedServer, stage: Stage) -> None:
    with Running(stage) as running:
        send(server, 1)
        until(lambda: numbers(stage) == [1])
        server.call("configure", api_keys=["eght_second"])
        server.call("drop")
        until(lambda: running.count("refused_handshakes"))
        stage.secrets.current = {"key": "eght_second"}
        send(server, 2)
        until(lambda: numbers(stage) == [1, 2])


def test_a_secret_without_its_field_is_told(server: SimulatedServer, stage: Stage) -> None:
    stage.secrets.current = stage.secrets.cached = {}
    with Running(stage) as running:
        until(lambda: running.count("configuration_errors"))
    assert any("switchboard secrets set" in str(fields) for _, fields in running.telemetry.warnings)
    assert not server.call("injected")


@pytest.mark.parametrize("status", [500, 502, 503, 404])
def test_refused_handshakes_are_tried_again(
    server: SimulatedServer, stage: Stage, status: int
) -> None:
    send(server, 1)
    server.call("refuse", status=status, times=6)
    with Running(stage) as running:
        until(lambda: numbers(stage) == [1])
    assert running.count("refused_handshakes") > 0


def test_dropped_sockets_lose_nothing(server: SimulatedServer, stage: Stage) -> None:
    with Running(stage):
        for number in range(20):
            send(server, number)
            if number % 5 == 0:
                server.call("drop")
        until(lambda: numbers(stage) == list(range(20)))


def test_a_half_open_socket_is_noticed_by_its_pings(server: SimulatedServer, stage: Stage) -> None:
    with Running(stage, pong=0.5):
        send(server, 1)
        until(lambda: numbers(stage) == [1])
        server.call("half_open")
        send(server, 2)
        until(lambda: numbers(stage) == [1, 2])


def test_a_muted_session_is_noticed_by_its_silence(server: SimulatedServer, stage: Stage) -> None:
    stage.write_document(silence_seconds=5)
    with Running(stage) as running:
        send(server, 1)
        until(lambda: numbers(stage) == [1])
        server.call("mute")
        send(server, 2)
        until(lambda: numbers(stage) == [1, 2])
    assert running.count("silent") == 1
    assert running.count("muted") == 0, "no message was to blame"


def test_a_full_window_is_no_silence(server: SimulatedServer, stage: Stage) -> None:
    stage.write_document(silence_seconds=5, receiver_queue_size=3)
    stage.sqs.down = True
    send(server, *range(10))
    with Running(stage) as running:
        until(lambda: running.count("frames") == 3)
        time.sleep(6.0)
        assert running.count("silent") == 0
        assert running.count("in_flight") == 3
        stage.sqs.down = False
        until(lambda: sorted(numbers(stage)) == list(range(10)))


def test_of_two_tasks_one_reads(server: SimulatedServer, stage: Stage) -> None:
    send(server, 1, 2)
    with Running(stage, "one") as first:
        until(lambda: numbers(stage) == [1, 2])
        with Running(stage, "two") as second:
            send(server, 3)
            until(lambda: numbers(stage) == [1, 2, 3])
            first.stop()
            send(server, 4)
            until(lambda: numbers(stage) == [1, 2, 3, 4])
            assert second.count("events") == 1
    assert len(stage.sqs.taken[LIVE]) == 4, "nothing was read twice over"


def test_a_task_that_lost_its_lease_stops_and_keeps_nothing(
    server: SimulatedServer, stage: Stage
) -> None:
    with Running(stage, "one") as running:
        send(server, 1)
        until(lambda: numbers(stage) == [1])
        stage.leases.held.clear()
        taken = stage.leases.take(SOURCE, "two", 0.0, time.time() + 1000)
        assert taken is not None
        until(lambda: not server.call("connected"))
        assert any("lease" in told for told, _ in running.telemetry.warnings)


def test_a_clean_stop_keeps_the_last_mark_and_gives_up_the_lease(
    server: SimulatedServer, stage: Stage
) -> None:
    stage.sqs.seconds = 0.2
    send(server, *range(8))
    with Running(stage, keep_every=60.0) as running:
        until(lambda: running.count("frames") == 8)
    assert numbers(stage) == list(range(8)), "what came before the signal was sent"
    assert not stage.leases.held
    before = len(stage.sqs.taken[LIVE])
    send(server, 8)
    with Running(stage, "two"):
        until(lambda: 8 in numbers(stage))
    assert len(stage.sqs.taken[LIVE]) == before + 1


def test_a_first_start_at_latest_leaves_out_what_is_old(
    server: SimulatedServer, stage: Stage
) -> None:
    hour_ago = int((time.time() - 3600) * 1000)
    old = {"payload": "eyJJbnRlcmFjdGlvbiI6eyJudW1iZXIiOjB9fQ=="}
    server.call("publish", topic=TOPIC, messages=[old], at=hour_ago)
    send(server, 1)
    stage.write_document(start="latest")
    with Running(stage) as running:
        until(lambda: numbers(stage) == [1])
        assert running.count("passed_over") == 1


def test_a_checkpoint_that_cannot_be_read_is_not_guessed(
    server: SimulatedServer, stage: Stage
) -> None:
    send(server, 1)
    with Running(stage):
        until(lambda: numbers(stage) == [1])
    (place,) = (name for name in stage.checkpoints.kept if TOPIC in name)
    kept = stage.checkpoints.kept[place]
    stage.checkpoints.kept[place] = ("{broken", kept[1])
    send(server, 2)
    with Running(stage, "two") as running:
        until(lambda: running.count("configuration_errors"))
        assert numbers(stage) == [1]
        stage.checkpoints.kept[place] = kept
        until(lambda: numbers(stage) == [1, 2])


def test_another_cluster_is_read_and_told(server: SimulatedServer, stage: Stage) -> None:
    send(server, *range(30))
    with Running(stage):
        until(lambda: numbers(stage) == list(range(30)))
        server.call("other_cluster")
        send(server, 30)
        time.sleep(1.0)
        send(server, 31)
        until(lambda: 31 in numbers(stage))
    told = [e for e in stage.envelopes() if e.event and e.event.type == GAP]
    assert told[0].raw is not None
    assert json.loads(told[0].raw.body)["cause"] == "other_cluster"


def test_connected_and_nothing_ever_came(server: SimulatedServer, stage: Stage) -> None:
    stage.write_document(nothing_ever_came_seconds=5, topics=["event-v1/misspelt"])
    with Running(stage) as running:
        until(lambda: running.count("nothing_ever_came"))
    assert server.call("injected") == {}


def test_a_ghost_holds_the_subscription_for_a_while(server: SimulatedServer, stage: Stage) -> None:
    del stage.document["start"]
    stage.write_document(mode="consumer", subscription="one", subscription_start="earliest")
    send(server, 1)
    with Running(stage) as running:
        until(lambda: numbers(stage) == [1])
        server.call("drop", ghost_seconds=2.0)
        send(server, 2)
        until(lambda: numbers(stage) == [1, 2])
        assert any("409" in str(fields) for _, fields in running.telemetry.warnings)
        assert running.count("refused_handshakes") == 0, "only a ghost of ten minutes is told"


@pytest.mark.parametrize("kind", ["Failover", "Key_Shared", "Shared"])
def test_subscriptions_of_several_tasks_need_no_lease(
    server: SimulatedServer, stage: Stage, kind: str
) -> None:
    del stage.document["start"]
    stage.write_document(
        mode="consumer",
        subscription="one",
        subscription_start="earliest",
        subscription_type=kind,
        order="none",
    )
    with Running(stage, "one"), Running(stage, "two"):
        until(lambda: server.call("connected") == 2)
        send(server, *range(20))
        until(lambda: sorted(came(stage)) == list(range(20)))
    assert not stage.leases.fences


def came(stage: Stage) -> list[int]:
    taken = [message for queue in stage.sqs.taken.values() for message in queue]
    bodies = {m.deduplication_id: json.loads(m.body)["raw"]["body"] for m in taken}
    return [json.loads(body)["Interaction"]["number"] for body in bodies.values()]
