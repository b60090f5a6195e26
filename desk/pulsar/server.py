"""The WebSocket server: handshakes, sessions, and an orderly or disorderly end."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from desk.pulsar.cluster import Cluster, NotFound, Settings
from desk.pulsar.connection import Connection
from desk.pulsar.consumer import ConsumerSession
from desk.pulsar.faults import Faults
from desk.pulsar.handshake import Refused, Wanted, broker_error, credentials, page, wanted
from desk.pulsar.journal import Journal
from desk.pulsar.producer import ProducerSession
from desk.pulsar.reader import ReaderSession
from desk.pulsar.session import Session
from desk.pulsar.topic import Topic

LARGEST_FRAME = 1 << 20
HOST = "127.0.0.1"


class Simulator:
    """A server on loopback. Port 0 takes a free one; it stays the same across restarts."""

    def __init__(self, settings: Settings, port: int = 0, log: Path | None = None) -> None:
        self.journal = Journal(log)
        self.faults = Faults()
        self.settings = settings
        self.port = port
        self.connections: list[Connection] = []
        self.cluster = Cluster(settings, _later, self.journal)
        self.cluster.moved.append(self._move)
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
            max_size=LARGEST_FRAME,
            ping_interval=None,
            open_timeout=None,
            close_timeout=1,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self, *, killed: bool = False) -> None:
        """End: with an empty Close frame, or as after SIGKILL, losing the last acks."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close(close_connections=False)
        for connection in tuple(self.connections):
            if killed:
                if isinstance(connection.session, ConsumerSession):
                    connection.session.lose_acks()
                connection.drop()
            else:
                connection.close_empty()
        while self.connections:
            await asyncio.sleep(0.01)

    def sessions(self, topic: str | None = None) -> Sequence[Connection]:
        """The open connections, or those that read or consume `topic` or a partition of it."""
        return [
            connection
            for connection in self.connections
            if connection.session
            and (topic is None or f"{connection.session.topic}-".startswith(f"{topic}-"))
        ]

    async def _shake_hands(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request that is refused; None lets it through with its session made."""
        await asyncio.sleep(self.faults.handshake_seconds)
        try:
            if connection.transport.is_closing():
                return None
            session = self._open(request)
        except Refused as refused:
            self.journal.write("refused", status=refused.status, reason=refused.reason)
            return page(refused, request.path)
        if not isinstance(connection, Connection):
            raise TypeError("the server makes connections of its own")
        connection.session = session
        return None

    def _open(self, request: Request) -> Session:
        if status := self.faults.refusal():
            raise Refused(status, self.faults.refuse_reason)
        token, key = credentials(request)
        if self.faults.tokens_expired:
            self.faults.count("tokens_expired")
            token = None
        role = self.cluster.role(token, key)
        if role is None:
            raise Refused(401, "Authentication required")
        asked = wanted(request)
        try:
            if not self.cluster.allows(role, asked.topic):
                raise Refused(403, "Not authorized")
        except NotFound as error:
            raise Refused(500, "Server error") from error
        try:
            return self._session(asked)
        except NotFound as error:
            reason = broker_error(str(error))
            if asked.endpoint == "reader":
                raise Refused(500, f"Failed to create reader: {reason}") from error
            raise Refused(404, f"Failed to create producer/consumer: {reason}") from error

    def _session(self, asked: Wanted) -> Session:
        match asked.endpoint:
            case "reader":
                return ReaderSession(asked, self.cluster, self.faults)
            case "consumer":
                return ConsumerSession(asked, self.cluster, self.faults)
            case _:
                return ProducerSession(asked, self.cluster)

    async def _serve(self, connection: ServerConnection) -> None:
        if not isinstance(connection, Connection) or connection.session is None:
            return
        session = connection.session
        connection.served = True
        self.connections.append(connection)
        began = time.monotonic()
        self.journal.write("opened", endpoint=session.endpoint, topic=session.topic)
        idle = asyncio.create_task(self._end_when_idle(connection))
        try:
            await session.run(connection)
        finally:
            idle.cancel()
            self.connections.remove(connection)
            if session.ghost_seconds:
                _later(session.ghost_seconds, session.close)
            else:
                session.close()
            self.journal.write(
                "closed",
                endpoint=session.endpoint,
                topic=session.topic,
                seconds=round(time.monotonic() - began, 3),
            )

    async def _end_when_idle(self, connection: Connection) -> None:
        await connection.end_when_idle(self.settings.idle_seconds)

    def _move(self, name: str, topic: Topic) -> None:
        for connection in self.connections:
            if connection.session:
                connection.session.move(name, topic)


def _later(seconds: float, run: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(seconds, run)
