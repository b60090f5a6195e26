"""The sandboxes of one function, and the two ways in which a demo breaks them."""

import threading
import time
from collections.abc import Callable
from typing import Any

from desk.laptop.client import Credentials
from desk.laptop.deployment import DeployedFunction
from desk.laptop.sandbox import Host, InvocationFailed, Sandbox


class Pool:
    """Invokes a function in a free sandbox; at most `at_once` invocations at the same time."""

    def __init__(
        self,
        function: DeployedFunction,
        credentials: Credentials,
        host: Host,
        log: Callable[[bytes], None],
        *,
        at_once: int,
    ) -> None:
        self.function = function
        self.credentials = credentials
        self.errors = 0
        self._host = host
        self._log = log
        self._free: list[Sandbox] = []
        self._all: list[Sandbox] = []
        self._slots = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._closed = False
        self._kill_after: float | None = None
        self._spared = 0
        self._least_records = 0
        self._lose_answer = False
        self.broken: list[tuple[str, float, Any]] = []
        """What was killed or lost on purpose: which of the two, when, and the event."""

    def kill_next(
        self, after_seconds: float, *, after_invocations: int = 0, least_records: int = 0
    ) -> None:
        """Kill a process this long after it took its event: the next one's, or a later one's.

        Batches of fewer than `least_records` are spared.
        """
        with self._lock:
            self._kill_after, self._spared = after_seconds, after_invocations
            self._least_records = least_records

    def lose_next_answer(self) -> None:
        """Let the next invocation end, and treat its answer as lost."""
        with self._lock:
            self._lose_answer = True

    def invoke(self, event: Any) -> Any:
        """The function's answer.

        Raises:
            InvocationFailed: as a sandbox says, or as it was made to fail.
        """
        with self._slots:
            sandbox = self._taken()
            kill_after = self._killing(event)
            try:
                answer = sandbox.invoke(event, kill_after=kill_after)
            except InvocationFailed:
                self.errors += 1
                if kill_after is not None:
                    self.broken.append(("killed", time.time(), event))
                raise
            finally:
                self._give_back(sandbox)
            with self._lock:
                lost, self._lose_answer = self._lose_answer, False
            if lost:
                self.broken.append(("lost", time.time(), event))
                raise InvocationFailed("the answer was lost on its way")
            return answer

    def _taken(self) -> Sandbox:
        with self._lock:
            if self._closed:
                raise InvocationFailed("the stack is stopping")
            while self._free:
                sandbox = self._free.pop()
                if sandbox.alive:
                    return sandbox
            self._all = [sandbox for sandbox in self._all if sandbox.alive]
            sandbox = Sandbox(self.function, self.credentials, self._host, self._log)
            self._all.append(sandbox)
            return sandbox

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._lock:
            if sandbox.alive:
                self._free.append(sandbox)

    def _killing(self, event: Any) -> float | None:
        with self._lock:
            if self._least_records and len(event.get("Records", ())) < self._least_records:
                return None
            if self._kill_after is not None and self._spared > 0:
                self._spared -= 1
                return None
            after, self._kill_after = self._kill_after, None
            return after

    def end_sandboxes(self) -> None:
        """Kill every sandbox that is free: the next invocations start cold, as after a deploy."""
        with self._lock:
            ended, self._free = self._free, []
        for sandbox in ended:
            sandbox.kill()

    def become(self, function: DeployedFunction) -> None:
        """Take up a changed configuration: what is invoked from now on has it."""
        self.function = function
        self.end_sandboxes()

    def close(self) -> None:
        """Kill every sandbox, and start no other."""
        with self._lock:
            self._closed = True
        for sandbox in self._all:
            sandbox.kill()
