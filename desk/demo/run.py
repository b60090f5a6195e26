"""One run of the demo, from an assembly to its evidence."""

import json
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.demo.documents import (
    CHAT,
    CHAT_BOT,
    CHAT_CHANNEL,
    LAKE,
    SECRETS,
    STREAM,
    configure,
)
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
from desk.demo.plan import URGENT, Plan
from desk.demo.stream import Disturbance, StreamProcess
from desk.demo.watch import Meanwhile, Progress, Watch, pool_of
from desk.laptop import LaptopStack
from desk.laptop.outside import redirect

WEBHOOKS = ("crm", "pager")
STAND_INS = (*WEBHOOKS, CHAT)


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

    @property
    def refusals(self) -> Sequence[str]:
        """What roles were denied, for a person."""
        return [f"{count} x {role}: {action} on {on}" for role, action, on, count in self.denied]


def run(
    stack: LaptopStack,
    plan: Plan,
    progress: Progress,
    *,
    meanwhile: Meanwhile = lambda _: True,
) -> Evidence:
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
        redirect(stack, CHAT, api_url=urls[CHAT])
        stack.desk("revoke", {"statements": [plan.revoked] if plan.revoked else []})
        stack.redeploy_tasks()  # one that met no document would look again half a minute later
        stack.desk("faults", faults)
        disturbance = Disturbance(stream, plan.stream, stack, faults)
        with _process("desk.sender", _sender_plan(folder, plan, stack.api_url), paths["sent"]) as (
            sender
        ):
            watch = Watch(stack, plan, paths, progress, (disturbance, meanwhile))
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
                **_injected_by(stack, plan, arrivals, calls),
                "SQS": {"refused"} if state["refused_sends"] else (),
                STREAM: disturbance.injected,
            },
            drained=drained,
            folder=folder,
        )


def _injected_by(
    stack: LaptopStack,
    plan: Plan,
    arrivals: Sequence[Arrival],
    calls: Sequence[Mapping[str, Any]],
) -> Mapping[str, Collection[str]]:
    """What went wrong at each stand-in, and with the functions; and who was in a hurry."""
    functions = {name: f"to-{name}" for name in STAND_INS}
    functions |= {loss.where: loss.function for loss in plan.losses}
    return {
        name: _injected(name, arrivals)
        | {kind for kind, *_ in pool_of(stack, function).broken}
        | _hurried(name, calls)
        for name, function in functions.items()
    }


def _injected(name: str, arrivals: Sequence[Arrival]) -> set[str]:
    """What went wrong at a stand-in."""
    return {
        # What a repeat of a key was not told is as lost as what a first one was not told.
        arrival.what.rpartition(", ")[2]
        for arrival in arrivals
        if arrival.destination == name
    }


def _hurried(name: str, calls: Sequence[Mapping[str, Any]]) -> set[str]:
    """Whether its urgent queue was worked on, by the emulator's log."""
    queue = f"-{name}-urgent.fifo"
    return {
        URGENT
        for call in calls
        if call["action"].startswith("DeleteMessage") and str(call["resource"]).endswith(queue)
    }


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
    secrets = {name: SECRETS[f"destinations/{name}"] for name in WEBHOOKS}
    chats = {CHAT: {"token": CHAT_BOT, "channel": CHAT_CHANNEL}}
    path.write_text(json.dumps({"secrets": secrets, "chats": chats, "faults": plan.faults}))
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
