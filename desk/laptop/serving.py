"""What the laptop's HTTP servers have in common: no waiting, and no access log."""

import socket
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any


class QuickHandler(BaseHTTPRequestHandler):
    """Keeps connections, and sends an answer as one write at once."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self) -> None:
        """Without Nagle's algorithm, which costs 40 ms an answer."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def handle_expect_100(self) -> bool:
        """Flush the `100 Continue`: curl waits a second for it with every larger body."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the functions log."""

    def answer(
        self, status: int, headers: Mapping[str, str] | Iterable[tuple[str, str]], body: bytes
    ) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items() if isinstance(headers, Mapping) else headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
