"""8x8's events by seed: interactions and agent states, as the stream carries them.

Shapes and orders are those of 8x8's public pages: one top-level key, numbers without quotes,
times in seconds but for `msgInfo.timestamp`, and values that change their type by event.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from desk.pulsar.cluster import Cluster
from desk.pulsar.topic import Message

TENANT = "acme01"
INSTANCES = ("node-1-sapi-v1", "node-2-sapi-v1")
ENDING = ("PostProcess", "EndPostProcess", "Deassigned", "Deleted")
FLOWS: tuple[tuple[str, Sequence[str]], ...] = (
    ("in", ("Created", "Queued", "Assigned", "Accepted", "Hold", "Resume", *ENDING)),
    ("in", ("Created", "Queued", "Assigned", "Accepted", *ENDING)),
    ("out", ("Created", "Assigned", "RecordingStarted", "Accepted", "CustomerAccepted", *ENDING)),
    ("in", ("Created", "Queued", "Unqueued", "Deleted")),
    ("in", ("Created", "Queued", "Assigned", "Rejected", "Assigned", "Accepted", *ENDING)),
    ("out", ("Created", "Assigned", "Deleted")),
)
STATES = {
    "Created": "CS_IDLE",
    "Queued": "CS_QUEUED",
    "Assigned": "CS_QUEUED",
    "Unqueued": "CS_IDLE",
    "Rejected": "CS_QUEUED",
    "Hold": "CS_HOLD",
    "PostProcess": "CS_DISCONNECTED",
    "EndPostProcess": "CS_DISCONNECTED",
    "Deassigned": "CS_DISCONNECTED",
    "Deleted": "CS_DISCONNECTED",
}
LINE = {"Hold": True, "Resume": False}


def interactions(count: int, seed: int, now: int) -> Iterator[dict[str, Any]]:
    """The events of `count` interactions, a few of them side by side, from `now` (epoch s) on."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    sequence = dict.fromkeys(INSTANCES, 0)
    waiting = [_interaction(number, seed, now, dice) for number in range(count)]
    waiting.reverse()
    running: list[Iterator[dict[str, Any]]] = []
    while waiting or running:
        while waiting and len(running) < 5:
            running.append(waiting.pop())
        chosen = dice.choice(running)
        body = next(chosen, None)
        if body is None:
            running.remove(chosen)
            continue
        instance = dice.choice(INSTANCES)
        sequence[instance] += 1
        seconds = body.get("interactionEventTS", body.get("statusEventTS", now))
        body["msgInfo"] = {
            "instanceId": instance,
            "sequenceId": sequence[instance],
            "timestamp": seconds * 1000 + dice.randrange(1000),
        }
        yield {"AgentStatusChange" if "newState" in body else "Interaction": body}


def _interaction(number: int, seed: int, now: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    direction, steps = dice.choice(FLOWS)
    media = dice.choice(["phone", "phone", "phone", "chat", "email"])
    at = now + dice.randrange(60)
    name = f"int-{now:x}{number:05x}-{seed:08d}{number:06d}-{media}-01-{TENANT}"
    agent = f"ag{dice.randrange(20):04d}xYz"
    queue = dice.randrange(100, 110)
    offered = at
    for step in steps:
        at += dice.randrange(1, 30)
        yield {
            "event": "LineHoldStatus" if step in LINE else _event(step),
            "interactionGUID": name,
            "interactionEventTS": at,
            "eventTS": offered,
            "callState": STATES.get(step, "CS_CONNECTED"),
            "mediaType": media,
            "resourceType": {"phone": 0, "email": 1, "chat": 2}[media],
            "direction": direction,
            "queueId": queue,
            "transactionNum": 990_000 + number,
            **({"status": LINE[step]} if step in LINE else {}),
            **({} if step in {"Created", "Queued", "Unqueued"} else {"agentId": agent}),
            **(_ending(dice) if step == "Deleted" else {}),
            "attachedData": {"attachedDatum": _attached(number, queue, name)},
        }
    if "Accepted" in steps:
        yield {"agentId": agent, "newState": 4, "newSubState": "none", "statusEventTS": at}


def _event(step: str) -> str:
    return f"Interaction{step}"


def _ending(dice: random.Random) -> dict[str, Any]:
    return {
        "hangupInitiator": dice.choice(["AGENT", "CUSTOMER", "SYSTEM"]),
        "callHangupReason": "CEC_DISCONNECT_NORMAL",
        "dispositionCode": dice.choice([1000, "SALE", "CALLBACK"]),
        "isQueued": "false",
    }


def _attached(number: int, queue: int, name: str) -> list[dict[str, Any]]:
    values = {
        "remotePhoneNum": f"+1202555{number % 10_000:04d}",
        "phoneNum": int(f"1202555{number % 10_000:04d}"),
        "callingName": "Jörg Müller",
        "que": f"{TENANT}~~{queue}~~phone~~{name}",
        "tok": 990_000 + number,
    }
    return [{"attachedDataKey": key, "attachedDataValue": value} for key, value in values.items()]


async def publish_interactions(
    cluster: Cluster, topic: str, count: int, seed: int, per_second: float
) -> int:
    """Publish them, so many events each second (0: at once); the number of events."""
    made = interactions(count, seed, int(time.time()))
    return await publish(cluster, topic, (json.dumps(e).encode() for e in made), per_second)


async def publish(
    cluster: Cluster, topic: str, payloads: Iterator[bytes], per_second: float
) -> int:
    """Publish payloads one by one; the number."""
    began = time.monotonic()
    number = 0
    for payload in payloads:
        cluster.publish(topic, [Message(payload)], batched=False)
        number += 1
        ahead = number / per_second - (time.monotonic() - began) if per_second else 0.0
        if ahead > 0 or number % 100 == 0:
            await asyncio.sleep(max(0.0, ahead))
    return number


def payloads_of(folder: Path) -> Iterator[bytes]:
    """The JSON files of a folder, by name."""
    for path in sorted(folder.glob("*.json")):
        yield path.read_bytes()
