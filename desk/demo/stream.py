"""The stream: a simulator of 8x8's in a process of its own, and what its reader is put through."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

from desk.demo.documents import STREAM_KEY
from desk.laptop import LaptopStack
from desk.laptop.address import post
from desk.pulsar.interactions import interactions

TOPIC = "acme01/event-v1/all"
DUPLICATE_SHARE = 0.02
SURELY = 40
"""Among so many frames there is one that comes twice."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What is played within so many seconds, and how often the reader is disturbed.

    Each of `kills` is a kill -9 of the reader's task while SQS refuses all that it sends, so that
    frames are on their way; each of `drops` cuts its sockets.
    """

    interactions: int
    seed: int
    seconds: float
    kills: int
    drops: int

    @property
    def events(self) -> int:
        """How many events the interactions are."""
        return sum(1 for _ in interactions(self.interactions, self.seed, 0))

    @property
    def due(self) -> Collection[str]:
        """What must have gone wrong, in the words of `Disturbance.injected`."""
        named = [f"kill {number + 1}" for number in range(self.kills)]
        return {*named, *(f"drop {number + 1}" for number in range(self.drops)), "repeated frame"}

    def steps(self) -> Iterator[tuple[str, float, float]]:
        """By seed: what is done, how long after the stream is read again, how long SQS refuses."""
        dice = random.Random(self.seed)  # noqa: S311 - repeatable, not secret
        for turn in range(max(self.kills, self.drops)):
            for what, times in (("drop", self.drops), ("kill", self.kills)):
                if turn < times:
                    yield what, dice.uniform(1.0, 4.0), dice.uniform(2.0, 4.0)


def duplicating_seed(seed: int) -> int:
    """The first seed from `seed` on with which one of the first frames is repeated."""
    for tried in count(seed):
        dice = random.Random(tried)  # noqa: S311 - repeatable, not secret
        if any(dice.random() < DUPLICATE_SHARE for _ in range(SURELY)):
            return tried
    raise AssertionError("seeds do not end")


class StreamProcess:
    """A context manager. `folder` takes its log of what was published, and its addresses."""

    def __init__(self, folder: Path, plan: StreamPlan) -> None:
        self.log = folder / "stream.jsonl"
        self._ready = folder / "stream.ready"
        self._plan = plan

    def __enter__(self) -> Self:
        """Start it: it plays from now on, whether anyone reads or not."""
        for left in (self.log, self._ready):
            left.unlink(missing_ok=True)
        plan = self._plan
        played = ["--topic", TOPIC, "--interactions", plan.interactions, "--seed", plan.seed,
                  "--per-second", plan.events / plan.seconds]  # fmt: skip
        kept = ["--api-key", STREAM_KEY, "--ready", self._ready, "--log", self.log]
        command = [sys.executable, "-m", "desk.pulsar", "--parent", os.getpid(), *played, *kept]
        self._process = subprocess.Popen([*map(str, command)], start_new_session=True)
        while not self._ready.exists():
            if self._process.poll() is not None:
                raise RuntimeError("the stream's simulator did not start")
            time.sleep(0.05)
        urls = json.loads(self._ready.read_text())
        self.admin = str(urls["admin"])
        self.host = str(urls["ws"]).partition("//")[2].partition("/")[0]
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def ask(self, what: str, **given: Any) -> Any:
        """A call of its control."""
        return post(f"{self.admin}/{what}", given)

    def published(self) -> int:
        """How many messages it has published."""
        return self.log.read_bytes().count(b'"kind": "published"')


class Disturbance:
    """Goes through a plan's steps while the stream is read; each waits until it strikes."""

    def __init__(
        self,
        stream: StreamProcess,
        plan: StreamPlan,
        stack: LaptopStack,
        usual_faults: dict[str, Any],
    ) -> None:
        self._stream = stream
        self._plan = plan
        self._stack = stack
        self._usual_faults = usual_faults
        self._reader = f"switchboard-{stack.stage}-stream-reader"
        self._steps = list(plan.steps())
        self._reading_since: float | None = None
        self._refusing_since: float | None = None
        self._refused_before = 0
        self._events = plan.events
        self._done: list[str] = []
        stream.ask("disturb", seed=duplicating_seed(plan.seed), duplicate_share=DUPLICATE_SHARE)

    @property
    def injected(self) -> Collection[str]:
        """What really went wrong."""
        repeated = self._stream.ask("injected").get("duplicate", 0)
        return {*self._done, *(["repeated frame"] if repeated else [])}

    def go_on(self) -> bool:
        """Do what is due now; whether every step is done and all that was played is read."""
        backlog = self._stream.ask("backlog", topic=TOPIC)
        played = self._stream.published() >= self._events
        if not self._steps:
            return played and backlog == 0
        if backlog is None and self._refusing_since is None:
            self._reading_since = None
            return False
        self._step(time.monotonic())
        return False

    def _step(self, now: float) -> None:
        what, delay, refusing = self._steps[0]
        if self._refusing_since is not None:
            if now - self._refusing_since >= refusing and self._refused() > self._refused_before:
                self._kill()
            return
        self._reading_since = self._reading_since or now
        if now - self._reading_since < delay:
            return
        if what == "kill":
            self._refuse(now)
        elif self._stream.ask("drop", topic=TOPIC):
            self._struck("drop")

    def _refuse(self, now: float) -> None:
        """Let SQS take nothing of the reader's from now on."""
        self._refused_before = self._refused()
        self._stack.desk("faults", {"refuse_sends": 1.0, "roles": [f"{self._reader}-role"]})
        self._refusing_since = now
        if self._stream.published() >= self._events:
            # There must be something to refuse, however slow this machine is.
            seed = self._plan.seed + len(self._done) + 1
            self._events += self._stream.ask("play", topic=TOPIC, interactions=2, seed=seed)

    def _refused(self) -> int:
        return int(self._stack.desk("state")["refused_sends"])

    def _kill(self) -> None:
        """Kill the task with frames that it has and SQS has not."""
        for task in self._stack.tasks(self._reader):
            task.kill()
        self._stack.desk("faults", self._usual_faults)
        self._refusing_since = None
        self._struck("kill")

    def _struck(self, what: str) -> None:
        number = 1 + sum(one.startswith(what) for one in self._done)
        self._done.append(f"{what} {number}")
        self._steps.pop(0)
        self._reading_since = None
