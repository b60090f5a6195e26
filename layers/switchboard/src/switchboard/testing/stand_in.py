"""A vendor over a real socket, which answers what it is told to."""

import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `silent` never answers; `hang_up` closes the connection after the request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    silent: bool = False
    hang_up: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that arrived; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


TAKEN = Reply()
Answering = Callable[[Arrived], Reply]


class StandIn:
    """A context manager: a server on a free port. Out of replies, it answers `otherwise`.

    `otherwise` may be a function of what arrived: a stand-in that keeps a state of its own.
    """

    def __init__(self, otherwise: Reply | Answering = TAKEN) -> None:
        self._otherwise = otherwise
        self.replies: list[Reply] = []
        self.arrived: list[Arrived] = []
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing."""

            def _serve(self) -> None:
                stand_in.serve(self)

            do_POST = do_PUT = do_GET = do_HEAD = _serve  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, arrived: Arrived) -> Reply:
        return self._otherwise if isinstance(self._otherwise, Reply) else self._otherwise(arrived)

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Take one request and answer it."""
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        arrived = Arrived(request.command, request.path, headers, body)
        self.arrived.append(arrived)
        reply = self.replies.pop(0) if self.replies else self._answer(arrived)
        if reply.silent:
            self._ended.wait(30)
        if reply.silent or reply.hang_up:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        answer = reply.body.encode()
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(answer)


def closed_url() -> str:
    """An address of this machine where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"
