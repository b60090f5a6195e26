"""One run of the demo, from an assembly to its evidence."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.demo.documents import LAKE, SECRETS, STREAM, configure
from desk.demo.evidence import (
    Arrival,
    Dead,
    Sent,
    placed,
    read_arrivals,
    read_calls,
    read_dead,
    read_lake,
    read_published,
    read_sent,
)
from desk.demo.plan import Plan
from desk.demo.stream import Disturbance, StreamProcess
from desk.laptop import LaptopStack
from desk.laptop.pool import Pool

STAND_INS = ("crm", "pager")
LEASE_SECONDS = 20 + 30
"""A killed function's deliveries are under its lease: its time-out and a margin."""

VISIBILITY_SECONDS = 130
"""By how much the queues' clock is moved so that what a dead execution held comes back."""

STILL_SECONDS = 20
"""How long nothing moves before the queues' clock is moved once more."""

STORED = b'"stored": true'
"""In a stand-in's line. What is sent and refused for ever moves, and gets nowhere."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and of how much."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run left behind."""

    sent: list[Sent]
    published: list[Sent]
    repeated_frames: int
    arrivals: list[Arrival]
    dead: list[Dead]
    calls: list[Mapping[str, Any]]
    denied: list[Any]
    statements: list[Any]
    injected: Mapping[str, Collection[str]]
    drained: bool
    folder: Path


def run(stack: LaptopStack, plan: Plan, progress: Progress) -> Evidence:
    """Configure a running stack, send everything through it, and gather the evidence."""
    folder = stack.folder
    paths = {name: folder / f"{name}.jsonl" for name in ("sent", "arrivals")}
    for path in paths.values():
        path.unlink(missing_ok=True)
    faults = {"seed": plan.seed, "refuse_sends": 0.02}
    with (
        _process("desk.standins", _standins_plan(folder, plan), folder / "standins.ready",
                 paths["arrivals"]),
        StreamProcess(folder, plan.stream) as stream,
    ):  # fmt: skip
        urls = json.loads(_ready(folder / "standins.ready"))
        configure(stack.client, stack.stage, {**urls, "stream": stream.host})
        stack.desk("revoke", {"statements": [plan.revoked] if plan.revoked else []})
        stack.redeploy_tasks()  # one that met no document would look again half a minute later
        stack.desk("faults", faults)
        disturbance = Disturbance(stream, plan.stream, stack, faults)
        with _process("desk.sender", _sender_plan(folder, plan, stack.api_url), paths["sent"]) as (
            sender
        ):
            watch = _Watch(stack, plan, paths, progress, disturbance)
            drained = watch.until_drained(sender)
        state = stack.desk("state")
        stack.desk("faults", {})
        objects = _lake(stack)
        calls = read_calls(stack.calls)
        arrivals = read_arrivals(paths["arrivals"])
        published = read_published(stream.log, STREAM)
        return Evidence(
            sent=read_sent(paths["sent"]),
            published=published,
            repeated_frames=stream.ask("injected").get("duplicate", 0),
            arrivals=placed(arrivals + read_lake(objects, calls), published),
            dead=read_dead(_dead_letters(stack)),
            calls=calls,
            denied=state["denied"],
            statements=state["statements"],
            injected={
                **{name: _injected(stack, name, arrivals) for name in STAND_INS},
                "SQS": {"refused"} if state["refused_sends"] else (),
                STREAM: disturbance.injected,
            },
            drained=drained,
            folder=folder,
        )


def _injected(stack: LaptopStack, name: str, arrivals: Sequence[Arrival]) -> Collection[str]:
    """What went wrong at a stand-in, and with the function before it."""
    answered = {
        # What a repeat of a key was not told is as lost as what a first one was not told.
        arrival.what.rpartition(", ")[2]
        for arrival in arrivals
        if arrival.destination == name
    }
    return answered | {kind for kind, *_ in _pool(stack, name).broken}


def _pool(stack: LaptopStack, destination: str) -> Pool:
    return stack.pool(f"switchboard-{stack.stage}-to-{destination}")


