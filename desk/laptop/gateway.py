"""API Gateway's front: the deployed routes on localhost, and the desk's own paths.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

import base64
import json
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from desk.laptop.pool import Pool
from desk.laptop.sandbox import InvocationFailed

LARGEST_BODY = 10 * 1024 * 1024

Control = Callable[[str, Any], Any]


class Gateway:
    """Serves `/{stage}{path}` of the deployed routes; `control` answers `/_desk/…`."""

    def __init__(
        self,
        stage: str,
        routes: Mapping[tuple[str, str], Pool],
        control: Control,
        port: int = 0,
    ) -> None:
        gateway = self
        self._stage = stage
        self._routes = routes
        self._control = control

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nothing: the functions log."""

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(min(length, LARGEST_BODY + 1))
                if length > LARGEST_BODY:
                    self.close_connection = True
                    status, headers, answer = _message(413, "Request Too Long")
                else:
                    status, headers, answer = gateway.answer(
                        self.command, self.path, list(self.headers.items()), body
                    )
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens, without the stage."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def answer(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Route one request."""
        parts = urlsplit(target)
        if parts.path.startswith("/_desk/"):
            given = json.loads(body or b"null")
            return 200, {}, json.dumps(self._control(parts.path[7:], given)).encode()
        path = parts.path.removeprefix(f"/{self._stage}") or "/"
        pool = self._routes.get((method, path))
        if pool is None:
            # What API Gateway says of every path that it does not know.
            return _message(403, "Missing Authentication Token")
        try:
            answer = pool.invoke(self._event(method, path, parts.query, headers, body))
        except InvocationFailed:
            return _message(502, "Internal server error")
        return (
            int(answer["statusCode"]),
            dict(answer.get("headers") or {}),
            base64.b64decode(answer["body"])
            if answer.get("isBase64Encoded")
            else str(answer.get("body") or "").encode(),
        )

    def _event(
        self, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
    ) -> Mapping[str, Any]:
        """The proxy event of a REST API whose binary media types are `*/*`."""
        several: dict[str, list[str]] = {}
        for name, value in headers:
            several.setdefault(name, []).append(value)
        return {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {name: values[-1] for name, values in several.items()},
            "multiValueHeaders": several,
            "queryStringParameters": {k: v[-1] for k, v in parse_qs(query).items()} or None,
            "multiValueQueryStringParameters": parse_qs(query) or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "stage": self._stage,
                "httpMethod": method,
                "resourcePath": path,
                "identity": {"sourceIp": "127.0.0.1"},
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }


def _message(status: int, text: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json"}
    return status, headers, json.dumps({"message": text}).encode()
