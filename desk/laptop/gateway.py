"""API Gateway's front: the deployed routes on localhost, and the desk's own paths.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from desk.laptop.client import ACCOUNT
from desk.laptop.pool import Pool
from desk.laptop.sandbox import InvocationFailed, PayloadTooLarge
from desk.laptop.serving import QuickHandler

LARGEST_BODY = 10 * 1024 * 1024
LONGEST_SECONDS = 29.0

Control = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Gateway:
    """Serves `/{stage}{path}` of the deployed routes; `control` answers `/_desk/…`."""

    def __init__(
        self,
        stage: str,
        routes: Mapping[tuple[str, str], Pool],
        control: Control,
        *,
        port: int = 0,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._stage = stage
        self._routes = routes
        self._control = control
        self._longest = longest_seconds
        self._invoking = ThreadPoolExecutor(max_workers=64, thread_name_prefix="gateway")
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
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
        self._invoking.shutdown(wait=False, cancel_futures=True)

    def reply(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Reply:
        """Route one request."""
        parts = urlsplit(target)
        if parts.path.startswith("/_desk/"):
            return self._desk(parts.path.removeprefix("/_desk/"), body)
        stage, _, rest = parts.path.removeprefix("/").partition("/")
        pool = self._routes.get((method, f"/{rest}")) if stage == self._stage else None
        if pool is None:
            # What API Gateway says of every path that it does not know.
            return _message(403, "Missing Authentication Token")
        event = self._event(method, f"/{rest}", parts.query, headers, body)
        try:
            return _proxied(self._invoking.submit(pool.invoke, event).result(self._longest))
        except PayloadTooLarge:
            return _message(413, "Request Too Long")
        except TimeoutError:
            return _message(504, "Endpoint request timed out")
        except (InvocationFailed, AttributeError, KeyError, TypeError, ValueError):
            # A function that failed, or an answer that is none of a proxy integration's.
            return _message(502, "Internal server error")

    def _desk(self, what: str, body: bytes) -> Reply:
        try:
            answer = self._control(what, json.loads(body or b"null"))
        except (InvocationFailed, LookupError) as error:
            return _message(502, str(error))
        return Reply(200, (("Content-Type", "application/json"),), json.dumps(answer).encode())

    def _event(
        self, method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes
    ) -> Mapping[str, Any]:
        """The proxy event of a REST API whose binary media types are `*/*`."""
        asked = parse_qs(query, keep_blank_values=True)
        several: dict[str, list[str]] = {}
        for name, value in headers:
            several.setdefault(name, []).append(value)
        return {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": {name: values[-1] for name, values in several.items()},
            "multiValueHeaders": several,
            "queryStringParameters": {name: values[-1] for name, values in asked.items()} or None,
            "multiValueQueryStringParameters": asked or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": "laptop",
                "requestId": str(uuid.uuid4()),
                "requestTimeEpoch": int(time.time() * 1000),
                "stage": self._stage,
                "httpMethod": method,
                "path": f"/{self._stage}{path}",
                "protocol": "HTTP/1.1",
                "resourcePath": path,
                "identity": {"sourceIp": "127.0.0.1", "userAgent": _last(several, "user-agent")},
            },
            "body": base64.b64encode(body).decode() if body else None,
            "isBase64Encoded": bool(body),
        }


def _handler(gateway: Gateway) -> type[QuickHandler]:
    class Handler(QuickHandler):
        def _serve(self) -> None:
            if "Transfer-Encoding" in self.headers:
                self.close_connection = True
                reply = _message(411, "send a Content-Length: the laptop reads no chunked bodies")
            elif (length := int(self.headers.get("Content-Length") or 0)) > LARGEST_BODY:
                self._pass_over(length)
                reply = _message(413, "Request Too Long")
            else:
                body = self.rfile.read(length)
                reply = gateway.reply(self.command, self.path, list(self.headers.items()), body)
            self.answer(reply.status, reply.headers, reply.body)

        def _pass_over(self, length: int) -> None:
            """Read what is refused, so that the client comes to reading the refusal."""
            self.close_connection = True
            while length > 0 and (chunk := self.rfile.read(min(length, 65536))):
                length -= len(chunk)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _serve  # noqa: N815

    return Handler


def _proxied(answer: Any) -> Reply:
    """The reply that a proxy integration's answer asks for."""
    headers = [(name, str(value)) for name, value in (answer.get("headers") or {}).items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        headers = [pair for pair in headers if pair[0] != name]
        headers.extend((name, str(value)) for value in values)
    body = str(answer.get("body") or "")
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return Reply(int(answer["statusCode"]), tuple(headers), raw)


def _last(headers: Mapping[str, list[str]], name: str) -> str | None:
    return next((values[-1] for key, values in headers.items() if key.lower() == name), None)


def _message(status: int, text: str) -> Reply:
    body = json.dumps({"message": text}).encode()
    return Reply(status, (("Content-Type", "application/json"),), body)
