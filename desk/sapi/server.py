"""The WebSocket server: sessions of subscriptions, their heartbeats and their end."""

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from desk.pulsar.handshake import Refused, page
from desk.pulsar.journal import Journal
from desk.sapi.handshake import Wanted, wanted
from desk.sapi.settings import Faults, Settings
from desk.sapi.subscription import Subscription

HOST = "127.0.0.1"
LOOK_SECONDS = 0.02


class Connection(ServerConnection):
    """`wanted` is set during the handshake."""

    wanted: Wanted | None = None


class Simulator:
    """A server on loopback. Port 0 takes a free one; it stays the same across restarts."""

    def __init__(self, settings: Settings, port: int = 0, log: Path | None = None) -> None:
        self.settings = settings
        self.faults = Faults()
        self.journal = Journal(log)
        self.port = port
        self.subscriptions: dict[str, Subscription] = {}
        self.clients: dict[str, Connection] = {}
        self._sequence = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"ws://{HOST}:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await serve(
            self._serve,
            HOST,
            self.port,
            process_request=self._shake_hands,
            create_connection=Connection,
            ping_interval=None,
            close_timeout=1,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer, and end the sessions."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def publish(self, payload: bytes) -> None:
        """An event of the tenant: every subscription gets it."""
        self.journal.write("published", payload=payload.decode("utf-8", "replace"))
        for subscription in self.subscriptions.values():
            subscription.publish(payload, time.monotonic())

    async def drop(self) -> int:
        """Reset every connection."""
        found = list(self.clients.values())
        for connection in found:
            connection.transport.abort()
        self.faults.count("drop", len(found))
        return len(found)

    async def _shake_hands(self, connection: ServerConnection, request: Request) -> Response | None:
        try:
            asked = self._admitted(request)
        except Refused as refused:
            self.journal.write("refused", status=refused.status, reason=refused.reason)
            return page(refused, request.path)
        if not isinstance(connection, Connection):
            raise TypeError("the server makes connections of its own")
        connection.wanted = asked
        return None

    def _admitted(self, request: Request) -> Wanted:
        if status := self.faults.refusal():
            raise Refused(status, "refused on purpose")
        asked = wanted(request, self.settings)
        others = self.clients.keys() - {asked.subscription}
        if len(others) >= self.settings.most_clients:
            raise Refused(403, f"more than {self.settings.most_clients} clients")
        return asked

    async def _serve(self, connection: ServerConnection) -> None:
        if not isinstance(connection, Connection) or connection.wanted is None:
            return
        name = connection.wanted.subscription
        earlier = self.clients.get(name)
        if earlier is not None:
            earlier.transport.abort()
        self.clients[name] = connection
        subscription = self.subscriptions.setdefault(
            name, Subscription(self.settings.replay_seconds)
        )
        subscription.connect(time.monotonic())
        self.journal.write("opened", subscription=name)
        hearing = asyncio.create_task(_hear(connection))
        try:
            await self._send(connection, connection.wanted, subscription)
        except ConnectionClosed:
            pass
        finally:
            hearing.cancel()
            if self.clients.get(name) is connection:
                del self.clients[name]
                subscription.leave(time.monotonic())
            self.journal.write("closed", subscription=name)

    async def _send(
        self, connection: Connection, asked: Wanted, subscription: Subscription
    ) -> None:
        """Events and heartbeats until the session's time is over."""
        began = beaten = time.monotonic()
        while time.monotonic() - began < self.settings.session_seconds:
            if connection.state.name != "OPEN":
                return
            if self.faults.silent or self.clients.get(asked.subscription) is not connection:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            if time.monotonic() - beaten >= self.settings.heartbeat_seconds:
                beaten = time.monotonic()
                await self._write(connection, asked, [self._heartbeat(asked.subscription)])
            payloads = subscription.take(self.settings.in_a_frame)
            if not payloads:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            try:
                await self._write(connection, asked, payloads)
            except ConnectionClosed:
                subscription.put_back(payloads)
                raise
        self.journal.write("session_over", subscription=asked.subscription)

    async def _write(self, connection: Connection, asked: Wanted, payloads: list[bytes]) -> None:
        newline = "\n" if asked.output == "NEWLINE_JSON" else ""
        text = "".join(payload.decode("utf-8", "replace") + newline for payload in payloads)
        for frame in _cut(text, self.settings.frame_bytes):
            await connection.send(frame)

    def _heartbeat(self, subscription: str) -> bytes:
        self._sequence += 1
        info = {
            "instanceId": "node-1-sapi-v1",
            "sequenceId": self._sequence,
            "timestamp": round(time.time() * 1000),
        }
        inside = {
            "heartbeat": "[HEARTBEAT]",
            "msgInfo": info,
            "subscription-id": subscription,
            "tenant-id": self.settings.tenant,
        }
        return json.dumps({"ClientCheck": inside}).encode()


async def _hear(connection: Connection) -> None:
    """A client has nothing to say; reading notices its end."""
    with contextlib.suppress(ConnectionClosed):
        async for _ in connection:
            pass


def _cut(text: str, size: int) -> Iterator[str]:
    """`text` in frames of at most `size` characters; 0: in one."""
    step = size or len(text)
    for at in range(0, len(text), step):
        yield text[at : at + step]
