"""One sandbox: a function's own process under AWS's runtime client, fed by a Runtime API."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.laptop.client import REGION, Credentials
from desk.laptop.deployment import DeployedFunction
from desk.laptop.memory import peak_mb
from desk.laptop.runtime_api import Invocation, RuntimeApi

START_SECONDS = 60.0
LARGEST_PAYLOAD = 6 * 1024 * 1024
LARGEST_ANSWER = LARGEST_PAYLOAD + 100


class InvocationFailed(Exception):
    """The function raised, ran out of time, or its process ended."""


class PayloadTooLarge(InvocationFailed):
    """Lambda takes 6 MB; the function was not invoked."""


@dataclass(frozen=True, slots=True)
class Host:
    """What every sandbox on this machine has: the layer, the runtime and the emulator."""

    layer: Path
    runtime: Path
    endpoint_url: str


class Sandbox:
    """A process that takes one invocation at a time, in a clean environment."""

    def __init__(
        self,
        function: DeployedFunction,
        credentials: Credentials,
        host: Host,
        log: Callable[[bytes], None],
    ) -> None:
        self._function = function
        self._log = log
        self._api = RuntimeApi(function.name)
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", "-m", "awslambdaric", function.handler],
            cwd=function.code,
            env=_environment(function, credentials, host, self._api.address),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for whoever started the stack, which then ends its sandboxes.
            start_new_session=True,
        )
        threading.Thread(target=self._drain, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def invoke(self, event: Any, *, kill_after: float | None = None) -> Any:
        """The function's answer to `event`.

        Args:
            event: anything that JSON holds.
            kill_after: kill the process so many seconds after it took the event.

        Raises:
            InvocationFailed: it raised; it ran out of time and was killed; or its process ended.
        """
        body = json.dumps(event).encode()
        if len(body) > LARGEST_PAYLOAD:
            raise PayloadTooLarge(
                f"the event has {len(body)} bytes, Lambda takes {LARGEST_PAYLOAD}"
            )
        invocation = Invocation(str(uuid.uuid4()), body, self._function.timeout)
        began = time.time()
        self._api.offer(invocation)
        while True:
            try:
                answered, kind, body = self._api.answers.get(timeout=0.005 if kill_after else 0.05)
            except queue.Empty:
                self._check(invocation, began, kill_after)
                continue
            if kind == "init":
                self.kill()
                raise InvocationFailed(_text(body))
            if answered == invocation.request_id:
                self._check_memory(invocation)
                return self._read(kind, body)

    def _read(self, kind: str, body: bytes) -> Any:
        if kind == "error":
            raise InvocationFailed(_text(body))
        if len(body) > LARGEST_ANSWER:
            raise InvocationFailed(f"the answer has {len(body)} bytes, Lambda takes 6 MB")
        return json.loads(body or b"null")

    def _check(self, invocation: Invocation, began: float, kill_after: float | None) -> None:
        if not self.alive:
            self._end("the process ended")
        self._check_memory(invocation)
        now, deadline = time.time(), invocation.deadline
        if deadline is None:
            if now > began + START_SECONDS:
                self._end(f"it did not start within {START_SECONDS:.0f} s")
        elif now > deadline:
            limit = f"{self._function.timeout:.2f}"
            self._log(f"{invocation.request_id} Task timed out after {limit} seconds\n".encode())
            self._end(f"timed out after {limit} s")
        elif kill_after is not None and now > deadline - self._function.timeout + kill_after:
            self._end("it was killed, as was asked for")

    def _check_memory(self, invocation: Invocation) -> None:
        """Lambda kills what takes more, and the answer that it may have given is lost."""
        limit, peak = self._function.memory, peak_mb(self._process.pid)
        if peak > limit:
            self._log(
                f"{invocation.request_id} Error: Runtime exited with error: signal: killed"
                f" Memory Size: {limit} MB Max Memory Used: {peak} MB\n".encode()
            )
            self._end(f"it took {peak} MB of memory and has {limit}")

    def _end(self, why: str) -> None:
        self.kill()
        raise InvocationFailed(why)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._api.close()

    def _drain(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        with self._process.stdout as lines:
            for line in lines:
                self._log(line)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")[:2000]


def _environment(
    function: DeployedFunction, credentials: Credentials, host: Host, runtime_api: str
) -> dict[str, str]:
    """What Lambda would set, what the stack sets, and nothing of this machine."""
    return {
        **function.environment,
        **credentials.environment(),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "laptop",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": host.endpoint_url,
        # Nothing of whose machine this is: no profile, no region, no endpoint of theirs.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
        "PYTHONPATH": f"{function.code}:{host.layer / 'python'}:{host.runtime}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
    }
