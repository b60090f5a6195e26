"""Cells in which the stream fails: sockets, the server, its keys, its frames, its retention."""

import time
from functools import partial

from tests.faults.cell import Cell
from tests.faults.of_tasks import CONSUMER
from tests.faults.scene import TOPIC, Payloads, Scene

WINDOW = 1000


def drops(scene: Scene, payloads: Payloads) -> None:
    """Sockets are cut at random instants of a session."""
    half = len(payloads) // 2
    scene.publish(payloads[:half])
    scene.task()
    scene.publish_meanwhile(payloads[half:], 40)
    for _ in range(5):
        scene.until_reading()
        scene.pause(0, 1.5)
        scene.server.call("drop")


def drops_of_a_consumer(scene: Scene, payloads: Payloads) -> None:
    """As the server keeps a dead session's consumer for a while, the next one is refused first."""
    half = len(payloads) // 2
    scene.publish(payloads[:half])
    scene.task()
    scene.publish_meanwhile(payloads[half:], 30)
    for _ in range(4):
        scene.until_reading()
        scene.pause(0, 1.5)
        scene.server.call("drop", ghost_seconds=scene.dice.uniform(0, 3))


def half_open(scene: Scene, payloads: Payloads) -> None:
    """Nothing comes and nothing is closed: only an unanswered ping tells."""
    scene.publish_meanwhile(payloads, 60)
    scene.task()
    for _ in range(2):
        scene.until_arrived(len(payloads) // 10)
        scene.server.call("half_open")


def restarts(scene: Scene, payloads: Payloads) -> None:
    """The server stops, dies, and loses its broker, with frames under way."""
    scene.publish_meanwhile(payloads, 40)
    scene.task()
    for killed in (False, True, False, True):
        scene.until_arrived(1)
        scene.pause(0, 3)
        scene.server.call("restart", killed=killed, away=scene.dice.uniform(0, 1))
        scene.until_reading()
        scene.pause(0, 2)
        scene.server.call("unload", topic=TOPIC, away=scene.dice.uniform(0, 1))
        scene.injected["unload"] += 1


def rotation(scene: Scene, payloads: Payloads) -> None:
    """The key is replaced; Secrets Manager has the new one before or shortly after."""
    scene.publish_meanwhile(payloads, 40)
    scene.task()
    for number in range(2):
        scene.until_arrived(1)
        key = f"key-{scene.seed}-{number}"
        steps = [partial(_take_only, scene, key), partial(scene.edge.write_key, key)]
        scene.dice.shuffle(steps)
        steps[0]()
        scene.pause(0, 2)
        steps[1]()
        scene.pause(0.5, 1)
        scene.until_reading()
        scene.injected["rotation"] += 1


def _take_only(scene: Scene, key: str) -> None:
    scene.server.call("configure", api_keys=[key])
    scene.server.call("drop")


def duplicates(scene: Scene, payloads: Payloads) -> None:
    """Two frames of a hundred come twice."""
    scene.server.call("disturb", seed=scene.seed, duplicate_share=0.02)
    scene.publish(payloads)
    scene.task()


def out_of_order(scene: Scene, payloads: Payloads) -> None:
    """Frames change places: what was sent in another order must arrive in that one."""
    scene.server.call("disturb", seed=scene.seed, swap_share=0.02)
    scene.publish(payloads)
    scene.task()


def unacked(scene: Scene, payloads: Payloads) -> None:
    """SQS takes nothing until the window is full, and the server may send no more."""
    scene.publish_meanwhile(payloads, 20)
    scene.task()
    for _ in range(2):
        scene.until_arrived(500)
        scene.edge.inject(down=["sqs"])
        _until_window_is_full(scene)
        scene.edge.inject()


def _until_window_is_full(scene: Scene) -> None:
    scene.until(lambda: scene.server.call("unanswered") == [WINDOW])
    scene.injected["full window"] += 1


def trimmed(scene: Scene, payloads: Payloads) -> None:
    """While the reader is stalled, retention removes what it has not read."""
    half = len(payloads) // 2
    scene.publish(payloads[:100])
    scene.task()
    scene.until_arrived(100)
    scene.edge.inject(down=["sqs"])
    scene.publish(payloads[100:half], 10)
    _until_window_is_full(scene)
    time.sleep(3)
    scene.removed = scene.server.call("trim", topic=TOPIC)
    scene.injected["trim"] += 1
    scene.publish(payloads[half:], 5)
    scene.edge.inject()


CELLS = (
    Cell("socket-drop", "sockets are cut", ("drop",), 12_000, 80, drops),
    Cell(
        "exclusive-drop",
        "sockets of an Exclusive consumer are cut",
        ("drop",),
        6_000,
        60,
        drops_of_a_consumer,
        {**CONSUMER, "subscription_type": "Exclusive"},
    ),
    Cell("half-open", "a socket is left half open", ("half_open",), 4_000, 120, half_open),
    Cell(
        "server-restart",
        "the server stops, is killed, unloads",
        ("restart", "kill", "unload"),
        6_000,
        60,
        restarts,
    ),
    Cell("rotation", "the key is replaced under way", ("rotation", "drop"), 4_000, 70, rotation),
    Cell("duplicates", "2 % of the frames twice", ("duplicate",), 12_000, 10, duplicates),
    Cell("out-of-order", "2 % of the frames change places", ("swap",), 6_000, 6, out_of_order),
    Cell("unacked", "1,000 frames un-acked, twice", ("full window",), 8_000, 25, unacked),
    Cell(
        "trimmed",
        "retention outruns a stalled reader",
        ("trim",),
        6_000,
        58,
        trimmed,
        {"gap_seconds": 1},
        ("--entries-per-ledger", "100"),
    ),
)
