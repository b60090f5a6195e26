"""A run while it lasts: what is lost on purpose, the moved clock, and whether all is done."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen
from typing import Any

from desk.demo.plan import Loss, Plan
from desk.demo.stream import Disturbance
from desk.laptop import LaptopStack
from desk.laptop.pool import Pool

LEASE_SECONDS = 20 + 30
"""A killed function's deliveries are under its lease: its time-out and a margin."""

VISIBILITY_SECONDS = 130
"""By how much the queues' clock is moved so that what a dead execution held comes back."""

STILL_SECONDS = 20
"""How long nothing moves before the queues' clock is moved once more."""

QUIET_LOOKS = 4
"""So often nothing waits and nothing is due any more before a run is over."""

REFUSED_WITHIN_SECONDS = 150.0
"""What a statement is for may come after every delivery: an interaction's grace period, and a round
of the timers."""

STORED = b'"stored": true'
"""In a stand-in's line. What is sent and refused for ever moves, and gets nowhere."""

KILLED_AFTER_SECONDS = 0.02

Progress = Callable[[str, int, int], None]
"""Told what is being done, how far it is, and of how much."""

Meanwhile = Callable[[float], bool]
"""What else happens in a run: told the seconds since the first delivery; whether it is done."""


class Watch:
    """Watches a run: kills what is to be killed, moves the clock, and sees when all is done."""

    def __init__(
        self,
        stack: LaptopStack,
        plan: Plan,
        paths: Mapping[str, Path],
        progress: Progress,
        besides: tuple[Disturbance, Meanwhile],
    ) -> None:
        self._disturbance, self._meanwhile = besides
        self._stack = stack
        self._plan = plan
        self._paths = paths
        self._progress = progress
        self._began: float | None = None
        self._struck: dict[Loss, float] = {}
        self._moved_at: float | None = None

    def until_drained(self, sender: Popen[bytes]) -> bool:
        """Wait until everything was sent and every queue is empty; False if nothing moves on."""
        before, still_since = -1, time.monotonic()
        quiet, quiet_since = 0, still_since
        while True:
            time.sleep(0.5)
            stored = _count(self._paths["arrivals"], STORED)
            self._show(stored, done=sender.poll() is not None)
            now = time.monotonic()
            others_are_done = self._go_on(now)
            if stored != before:
                before, still_since = stored, now
            state = self._stack.desk("state")
            if self._plan.revoked and state["denied"]:
                return False
            waiting = _waiting(state["queues"])
            if sender.poll() is None:
                continue
            quiet = quiet + 1 if waiting == 0 and others_are_done else 0
            quiet_since = now if quiet <= 1 else quiet_since
            if quiet >= QUIET_LOOKS and now - quiet_since >= self._afterwards:
                return True
            if quiet:
                continue
            self._move_clock(now, now - still_since)
            if now - still_since > self._plan.patience:
                return False

    @property
    def _afterwards(self) -> float:
        """How long is waited for what comes after everything was delivered."""
        return REFUSED_WITHIN_SECONDS if self._plan.revoked else 0.0

    def _go_on(self, now: float) -> bool:
        """Do what is due besides; whether all of it is done."""
        if self._began is None and _count(self._paths["arrivals"]):
            self._began = now
        seconds = 0.0 if self._began is None else now - self._began
        for loss in self._plan.losses:
            if loss not in self._struck and loss.after <= seconds:
                self._strike(loss, now)
        is_done = self._meanwhile(seconds)
        return self._disturbance.go_on() and is_done

    def _strike(self, loss: Loss, now: float) -> None:
        pool = pool_of(self._stack, loss.function)
        if any(kind == loss.what for kind, *_ in pool.broken):
            self._struck[loss] = now
        elif loss.what == "lost":
            pool.lose_next_answer()
        else:
            pool.kill_next(KILLED_AFTER_SECONDS, least_records=loss.least_records)

    def _move_clock(self, now: float, still: float) -> None:
        """What a lost execution held is invisible for minutes, which are not waited for."""
        killed = [at for loss, at in self._struck.items() if loss.what == "killed"]
        if killed and now - max(killed) < LEASE_SECONDS + 5:
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


def pool_of(stack: LaptopStack, function: str) -> Pool:
    """The sandboxes of a function, by its name without the stage's prefix."""
    return stack.pool(f"switchboard-{stack.stage}-{function}")


def _count(path: Path, what: bytes = b"\n") -> int:
    return path.read_bytes().count(what) if path.exists() else 0
