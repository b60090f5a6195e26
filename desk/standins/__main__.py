"""`python -m desk.standins PLAN READY LOG`: serve the stand-ins until killed.

PLAN: {"secrets": {name: secret}, "chats": {name: {"token": token, "channel": channel}}, "faults":
{name: {...}}}. READY gets {name: URL}.
The clock of the faults begins with the first request.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from desk.standins.chat import Chat, Line
from desk.standins.endpoint import Endpoint, FaultPlan, Reply

SILENCE_SECONDS = 30.0
KNOWS_KEYS = {"crm": True, "pager": False}

Take: TypeAlias = Callable[[str, Mapping[str, str], bytes, float], tuple[Reply, Sequence[Line]]]
"""Given path, headers, body and the seconds of the faults: the reply, and lines for the log."""


class Log:
    """JSON lines with their time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def write(self, lines: Sequence[Line], body: bytes) -> None:
        """Write lines of one request; what was stored is kept whole."""
        whole = {"body": body.decode("utf-8", "replace")}
        with self._lock:
            for line in lines:
                kept = whole if line["stored"] else {}
                self._file.write(json.dumps({"at": time.time(), **line, **kept}) + "\n")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed hangs up: that is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def serve(take: Take, log: Log, clock: "Clock") -> ThreadingHTTPServer:
    """A server of one stand-in on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: there is a log."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply, lines = take(self.path, headers, body, clock.seconds())
            log.write(lines, body)
            if reply.status == 0:
                time.sleep(SILENCE_SECONDS)
                self.close_connection = True
                return
            time.sleep(reply.after)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            answer = reply.body.encode()
            if "Content-Type" not in reply.headers:
                self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            self.wfile.flush()

        def do_GET(self) -> None:
            self.do_POST()

    server = _Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class Clock:
    """Seconds since it was first asked."""

    def __init__(self) -> None:
        self._began: float | None = None

    def seconds(self) -> float:
        """How long ago the first request was."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
        return now - self._began


def _webhook(name: str, secret: str, faults: FaultPlan) -> Take:
    endpoint = Endpoint(name, secret, knows_keys=KNOWS_KEYS[name], plan=faults)

    def take(
        _: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> tuple[Reply, Sequence[Line]]:
        reply, line = endpoint.take(headers, body, seconds)
        return reply, [line]

    return take


def _chat(name: str, told: Mapping[str, str], faults: FaultPlan) -> Take:
    chat = Chat(name, told["token"], told["channel"], faults)
    return lambda path, headers, body, _: chat.take(path, headers, body)


def main() -> None:
    """Serve every stand-in of the plan."""
    plan = json.loads(Path(sys.argv[1]).read_text())
    ready, log, clock = Path(sys.argv[2]), Log(Path(sys.argv[3])), Clock()
    urls: dict[str, str] = {}
    for named, made in ((plan["secrets"], _webhook), (plan["chats"], _chat)):
        for name, told in named.items():
            faults = FaultPlan(**plan["faults"].get(name, {}))
            server = serve(made(name, told, faults), log, clock)
            urls[name] = f"http://127.0.0.1:{server.server_port}/{name}"
    making = ready.with_suffix(".making")
    making.write_text(json.dumps(urls))
    making.rename(ready)
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
