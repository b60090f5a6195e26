"""Cells in which AWS fails."""

import time
from functools import partial
from typing import Any

from tests.faults.cell import Cell
from tests.faults.edge import INGEST
from tests.faults.scene import Payloads, Scene


def throughout(plan: dict[str, Any], scene: Scene, payloads: Payloads) -> None:
    """A share of what is asked of SQS fails all the time."""
    scene.edge.inject(seed=scene.seed, **plan)
    scene.publish_meanwhile(payloads, 15)
    scene.task()
    scene.until(lambda: len(scene.edge.arrivals()) >= len(payloads) // 2)


def slow(scene: Scene, payloads: Payloads) -> None:
    """Every answer takes its time; then some take longer than the reader waits for."""
    scene.publish_meanwhile(payloads, 15)
    scene.task()
    for seconds, share in ((0.3, 1.0), (11.0, 0.05)):
        scene.edge.inject(seed=scene.seed, slow={"sqs": seconds}, share=share)
        scene.until_arrived(len(payloads) // 3)


def no_dynamodb(scene: Scene, payloads: Payloads) -> None:
    """Away for less than a lease, and then for longer."""
    scene.publish_meanwhile(payloads, 70)
    scene.task()
    for least in (15, 40):
        scene.until_arrived(100)
        scene.edge.inject(down=["dynamodb"])
        time.sleep(least + scene.dice.uniform(0, 5))
        scene.edge.inject()


def _cell(name: str, about: str, fault: str, events: int, plan: dict[str, Any]) -> Cell:
    return Cell(name, about, (fault,), events, 40, partial(throughout, plan))


CELLS = (
    _cell("sqs-5xx", "30 % of requests: 503", "down", 10_000, {"down": ["sqs"], "share": 0.3}),
    _cell(
        "sqs-throttle",
        "30 % of requests throttled",
        "throttled",
        10_000,
        {"throttled": ["sqs"], "share": 0.3},
    ),
    _cell(
        "sqs-partial",
        "20 % of messages refused",
        "refused_sends",
        10_000,
        {"refuse_sends": 0.2, "queues": [INGEST]},
    ),
    _cell("sqs-cut", "10 % of answers lost", "cut", 10_000, {"cut": ["sqs"], "share": 0.1}),
    Cell("sqs-slow", "slow answers, and too slow ones", ("slow",), 8_000, 70, slow),
    Cell("dynamodb-down", "away for 15 s, and for 40", ("down",), 6_000, 80, no_dynamodb),
)
