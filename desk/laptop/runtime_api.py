"""Lambda's Runtime API, as AWS's runtime client asks for it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import queue
import threading
import time
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any

from desk.laptop.client import ACCOUNT, REGION
from desk.laptop.serving import QuickHandler


@dataclass(slots=True)
class Invocation:
    """One event on its way. Its time runs from when the process takes it, so `deadline` is late."""

    request_id: str
    body: bytes
    timeout: float
    deadline: float | None = None


class RuntimeApi:
    """Serves one process. `answers` are request id, kind (`response`, `error`, `init`) and body."""

    def __init__(self, function: str) -> None:
        self.answers: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        self._offered: queue.Queue[Invocation] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, function))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def offer(self, invocation: Invocation) -> None:
        """Give the next event."""
        self._offered.put(invocation)

    def next(self) -> Invocation:
        """Wait for an event; from here on its time runs."""
        invocation = self._offered.get()
        invocation.deadline = time.time() + invocation.timeout
        return invocation

    def close(self) -> None:
        """Stop serving; whoever waits for an invocation is a daemon thread."""
        threading.Thread(target=self._close, daemon=True).start()

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(api: RuntimeApi, function: str) -> type[QuickHandler]:
    class Handler(QuickHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            invocation = api.next()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int((invocation.deadline or 0) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": (
                    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
                ),
                "Content-Type": "application/json",
            }
            self.answer(200, headers, invocation.body)

        def do_POST(self) -> None:  # noqa: N802
            body: Any = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            *_, about, kind = self.path.strip("/").split("/")
            # …/runtime/init/error and …/runtime/invocation/{id}/response or error.
            api.answers.put(("", "init", body) if about == "init" else (about, kind, body))
            self.answer(202, {}, b"")

    return Handler
