"""One sandbox: a function's own process under AWS's runtime client, fed by a Runtime API of ours.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from desk.laptop.client import REGION, Credentials
from desk.laptop.deployment import ACCOUNT, DeployedFunction

START_SECONDS = 60.0


class InvocationFailed(Exception):
    """The function raised, ran out of time, or its process ended."""


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
        self._requests: queue.Queue[tuple[str, bytes, float]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self._server = _RuntimeApi(self._requests, self._answers, function.name)
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-P", "-m", "awslambdaric", function.handler],
            cwd=function.code,
            env=_environment(function, credentials, host, self._server.address),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._drain, args=(log,), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._process.poll() is None

    def invoke(self, event: Any) -> Any:
        """The function's answer to `event`.

        Raises:
            InvocationFailed: it raised; it ran out of time and was killed; or its process ended.
        """
        request_id = str(uuid.uuid4())
        deadline = time.time() + self._function.timeout
        self._requests.put((request_id, json.dumps(event).encode(), deadline))
        # The first invocation of a sandbox waits for the process to start; that is not counted.
        patience = deadline + (0 if self._server.started.is_set() else START_SECONDS)
        while True:
            try:
                answered, kind, body = self._answers.get(timeout=0.05)
            except queue.Empty:
                self._check(patience if not self._server.started.is_set() else deadline)
                continue
            if kind == "init":
                self.kill()
                raise InvocationFailed(body.decode("utf-8", "replace")[:2000])
            if answered != request_id:
                continue
            if kind == "error":
                raise InvocationFailed(body.decode("utf-8", "replace")[:2000])
            return json.loads(body or b"null")

    def _check(self, deadline: float) -> None:
        if not self.alive:
            self.kill()
            raise InvocationFailed("the process ended")
        if time.time() > deadline:
            self.kill()
            raise InvocationFailed(f"timed out after {self._function.timeout} s")

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._server.close()

    def _drain(self, log: Callable[[bytes], None]) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        for line in self._process.stdout:
            log(line)


class _RuntimeApi:
    """The HTTP server that the runtime client asks for its next invocation."""

    def __init__(
        self,
        requests: "queue.Queue[tuple[str, bytes, float]]",
        answers: "queue.Queue[tuple[str, str, bytes]]",
        name: str,
    ) -> None:
        self.started = threading.Event()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing: the function's own log is enough."""

            def do_GET(self) -> None:
                api.started.set()
                request_id, body, deadline = requests.get()
                arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
                self._answer(
                    200,
                    body,
                    {
                        "Lambda-Runtime-Aws-Request-Id": request_id,
                        "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": arn,
                        "Content-Type": "application/json",
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = self.path.strip("/").split("/")
                answers.put(
                    ("", "init", body)
                    if parts[-2:] == ["init", "error"]
                    else (parts[-2], parts[-1], body)
                )
                self._answer(202, b"", {})

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for header, value in headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving; who waits for an invocation is a daemon thread."""
        threading.Thread(target=self._close, daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


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
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
        "PYTHONPATH": f"{function.code}:{host.layer / 'python'}:{host.runtime}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
    }
