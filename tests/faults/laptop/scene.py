"""The whole laptop stack with vendors of ours: fed, broken while it delivers, and waited for."""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from desk.laptop import LaptopStack
from desk.laptop.client import ACCOUNT
from desk.laptop.pool import Pool
from desk.laptop.sandbox import InvocationFailed
from switchboard.envelope import Envelope, encode
from switchboard.event import Event
from switchboard.testing.deliveries import make_event
from tests.faults.deliveries.vendor import Vendor
from tests.faults.laptop.destinations import (
    BUCKET,
    CHANNELS,
    DESTINATIONS,
    LEASE_SECONDS,
    RECORD,
    Faulted,
)
from tests.infra.conftest import synthesize

STAGE = "faults"
PER_GROUP = 7
BATCH = 10
LOOK_SECONDS = 0.5
DRAIN_EVERY_SECONDS = 10.0
STILL_SECONDS = 3.0
VISIBILITY_SECONDS = 300
QUIET_LOOKS = 6
PATIENCE_SECONDS = 1800.0
KILLED_AFTER: Mapping[str, float] = {"ordered": 0.02, "batched": 0.1, "scheduled": 1.0}
"""Seconds: while it is at work."""

FAULTS: Mapping[str, Any] = {
    "refuse_sends": 0.05,
    "down": ["s3"],
    "cut": ["s3"],
    "share": 0.25,
}
"""A client asks three times: what reaches the product is few of it."""


def event(number: int) -> Event:
    """Event `number`; a group has seven events in a row, and its channel."""
    group = number // PER_GROUP
    channel = CHANNELS[group % len(CHANNELS)]
    data = {"group": f"interaction:{group}", "number": number % PER_GROUP, "channel": channel}
    return make_event(number, data=data)


class Scene:
    """A running stack, its vendors by the destination's name, and what is done to them."""

    def __init__(self, stack: LaptopStack, vendors: Mapping[str, Vendor]) -> None:
        self.stack = stack
        self.vendors = vendors
        self._killed_at = time.monotonic()
        self._moved_at = time.monotonic()
        self._seen = 0

    def pool(self, name: str) -> Pool:
        """The sandboxes of a destination's function."""
        return self.stack.pool(f"switchboard-{STAGE}-to-{name}")

    def configure(self) -> None:
        """Write every document and secret, and make the bucket."""
        self.stack.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        self._put("mappings/record", {"fields": RECORD})
        for one in DESTINATIONS:
            url = self.vendors[one.name].url if one.shop else ""
            self._put(f"destinations/{one.name}", one.document(url))
            if (secret := one.secret(url)) is not None:
                self.stack.client("secretsmanager").put_secret_value(
                    SecretId=f"/switchboard/{STAGE}/destinations/{one.name}",
                    SecretString=json.dumps(secret),
                )

    def _put(self, name: str, document: Mapping[str, Any]) -> None:
        self.stack.client("ssm").put_parameter(
            Name=f"/switchboard/{STAGE}/{name}", Value=json.dumps(document), Type="String"
        )

    def feed(self, count: int) -> Sequence[Event]:
        """Send so many events to `ingest`, in order."""
        events = [event(number) for number in range(count)]
        url = f"{self.stack.endpoint_url}/{ACCOUNT}/switchboard-{STAGE}-ingest.fifo"
        for start in range(0, count, BATCH):
            entries = [
                {
                    "Id": str(index),
                    "MessageBody": encode(Envelope(event=one, group=str(one.data["group"]))),
                    "MessageGroupId": str(one.data["group"]),
                    "MessageDeduplicationId": one.id,
                }
                for index, one in enumerate(events[start : start + BATCH])
            ]
            self.stack.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        return events

    def until_delivered(self) -> bool:
        """Break what delivers until all is delivered; False: it was waited for too long."""
        latest = time.monotonic() + PATIENCE_SECONDS
        drains = threading.Event()
        threads = [
            threading.Thread(target=self._drain, args=(one, drains), daemon=True)
            for one in DESTINATIONS
            if one.mode == "scheduled"
        ]
        for thread in threads:
            thread.start()
        quiet = 0
        try:
            while quiet < QUIET_LOOKS and time.monotonic() < latest:
                time.sleep(LOOK_SECONDS)
                self._break()
                waiting = self._waiting()
                quiet = 0 if waiting else quiet + 1
                self._move_clock(waiting)
        finally:
            drains.set()
        return quiet >= QUIET_LOOKS

    def _drain(self, one: Faulted, ended: threading.Event) -> None:
        """As its schedule does, which on AWS comes once a minute at most."""
        while not ended.wait(DRAIN_EVERY_SECONDS):
            with suppress(InvocationFailed):
                self.pool(one.name).invoke({"drain": {"kind": "deliver"}})

    def _break(self) -> None:
        """Each function loses an answer, then a process: asked for until it was met."""
        router = self.stack.pool(f"switchboard-{STAGE}-route-events")
        pools: list[tuple[Pool, float | None]] = [(router, 0.02)]
        pools += [
            (self.pool(one.name), KILLED_AFTER[one.mode] if one.safe else None)
            for one in DESTINATIONS
        ]
        for pool, seconds in pools:
            met = {what for what, *_ in pool.broken}
            if "lost" not in met:
                pool.lose_next_answer()
            elif "killed" not in met and seconds is not None:
                pool.kill_next(seconds)
        killed = sum(what == "killed" for pool, _ in pools for what, *_ in pool.broken)
        if killed != self._seen:
            self._seen, self._killed_at = killed, time.monotonic()

    def _waiting(self) -> int:
        counts = self.stack.desk("state")["queues"]
        return sum(
            int(found["ApproximateNumberOfMessages"])
            + int(found["ApproximateNumberOfMessagesNotVisible"])
            for name, found in counts.items()
            if "-dead" not in name
        )

    def moved_by_sqs(self) -> int:
        """How many messages SQS gave up by itself: a back-stop that nothing may come to."""
        counts = self.stack.desk("state")["queues"]
        return sum(int(found.get("moved", 0)) for found in counts.values())

    def _move_clock(self, waiting: int) -> None:
        """What a killed execution held is invisible for minutes, which are not waited for."""
        now = time.monotonic()
        rested = now - self._killed_at > LEASE_SECONDS + STILL_SECONDS
        if waiting and rested and now - self._moved_at > LEASE_SECONDS / 4:
            self.stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
            self._moved_at = now


@contextmanager
def played(seed: int, folder: Path) -> Iterator[Scene]:
    """A stage with every destination, its vendors failing by `seed`."""
    with ExitStack() as open_:
        vendors = {
            one.name: open_.enter_context(Vendor(one.shop(), seed, one.scale))
            for one in DESTINATIONS
            if one.shop is not None
        }
        urls = {name: vendor.url for name, vendor in vendors.items()}
        stage = {
            "retain": False,
            "log_retention_days": 1,
            "sources": {"meetings": {"kind": "jaas"}},
            "destinations": {one.name: one.entry(urls.get(one.name, "")) for one in DESTINATIONS},
        }
        synthesize(folder / "out", STAGE, {STAGE: stage})
        name = f"{STAGE}{os.getpid()}"
        scene = Scene(
            open_.enter_context(LaptopStack(folder / "out", stage=STAGE, name=name)), vendors
        )
        scene.configure()
        roles = [f"switchboard-{STAGE}-{name}-role" for name in _FAULTED]
        scene.stack.desk("faults", {"seed": seed, "roles": roles, **FAULTS})
        yield scene
    shutil.rmtree(scene.stack.folder)


_FAULTED = ("route-events", *(f"to-{one.name}" for one in DESTINATIONS))
