"""A WebSocket client that knows nothing but the protocol."""

import base64
import json
import os
import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.pulsar.server import PulsarServer

FOR_NOW = {409, 500, 503}
PATIENCE = 60.0  # for what must come; what must not come is waited for `server.silence`


@dataclass(frozen=True, slots=True)
class Frame:
    id: str
    payload: bytes
    whole: dict[str, Any]


class Socket:
    """One session. Pings go out by themselves unless `pings` says no."""

    def __init__(
        self,
        server: PulsarServer,
        path: str,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        *,
        pings: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        self._server = server
        if headers is None:
            headers = {"Authorization": f"Bearer {server.token()}"}
        self._stack = ExitStack()
        session = connect(
            f"{server.url}/ws/v2/{path}?{urlencode(query or {}, quote_via=quote, safe='')}",
            additional_headers=headers,
            max_size=None,
            max_queue=None,
            open_timeout=patience,
            close_timeout=PATIENCE,
            ping_interval=server.idle / 4 if pings else None,
            ping_timeout=None,
        )
        self.ws = self._stack.enter_context(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def frame(self) -> Frame:
        whole = self.answer()
        assert "messageId" in whole, whole
        return Frame(whole["messageId"], base64.b64decode(whole["payload"], validate=True), whole)

    def answer(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.ws.recv(timeout=PATIENCE))
        return said

    def frames(self, count: int) -> list[Frame]:
        return [self.frame() for _ in range(count)]

    def maybe(self) -> Frame | None:
        """A frame, if one comes soon."""
        try:
            whole = json.loads(self.ws.recv(timeout=self._server.silence))
        except TimeoutError:
            return None
        return Frame(whole["messageId"], base64.b64decode(whole["payload"]), whole)

    def taken(self, count: int) -> list[Frame]:
        """So many frames, each of them answered."""
        frames = []
        for _ in range(count):
            frames.append(self.frame())
            self.ack(frames[-1])
        return frames

    def silent(self) -> bool:
        try:
            return not self.ws.recv(timeout=self._server.silence)
        except TimeoutError:
            return True

    def say(self, *frames: Any) -> None:
        for frame in frames:
            self.ws.send(frame if isinstance(frame, str) else json.dumps(frame))

    def ack(self, *frames: Frame) -> None:
        self.say(*({"messageId": frame.id} for frame in frames))

    def nack(self, *frames: Frame) -> None:
        self.say(*({"type": "negativeAcknowledge", "messageId": frame.id} for frame in frames))

    def ended(self) -> bool:
        self.say({"type": "isEndOfTopic"})
        return bool(self.answer()["endOfTopic"])

    def pong(self) -> bool:
        return self.ws.ping().wait(PATIENCE)

    def end(self) -> tuple[int | None, str]:
        """How the server ends the connection: the close code and reason, 1006 for none."""
        try:
            while True:
                self.ws.recv(timeout=PATIENCE)
        except ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")

    def cut(self) -> None:
        """End without a word."""
        self.ws.socket.shutdown(socket.SHUT_RDWR)


def reader(server: PulsarServer, topic: str, start: str = "earliest", **query: Any) -> Socket:
    return Socket(server, f"reader/persistent/{topic}", {"messageId": start, **query})


def consumer(server: PulsarServer, topic: str, name: str = "one", **query: Any) -> Socket:
    """A subscription is free again a moment after its last consumer closed."""
    query = {"subscriptionInitialPosition": "Earliest", **query}
    return opened(server, f"consumer/persistent/{topic}/{name}", query)


def publish(
    server: PulsarServer, topic: str, payloads: Iterable[str], *, batch: int = 0
) -> list[str]:
    """Publish over the wire, in batches of `batch`; the ids of the replies."""
    query: dict[str, Any] = {"messageRoutingMode": "RoundRobinPartition"}
    if batch:
        query |= {"batchingEnabled": "true", "batchingMaxMessages": batch}
        query |= {"batchingMaxPublishDelay": 500}
    with Socket(server, f"producer/persistent/{topic}", query) as producer:
        sent = 0
        for payload in payloads:
            producer.say({"payload": base64.b64encode(payload.encode()).decode()})
            sent += 1
        answers = [producer.answer() for _ in range(sent)]
    assert {answer["result"] for answer in answers} <= {"ok"}, answers
    return [answer["messageId"] for answer in answers]


def gathered(count: int, *sessions: Socket) -> list[list[Frame]]:
    """So many different messages, each answered, by the session that got them."""
    came: list[list[Frame]] = [[] for _ in sessions]
    seen: set[str] = set()
    end = time.monotonic() + PATIENCE
    while len(seen) < count:
        assert time.monotonic() < end
        for frames, session in zip(came, sessions, strict=True):
            while (frame := session.maybe()) is not None:
                session.ack(frame)
                frames.append(frame)
                seen.add(frame.id)
    return came


def numbers(first: int, behind: int) -> list[str]:
    return [str(number) for number in range(first, behind)]


def said(frames: Sequence[Frame]) -> list[str]:
    return [frame.payload.decode() for frame in frames]


def refusal(
    server: PulsarServer,
    path: str,
    query: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    """The status and the body with which a handshake is refused."""
    try:
        with Socket(server, path, query, headers):
            return 101, ""
    except InvalidStatus as refused:
        return refused.response.status_code, (refused.response.body or b"").decode()


def hung(server: PulsarServer, path: str, query: dict[str, Any] | None = None) -> socket.socket:
    """A client that shook hands and then neither reads nor writes: the kernel takes all for it."""
    url = urlsplit(server.url)
    client = socket.create_connection((str(url.hostname), url.port or 0))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        f"GET /ws/v2/{path}?{urlencode(query or {})} HTTP/1.1\r\nHost: {url.netloc}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\nAuthorization: Bearer {server.token()}\r\n\r\n".encode()
    )
    client.settimeout(PATIENCE)
    assert client.recv(12) == b"HTTP/1.1 101"
    return client


def opened(server: PulsarServer, path: str, query: dict[str, Any]) -> Socket:
    """A session, as soon as the server grants one."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return Socket(server, path, query)
        except (InvalidStatus, OSError) as refused:
            if isinstance(refused, InvalidStatus) and refused.response.status_code not in FOR_NOW:
                raise
            assert time.monotonic() < end
            time.sleep(0.2)
