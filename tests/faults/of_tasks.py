"""Cells in which the reader's own process ends, or lives with a wrong clock."""

from tests.faults.cell import Cell
from tests.faults.scene import Payloads, Scene

CONSUMER = {"mode": "consumer", "subscription": "switchboard", "subscription_start": "earliest"}


def kill(scene: Scene, payloads: Payloads) -> None:
    """A killed task's lease must run out before the next one reads."""
    half = len(payloads) // 2
    scene.publish(payloads[:half])
    scene.publish_meanwhile(payloads[half:], 170)
    for _ in range(5):
        task = scene.task()
        scene.until_arrived(1)
        scene.pause(0, 2)
        scene.kill(task)
    scene.task()


def kill_failover(scene: Scene, payloads: Payloads) -> None:
    """Two tasks always; whichever is killed, the other goes on."""
    quarter = len(payloads) // 4
    scene.publish(payloads[:quarter])
    scene.publish_meanwhile(payloads[quarter:], 40)
    tasks = [scene.task(), scene.task()]
    for _ in range(8):
        scene.until_arrived(1)
        scene.pause(0, 3)
        scene.kill(tasks.pop(scene.dice.randrange(2)))
        tasks.append(scene.task())


def hand_over(scene: Scene, payloads: Payloads) -> None:
    """The next task contends already while the one before it is told to stop."""
    scene.publish_meanwhile(payloads, 60)
    task = scene.task()
    for _ in range(5):
        following = scene.task()
        scene.until_arrived(1)
        scene.pause(1, 6)
        task.stop()
        scene.injected["hand-over"] += 1
        task = following


def clock_skew(scene: Scene, payloads: Payloads) -> None:
    """Clocks 90 s slow and fast; a fast one takes a slow one's lease while that one reads."""
    scene.publish_meanwhile(payloads, 60)
    for skew in (-90, 90, -90):
        scene.injected["skewed clock"] += 1
        task = scene.task(skew)
        scene.until_arrived(100)
        scene.pause(1, 3)
        if skew > 0:
            # Its lease would keep the next one, 180 s behind, waiting for minutes.
            task.stop()
    scene.task(90)
    scene.injected["skewed clock"] += 1


CELLS = (
    Cell("kill", "kill -9 at random instants", ("kill",), 12_000, 210, kill),
    Cell(
        "kill-failover",
        "kill -9 of one of two Failover consumers",
        ("kill",),
        8_000,
        60,
        kill_failover,
        {**CONSUMER, "subscription_type": "Failover"},
    ),
    Cell("hand-over", "SIGTERM, the next task waiting", ("hand-over",), 10_000, 72, hand_over),
    Cell("clock-skew", "clocks 90 s wrong", ("skewed clock",), 6_000, 67, clock_skew),
)
