"""The product's reader against the server: what it makes of all that the protocol may do."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest

from switchboard.sources.stream_types import GAP, UNDECODABLE
from tests.functions.stream_reader.rig import BULK, LIVE, SOURCE, Running, Stage, until
from tests.pulsar.client import publish
from tests.pulsar.server import PulsarServer, Special


def stage_of(server: PulsarServer, topic: str, **document: Any) -> Stage:
    document.setdefault("topics", [topic.removeprefix("public/")])
    return Stage(server.url, server.token(), **document)


def events(first: int, behind: int) -> list[str]:
    """Payloads of three interactions, in turn."""
    return [
        json.dumps({"Interaction": {"event": "InteractionQueued", "interactionGUID": f"int-{n % 3}",
                                    "number": n}})
        for n in range(first, behind)
    ]  # fmt: skip


def numbers(stage: Stage, queue: str = LIVE) -> list[int]:
    bodies = [json.loads(body) for body in stage.bodies(queue)]
    return [body["Interaction"]["number"] for body in bodies if "Interaction" in body]


def has(stage: Stage, enough: int) -> bool:
    return len(numbers(stage)) >= enough


def all_in_order(stage: Stage, expected: Iterable[int]) -> bool:
    """Whether all came, and those of each interaction in their order."""
    came = numbers(stage)
    groups = [[n for n in came if n % 3 == group] for group in range(3)]
    return sorted(came) == list(expected) and all(group == sorted(group) for group in groups)


@pytest.mark.parametrize("batch", [0, 7], ids=["single", "batches"])
def test_everything_arrives_in_order(server: PulsarServer, topic: str, batch: int) -> None:
    publish(server, topic, events(0, 50), batch=batch)
    stage = stage_of(server, topic)
    with Running(stage) as running:
        until(lambda: len(numbers(stage)) == 50)
        publish(server, topic, events(50, 60), batch=batch)
        until(lambda: len(numbers(stage)) == 60)
    assert all_in_order(stage, range(60))
    assert running.count("events") == 60


def test_a_window_that_is_smaller_than_the_stream(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 60))
    stage = stage_of(server, topic, receiver_queue_size=5)
    stage.sqs.seconds = 0.01
    with Running(stage):
        until(lambda: len(numbers(stage)) == 60)
    assert all_in_order(stage, range(60))
    assert stage.sqs.most_waiting <= 5


@pytest.mark.parametrize("batch", [0, 7], ids=["single", "batches"])
def test_a_new_task_goes_on_after_the_last_one(
    server: PulsarServer, topic: str, batch: int
) -> None:
    publish(server, topic, events(0, 20), batch=batch)
    stage = stage_of(server, topic)
    with Running(stage):
        until(lambda: len(numbers(stage)) == 20)
    before = len(stage.sqs.taken[LIVE])
    publish(server, topic, events(20, 30), batch=batch)
    with Running(stage, "two"):
        until(lambda: len(numbers(stage)) == 30)
    assert all_in_order(stage, range(30))
    assert len(stage.sqs.taken[LIVE]) == before + 10, "nothing came twice"


def test_a_killed_task_loses_nothing(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 60))
    stage = stage_of(server, topic, receiver_queue_size=8)
    stage.sqs.seconds = 0.02
    for enough in (5, 15, 25, 35):
        with Running(stage) as running:
            until(partial(has, stage, enough))
            running.kill()
    stage.sqs.seconds = 0.0
    with Running(stage, "one"):
        until(lambda: len(numbers(stage)) == 60)
    assert all_in_order(stage, range(60))


def test_partial_and_whole_failures_of_sqs(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 30))
    stage = stage_of(server, topic)
    refused: Counter[str] = Counter()

    def refuse(message: object) -> str | None:
        # A frame that the server sends again is another message.
        key = str(message)
        if refused[key] == 2:
            return None
        refused[key] += 1
        return "SQS refused it: InternalError"

    stage.sqs.refuse = refuse
    with Running(stage) as running:
        until(lambda: len(numbers(stage)) == 30)
    assert all_in_order(stage, range(30))
    assert running.count("sqs_refused") == refused.total() >= 60


def test_the_server_restarts(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 10))
    stage = stage_of(server, topic)
    with Running(stage):
        until(lambda: len(numbers(stage)) == 10)
        server.restart()
        publish(server, topic, events(10, 20))
        until(lambda: len(numbers(stage)) == 20)
    assert all_in_order(stage, range(20))


def test_what_cannot_be_decoded_is_sent_on_and_never_stalls(
    server: PulsarServer, topic: str
) -> None:
    poison = ["no JSON", "[1]", '"text"', "{broken", "", "\ufffd", "null", "12"]
    publish(server, topic, [each for text in poison for each in (text, *events(0, 1))] * 25)
    stage = stage_of(server, topic, receiver_queue_size=10)
    with Running(stage) as running:
        until(lambda: running.count("frames") == 400)
    undecodable = [e for e in stage.envelopes() if e.event and e.event.type == UNDECODABLE]
    assert len(undecodable) == 200, "each with an id of its own"
    assert running.count("poison") == 200


def test_the_same_event_on_overlapping_topics_is_one(server: PulsarServer, topic: str) -> None:
    names = [topic, f"{topic}-again"]
    for name in names:
        publish(server, name, events(0, 10))
    stage = stage_of(server, topic, topics=[name.removeprefix("public/") for name in names])
    with Running(stage) as running:
        until(lambda: running.count("events") == 20)
    assert all_in_order(stage, range(10))
    assert len({m.deduplication_id for m in stage.sqs.taken[LIVE]}) == 10


def test_partitions_each_have_their_session(server: PulsarServer, topic: str) -> None:
    server.partitions(topic, 3)
    publish(server, topic, events(0, 30))
    stage = stage_of(server, topic, partitions={topic.removeprefix("public/"): 3})
    with Running(stage):
        until(lambda: len(numbers(stage)) == 30)
    publish(server, topic, events(30, 36))
    with Running(stage, "two"):
        until(lambda: len(numbers(stage)) == 36)
    assert sorted(numbers(stage)) == list(range(36))
    assert len(stage.checkpoints.kept) == 4


def test_a_large_payload_arrives_whole(server: PulsarServer, topic: str) -> None:
    large = json.dumps({"Interaction": {"number": 0, "notes": "ü" * 500_000}})
    server.publish_special(topic, [Special(large.encode())])
    stage = stage_of(server, topic)
    with Running(stage):
        until(stage.envelopes)
    (envelope,) = stage.envelopes()
    assert envelope.event_ref is not None
    claim = json.loads(stage.bucket.load(envelope.event_ref))
    assert claim["raw"]["body"] == large


def test_a_null_value_is_stepped_over_and_recorded(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 3))
    server.publish_special(topic, [Special(None)])
    publish(server, topic, events(3, 6))
    stage = stage_of(server, topic, silence_seconds=5)
    with Running(stage, probe=5 * server.silence) as running:
        until(lambda: len(numbers(stage)) == 6)
    (gap,) = [e for e in stage.envelopes() if e.event and e.event.type == GAP]
    assert gap.raw is not None
    assert json.loads(gap.raw.body)["cause"] == "undeliverable"
    assert running.count("muted") == 1


def test_what_retention_removed_while_nobody_read_is_told(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 5))
    stage = stage_of(server, topic, gap_seconds=1)
    with Running(stage):
        until(lambda: len(numbers(stage)) == 5)
    time.sleep(1.5)
    publish(server, topic, events(5, 34))
    trimmed(server, topic)
    with Running(stage, "two") as running:
        until(lambda: 33 in numbers(stage))
    came = numbers(stage)
    assert came[:5] == list(range(5))
    assert came[5] > 5, "something was removed"
    assert [each["cause"] for each in gaps(stage)] == ["retention"]
    assert running.count("gaps") == 1


def test_what_retention_removed_from_a_stalled_reader_is_told(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, events(0, 5))
    stage = stage_of(server, topic, gap_seconds=1, receiver_queue_size=5)
    stage.sqs.down = True
    with Running(stage) as running:
        until(lambda: running.count("in_flight") == 5)
        publish(server, topic, events(5, 9))
        time.sleep(1.5)
        publish(server, topic, events(9, 50))
        trimmed(server, topic)
        stage.sqs.down = False
        publish(server, topic, events(50, 51))
        until(lambda: 50 in numbers(stage))
    assert len(numbers(stage)) < 51, "something was removed"
    assert [each["cause"] for each in gaps(stage)] == ["retention"]


def trimmed(server: PulsarServer, topic: str) -> None:
    """Have all but the open ledger removed; a new retention reaches a topic a moment later."""

    def gone() -> bool:
        server.trim(topic)
        return len(server.ledgers(topic)) == 1

    until(gone)


def gaps(stage: Stage) -> list[dict[str, str]]:
    told = (each for each in stage.envelopes() if each.event and each.event.type == GAP)
    return [json.loads(each.raw.body) for each in told if each.raw]


def test_partitions_that_the_document_does_not_know_are_told(
    server: PulsarServer, topic: str
) -> None:
    server.partitions(topic, 2)
    publish(server, topic, events(0, 10))
    stage = stage_of(server, topic)
    with Running(stage) as running:
        until(lambda: running.count("configuration_errors"))
        stage.write_document(partitions={topic.removeprefix("public/"): 2})
        until(lambda: sorted(numbers(stage)) == list(range(10)))


def test_a_consumer_acknowledges_what_sqs_has(server: PulsarServer, topic: str) -> None:
    publish(server, topic, events(0, 25), batch=7)
    stage = stage_of(
        server, topic, mode="consumer", subscription="one", subscription_start="earliest"
    )
    stage.document.pop("start")
    stage.write_document()
    with Running(stage):
        until(lambda: len(numbers(stage)) == 25)
    publish(server, topic, events(25, 30))
    before = len(stage.sqs.taken[LIVE])
    with Running(stage, "two"):
        until(lambda: len(numbers(stage)) == 30)
    assert all_in_order(stage, range(30))
    assert len(stage.sqs.taken[LIVE]) == before + 5


def test_late_events_go_to_bulk_and_their_groups_come_back(
    server: PulsarServer, topic: str
) -> None:
    publish(server, topic, events(0, 6))
    stage = stage_of(server, topic, catch_up_seconds=1)
    time.sleep(1.5)
    with Running(stage):
        until(lambda: len(numbers(stage, BULK)) == 6)
        publish(server, topic, events(6, 9))
        until(lambda: len(numbers(stage, BULK)) == 9)
        stage.bulk.marked = {
            (envelope.group, envelope.event.id)
            for envelope in stage.envelopes(BULK)
            if envelope.event
        }
        until(lambda: '"groups":{}' in str(stage.checkpoints.kept.get(f"{SOURCE}/catch-up")))
        publish(server, topic, events(9, 12))
        until(lambda: len(numbers(stage)) + len(numbers(stage, BULK)) == 12)
    assert numbers(stage) == [9, 10, 11]
