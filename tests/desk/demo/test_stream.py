"""The stream's part of the evidence: from the simulator's log to what had to arrive."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from desk.demo.evidence import Arrival, Sent, find_id, placed, read_lake, read_published
from desk.demo.stream import DUPLICATE_SHARE, SURELY, StreamPlan, duplicating_seed
from desk.demo.verdict import judge
from desk.pulsar.interactions import interactions
from desk.pulsar.journal import Journal
from desk.pulsar.topic import Message

TOPIC = "acme01/event-v1/all"
BEFORE_MIDNIGHT = 1_795_564_790


def published(folder: Path, *bodies: dict[str, Any]) -> list[Sent]:
    """The evidence of what the simulator's own journal says of these payloads."""
    journal = Journal(folder / "stream.jsonl")
    journal.write("opened", topic=TOPIC)
    for number, body in enumerate(bodies):
        journal.published(TOPIC, f"id-{number}", Message(json.dumps(body).encode()), 1)
    journal.close()
    return read_published(folder / "stream.jsonl", "contact-centre")


def played(folder: Path) -> list[Sent]:
    return published(folder, *interactions(12, 8, BEFORE_MIDNIGHT))


def event(step: str, number: int, **more: Any) -> dict[str, Any]:
    info = {"instanceId": "node-1", "sequenceId": number, "timestamp": 1_795_564_790_000 + number}
    return {"Interaction": {"event": f"Interaction{step}", "msgInfo": info, **more}}


def status(number: int, at: int) -> dict[str, Any]:
    info = {"instanceId": "node-1", "sequenceId": number, "timestamp": at * 1000}
    return {"AgentStatusChange": {"agentId": "ag1", "newState": 4, "msgInfo": info}}


def arrival(one: Sent, destination: str, at: float) -> Arrival:
    """As a stand-in's log has it: of the order it knows nothing."""
    return Arrival(destination, at, one.id, "", 0, stored=True, what="stored")


def everywhere(sent: list[Sent]) -> list[Arrival]:
    arrived = [
        arrival(one, destination, float(number))
        for number, one in enumerate(sent)
        for destination in one.deliver
    ]
    return placed(arrived, sent)


def test_what_was_played_and_arrived_once_in_its_order_holds(tmp_path: Path) -> None:
    sent = played(tmp_path)
    verdict = judge(sent, everywhere(sent), [])
    assert verdict.holds
    assert verdict.events == len(sent) > 60


def test_a_message_that_never_arrived_is_lost_wherever_it_was_due(tmp_path: Path) -> None:
    sent = played(tmp_path)
    gone = sent[7]
    arrived = [one for one in everywhere(sent) if one.id != gone.id]
    assert judge(sent, arrived, []).lost == sorted(f"{to} {gone.id}" for to in gone.deliver)


def test_a_message_that_was_stored_twice_is_seen(tmp_path: Path) -> None:
    sent = played(tmp_path)
    arrived = everywhere(sent)
    again = arrived + placed([arrival(sent[3], "lake", 999.0)], sent)
    verdict = judge(sent, again, [])
    assert verdict.twice == [f"lake {sent[3].id}"]


def test_two_messages_of_an_interaction_that_changed_places_are_seen(tmp_path: Path) -> None:
    sent = published(tmp_path, event("Created", 1, interactionGUID="int-1"),
                     event("Queued", 2, interactionGUID="int-1"))  # fmt: skip
    turned = placed([arrival(sent[1], "lake", 1.0), arrival(sent[0], "lake", 2.0)], sent)
    assert judge(sent, turned, []).disorder == [f"lake {sent[0].id}: after number 1"]


def test_the_routes_are_those_of_the_demos_documents(tmp_path: Path) -> None:
    created, deleted, agent = published(
        tmp_path,
        event("Created", 1, interactionGUID="int-1"),
        event("Deleted", 2, interactionGUID="int-1"),
        status(3, BEFORE_MIDNIGHT),
    )
    assert set(created.deliver) == {"pager", "lake"}
    assert set(deleted.deliver) == {"crm", "pager", "lake"}
    assert set(agent.deliver) == {"lake"}


def test_an_agents_events_have_an_order_within_a_day(tmp_path: Path) -> None:
    same, day, next_day = published(
        tmp_path,
        status(1, BEFORE_MIDNIGHT),
        status(2, BEFORE_MIDNIGHT + 5),
        status(3, BEFORE_MIDNIGHT + 86_400),
    )
    assert same.interaction == day.interaction != next_day.interaction


@pytest.mark.parametrize("where", ["data", "details"])
def test_a_message_is_known_again_wherever_its_info_is(where: str) -> None:
    info = {"instanceId": "node-1", "sequenceId": 7, "timestamp": 99}
    assert find_id({"type": "x", where: {"deeper": [{"msgInfo": info}]}}) == "node-1/7/99"
    assert find_id({"type": "x", where: {"msgInfo": {}}}) == ""


def test_a_message_in_the_lake_is_an_arrival() -> None:
    info = {"instanceId": "node-1", "sequenceId": 7, "timestamp": 99}
    objects = {"events/1": json.dumps({"data": {"details": {"msgInfo": info}}}).encode()}
    call = {"action": "PutObject", "status": 200, "at": 5.0, "resource": "arn:aws:s3:::b/events/1"}
    (found,) = read_lake(objects, [call])
    assert (found.id, found.at, found.stored) == ("node-1/7/99", 5.0, True)


def test_the_steps_follow_from_the_seed_and_are_as_many_as_are_due() -> None:
    plan = StreamPlan(interactions=8, seed=3, seconds=1.0, kills=2, drops=3)
    steps = list(plan.steps())
    assert steps == list(plan.steps())
    assert [what for what, *_ in steps] == ["drop", "kill", "drop", "kill", "drop"]
    named = {"kill 1", "kill 2", "drop 1", "drop 2", "drop 3", "repeated frame"}
    assert plan.due == named
    # Longer than the reader takes to keep its mark: what it answered too early is then lost.
    assert all(refusing >= 2.0 for _, _, refusing in steps)


@pytest.mark.parametrize("seed", range(5))
def test_a_repeated_frame_is_sure_to_come(seed: int) -> None:
    dice = random.Random(duplicating_seed(seed))
    assert any(dice.random() < DUPLICATE_SHARE for _ in range(SURELY))
