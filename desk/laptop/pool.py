"""The sandboxes of one function, and the two ways in which a demo breaks them."""

import threading
from collections.abc import Callable
from typing import Any

from desk.laptop.client import Credentials
from desk.laptop.deployment import DeployedFunction
from desk.laptop.sandbox import Host, InvocationFailed, Sandbox

MOST_SANDBOXES = 2
"""Per function on a laptop, whatever its mappings' MaximumConcurrency allows."""


class Pool:
    """Invokes a function in a free sandbox; at most `MOST_SANDBOXES` at once."""

    def __init__(
        self,
        function: DeployedFunction,
        credentials: Credentials,
        host: Host,
        log: Callable[[bytes], None],
    ) -> None:
        self.function = function
        self.credentials = credentials
        self.errors = 0
        self._host = host
        self._log = log
        self._free: list[Sandbox] = []
        self._all: list[Sandbox] = []
        self._slots = threading.Semaphore(MOST_SANDBOXES)
        self._lock = threading.Lock()
        self._kill_after: float | None = None
        self._lose_answer = False

    def kill_next(self, after_seconds: float) -> None:
        """Kill the next invocation's process this long after it was handed its event."""
        self._kill_after = after_seconds

    def lose_next_answer(self) -> None:
        """Let the next invocation end, and treat its answer as lost."""
        self._lose_answer = True

    def invoke(self, event: Any) -> Any:
        """The function's answer.

        Raises:
            InvocationFailed: as a sandbox says, or as it was made to fail.
        """
        with self._slots:
            sandbox = self._taken()
            timer = self._killer(sandbox)
            try:
                answer = sandbox.invoke(event)
            except InvocationFailed:
                self.errors += 1
                raise
            finally:
                if timer is not None:
                    timer.cancel()
                if sandbox.alive:
                    self._give_back(sandbox)
            with self._lock:
                lost, self._lose_answer = self._lose_answer, False
            if lost:
                raise InvocationFailed("the answer was lost on its way")
            return answer

    def _taken(self) -> Sandbox:
        with self._lock:
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
            self._free.append(sandbox)

    def _killer(self, sandbox: Sandbox) -> threading.Timer | None:
        with self._lock:
            after, self._kill_after = self._kill_after, None
        if after is None:
            return None
        timer = threading.Timer(after, sandbox.kill)
        timer.start()
        return timer

    def close(self) -> None:
        """Kill every sandbox."""
        for sandbox in self._all:
            if sandbox.alive:
                sandbox.kill()
