"""The cell in which old events go to bulk, live ones follow, and the reader is killed between."""

import threading
import time
from collections import Counter
from typing import Any

from tests.faults.cell import Cell
from tests.faults.edge import BULK, INGEST, Edge
from tests.faults.evidence import Taken, taken_of
from tests.faults.scene import Payloads, Scene

HOUR_MS = 3_600_000


class Router(threading.Thread):
    """Takes from both queues as `route_events` does, slowly from bulk, and marks what it routed."""

    def __init__(self, edge: Edge) -> None:
        super().__init__()
        self.routed: list[Taken] = []
        self.groups: dict[str, set[str]] = {INGEST: set(), BULK: set()}
        self._edge = edge
        self._ended = threading.Event()

    def run(self) -> None:
        sqs, dynamodb = self._edge.client("sqs"), self._edge.client("dynamodb")
        while not self._ended.is_set():
            for queue, rounds in ((INGEST, 10), (BULK, 3)):
                for _ in range(rounds):
                    if not self._route(queue, sqs, dynamodb):
                        break
            time.sleep(0.05)

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def _route(self, queue: str, sqs: Any, dynamodb: Any) -> bool:
        url = self._edge.url(queue)
        asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}
        received = sqs.receive_message(QueueUrl=url, **asked).get("Messages", [])
        for message in received:
            taken = _taken(queue, message)
            self.routed.append(taken)
            self.groups[queue].add(taken.group)
            if queue == BULK:
                item = {"group": {"S": taken.group}, "event_id": {"S": taken.event_id}}
                dynamodb.put_item(TableName="events", Item={**item, "routed": {"BOOL": True}})
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(received)


def _taken(queue: str, message: dict[str, Any]) -> Taken:
    attributes = message["Attributes"]
    return taken_of(
        {
            "queue": queue,
            "sequence": attributes["SequenceNumber"],
            "group": attributes["MessageGroupId"],
            "deduplication_id": attributes["MessageDeduplicationId"],
            "body": message["Body"],
        }
    )


def halves(payloads: Payloads) -> tuple[Payloads, Payloads]:
    """The first half of each interaction and agent, and the second, each in its order."""
    names = [_name(payload) for payload in payloads]
    left = {name: count // 2 for name, count in Counter(names).items()}
    old: list[dict[str, Any]] = []
    young: list[dict[str, Any]] = []
    for name, payload in zip(names, payloads, strict=True):
        left[name] -= 1
        (old if left[name] >= 0 else young).append(payload)
    return old, young


def _name(payload: dict[str, Any]) -> str:
    (body,) = payload.values()
    return str(body.get("interactionGUID") or body["agentId"])


def catch_up(scene: Scene, payloads: Payloads) -> None:
    """The second half of each interaction is live while its first half is still in bulk."""
    old, young = halves(payloads)
    scene.publish(old, at=int(time.time() * 1000) - HOUR_MS)
    router = Router(scene.edge)
    scene.routed = router.routed
    router.start()
    try:
        task = scene.task()
        scene.until_arrived(len(old) // 4)
        scene.pause(0, 1)
        scene.kill(task)
        task = scene.task()
        scene.until(lambda: len(scene.edge.arrivals()) >= len(old))
        scene.publish(young[: len(young) // 2], 20)
        scene.kill(task)
        scene.task()
        scene.publish(young[len(young) // 2 :], 60)
        scene.until_all_arrived()
        scene.until(lambda: len({one.sha256 for one in router.routed}) >= len(payloads))
    finally:
        router.stop()
    scene.injected["interactions in both queues"] = len(router.groups[BULK] & router.groups[INGEST])


CELLS = (
    Cell(
        "catch-up",
        "old events in bulk, live ones, kills between",
        ("kill", "interactions in both queues"),
        5_000,
        150,
        catch_up,
        {"catch_up_seconds": 600},
    ),
)