class _Watch:
    """Watches a run: kills what is to be killed, moves the clock, and sees when all is done."""

    def __init__(
        self,
        stack: LaptopStack,
        plan: Plan,
        paths: Mapping[str, Path],
        progress: Progress,
        disturbance: Disturbance,
    ) -> None:
        self._disturbance = disturbance
        self._stack = stack
        self._plan = plan
        self._paths = paths
        self._progress = progress
        self._killed_at: float | None = None
        self._moved_at: float | None = None

    def until_drained(self, sender: "subprocess.Popen[bytes]") -> bool:
        """Wait until everything was sent and every queue is empty; False if nothing moves on."""
        before, still_since = -1, time.monotonic()
        quiet = 0
        while True:
            time.sleep(0.5)
            stored = _count(self._paths["arrivals"], STORED)
            self._show(stored, done=sender.poll() is not None)
            self._break()
            stream_is_read = self._disturbance.go_on()
            now = time.monotonic()
            if stored != before:
                before, still_since = stored, now
            state = self._stack.desk("state")
            if self._plan.revoked and state["denied"]:
                return False
            waiting = _waiting(state["queues"])
            if sender.poll() is None:
                continue
            quiet = quiet + 1 if waiting == 0 and stream_is_read else 0
            if quiet >= 4:
                return True
            self._move_clock(now, now - still_since)
            if now - still_since > self._plan.patience:
                return False

    def _break(self) -> None:
        """The two ways in which an execution is lost: its answer, and its process.

        Each is asked for until it was met: an invocation may end before it is killed.
        """
        crm, pager = _pool(self._stack, "crm"), _pool(self._stack, "pager")
        if not pager.broken:
            pager.lose_next_answer()
        if not self._plan.kill or self._killed_at is not None:
            return
        if crm.broken:
            self._killed_at = time.monotonic()
        else:
            crm.kill_next(0.02, least_records=2)

    def _move_clock(self, now: float, still: float) -> None:
        """What a lost execution held is invisible for minutes, which are not waited for."""
        if self._killed_at is not None and now - self._killed_at < LEASE_SECONDS + 5:
            return
        if self._moved_at is None or min(still, now - self._moved_at) > STILL_SECONDS:
            self._stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
            self._moved_at = now

    def _show(self, stored: int, *, done: bool) -> None:
        sent = _count(self._paths["sent"])
        total = self._plan.events
        if done:
            self._progress("delivering", stored, max(stored, 2 * total))
        else:
            self._progress("sending", sent, max(sent, total))


def _waiting(queues: Mapping[str, Mapping[str, Any]]) -> int:
    return sum(
        int(counts["ApproximateNumberOfMessages"])
        + int(counts["ApproximateNumberOfMessagesNotVisible"])
        for name, counts in queues.items()
        if not name.endswith("-dead.fifo")
    )


class _process:  # noqa: N801 - used as a context manager, like a function
    """A process of the world outside, which ends with the run."""

    def __init__(self, module: str, *arguments: Path) -> None:
        self._command = [sys.executable, "-m", module, *map(str, arguments)]

    def __enter__(self) -> "subprocess.Popen[bytes]":
        self._process = subprocess.Popen(self._command)
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _standins_plan(folder: Path, plan: Plan) -> Path:
    path = folder / "standins.plan.json"
    secrets = {name: SECRETS[f"destinations/{name}"] for name in STAND_INS}
    path.write_text(json.dumps({"secrets": secrets, "faults": plan.faults}))
    (folder / "standins.ready").unlink(missing_ok=True)
    return path


def _sender_plan(folder: Path, plan: Plan, api_url: str) -> Path:
    path = folder / "sender.plan.json"
    secrets = {
        name.removeprefix("sources/"): secret
        for name, secret in SECRETS.items()
        if name.startswith("sources/")
    }
    described = {
        "api": api_url,
        "secrets": secrets,
        "events": plan.events,
        "seed": plan.seed,
        "at_once": plan.at_once,
        "pause": plan.pause,
    }
    path.write_text(json.dumps(described))
    return path


def _ready(path: Path) -> str:
    for _ in range(300):
        if path.exists():
            return path.read_text()
        time.sleep(0.05)
    raise TimeoutError(f"{path.name} did not appear")


def _count(path: Path, what: bytes = b"\n") -> int:
    return path.read_bytes().count(what) if path.exists() else 0


def _lake(stack: LaptopStack) -> Mapping[str, bytes]:
    s3 = stack.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=LAKE)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=LAKE, Key=key)["Body"].read() for key in keys}


def _dead_letters(stack: LaptopStack) -> list[str]:
    """The bodies in every dead-letter queue; they stay there."""
    sqs = stack.client("sqs")
    bodies: list[str] = []
    for name in stack.desk("state")["queues"]:
        if not name.endswith("-dead.fifo"):
            continue
        url = f"{stack.endpoint_url}/123456789012/{name}"
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies.extend(message["Body"] for message in found)
    return bodies
