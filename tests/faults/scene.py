"""One cell's world: the simulator, AWS's edge, the reader's tasks, and who publishes."""

import base64
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from desk.pulsar.interactions import interactions
from tests.faults.edge import Edge
from tests.faults.evidence import Evidence, Taken, read_journal
from tests.faults.reader_task import ReaderTask
from tests.pulsar.simulated import SimulatedServer

TOPIC = "public/default/all"
KEY = "first-key"
PATIENCE = 120.0
"""Seconds without any progress after which what has not come will not: twice the back-off."""

Payloads = Sequence[dict[str, Any]]


class Stalled(Exception):
    """Something did not come about."""


class Scene:
    """`dice` decides all that is random. What is still running at the end is ended."""

    def __init__(self, folder: Path, seed: int, document: dict[str, Any], *more: str) -> None:
        self.seed = seed
        self.dice = random.Random(seed)
        self.injected: Counter[str] = Counter()
        self.routed: list[Taken] | None = None
        self.removed = 0
        self.server = SimulatedServer(folder, "--idle-seconds", "300", "--api-key", KEY, *more)
        self.edge = Edge(folder)
        self._folder = folder
        self._document = document
        self._tasks: list[ReaderTask] = []
        self._publishing: list[threading.Thread] = []
        self._ended = threading.Event()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self.server.start()
            opened.callback(self.server.stop)
            opened.enter_context(self.edge)
            self.edge.write_key(KEY)
            self.edge.write_document(self._whole_document())
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        for task in self._tasks:
            task.kill()
        for thread in self._publishing:
            thread.join()
        self._open.close()

    def _whole_document(self) -> dict[str, Any]:
        start = {} if self._document.get("mode") == "consumer" else {"start": "earliest"}
        return {
            "host": self.server.url.removeprefix("ws://"),
            "tls": False,
            "tenant": "public",
            "topics": ["default/all"],
            **start,
            **self._document,
        }

    def task(self, skew: float = 0.0) -> ReaderTask:
        """Start a task of the reader."""
        number = len(self._tasks)
        environment = self.edge.environment(self._folder / f"health-{number}")
        task = ReaderTask(environment, self._folder / f"reader-{number}.log", skew)
        self._tasks.append(task)
        return task

    def kill(self, task: ReaderTask) -> None:
        """kill -9, counted."""
        if not task.alive:
            raise Stalled("the task ended by itself")
        task.kill()
        self.injected["kill"] += 1

    def payloads(self, events: int) -> Payloads:
        """At least so many events of 8x8's: whole interactions."""
        count = events // 8
        while True:
            made = list(interactions(count, self.seed, int(time.time())))
            if len(made) >= events:
                return made
            count += count // 50 + 1

    def publish(self, payloads: Payloads, seconds: float = 0.0, at: int | None = None) -> None:
        """Publish, spread over `seconds`; `at` is the publish time in ms (None: now)."""
        chunk = 200 if not seconds else max(1, round(len(payloads) / seconds / 5))
        pause = seconds * chunk / len(payloads)
        for start in range(0, len(payloads), chunk):
            messages = [
                {"payload": base64.b64encode(json.dumps(one).encode()).decode()}
                for one in payloads[start : start + chunk]
            ]
            self.server.call("publish", topic=TOPIC, messages=messages, at=at)
            if self._ended.wait(pause):
                return

    def publish_meanwhile(self, payloads: Payloads, seconds: float) -> None:
        """Publish in the background."""
        thread = threading.Thread(target=self.publish, args=(payloads, seconds))
        thread.start()
        self._publishing.append(thread)

    def pause(self, least: float, most: float) -> None:
        """Wait for a random time."""
        time.sleep(self.dice.uniform(least, most))

    def until(self, what: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait for `what`.

        Raises:
            Stalled: it did not come about.
        """
        end = time.monotonic() + patience
        while not what():
            if time.monotonic() > end:
                raise Stalled(f"waited {patience:g} s in vain")
            time.sleep(0.05)

    def until_arrived(self, events: int) -> None:
        """Wait until so many more events are in the queues."""
        wanted = len(self.edge.arrivals()) + events
        self.until(lambda: len(self.edge.arrivals()) >= wanted)

    def until_reading(self) -> None:
        """Wait until a session is open."""
        self.until(lambda: self.server.call("connected"))

    def until_all_arrived(self) -> None:
        """Wait for the publishing to end, and for what retention left while there is progress."""
        for thread in self._publishing:
            thread.join()
        journal = read_journal(self._folder / "log.jsonl")
        wanted = {one.sha256 for one in journal[self.removed :]}
        fewest, since = len(wanted) + 1, time.monotonic()
        while missing := len(wanted - self.edge.arrivals()):
            if missing < fewest:
                fewest, since = missing, time.monotonic()
            nobody_reads = not any(task.alive for task in self._tasks)
            if nobody_reads or time.monotonic() - since > PATIENCE:
                return
            time.sleep(0.1)

    def stop_tasks(self) -> list[int]:
        """SIGTERM to all that live; their exit codes."""
        living = [task for task in self._tasks if task.alive]
        for task in living:
            task.ask_to_stop()
        return [task.ended() for task in living]

    def evidence(self, faults: Sequence[str]) -> Evidence:
        """What there is when all is over; `faults` are those that the cell is about."""
        counted = Counter(self.server.call("injected"))
        counted.update(self.edge.injected())
        counted.update(self.injected)
        swapped = [(first, second) for first, second in self.server.call("swapped")]
        return Evidence(
            published=read_journal(self._folder / "log.jsonl"),
            taken=self.edge.taken(),
            injected={name: counted[name] for name in faults},
            routed=self.routed,
            swapped=swapped,
            removed=self.removed,
        )
