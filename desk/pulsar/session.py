"""What every session that delivers does: frames out while the window is open, answers in."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence

from websockets.exceptions import ConnectionClosed

from desk.pulsar.connection import Connection
from desk.pulsar.faults import Faults
from desk.pulsar.frames import NotAnObject, Null, message_frame
from desk.pulsar.inbox import Delivery, Inbox
from desk.pulsar.topic import Topic
from desk.pulsar.window import Window


class Broken(Exception):
    """The handler throws at a frame: the session is closed with 1011 and this reason."""


class Session(ABC):
    """Created before the 101, run after it, and closed with its connection."""

    topic: str
    endpoint: str
    ghost_seconds = 0.0

    @abstractmethod
    async def run(self, connection: Connection) -> None:
        """Serve until the connection ends."""

    @abstractmethod
    def close(self) -> None:
        """Give back what the session holds on the server."""

    @abstractmethod
    def mute(self) -> None:
        """Deliver nothing more."""

    @abstractmethod
    def detach(self) -> None:
        """The server lost its broker."""

    @abstractmethod
    def attach(self) -> None:
        """The server found its broker again."""

    @abstractmethod
    def move(self, name: str, topic: Topic) -> None:
        """A topic was deleted and created again."""


class Delivering(Session):
    """A session that sends messages."""

    def __init__(self, window: Window, faults: Faults) -> None:
        self.muted = False
        self.window = window
        self.wake = asyncio.Event()
        self._faults = faults
        self._turn = 0

    def mute(self) -> None:
        self.muted = True

    @property
    @abstractmethod
    def inboxes(self) -> Sequence[Inbox]:
        """Where messages wait, one for each partition."""

    @property
    def backlog(self) -> int:
        """Messages that are still to be sent, and frames that are still to be answered."""
        return sum(map(len, self.inboxes)) + self.window.pending

    @abstractmethod
    def take(self, number: int) -> Delivery | None:
        """The next message of the inbox of that number."""

    @abstractmethod
    async def hear(self, text: str, connection: Connection) -> None:
        """Take a frame of the client's.

        Raises:
            Broken: when the server's handler would throw.
        """

    async def run(self, connection: Connection) -> None:
        """Deliver and listen, until one of both ends the connection."""
        for inbox in self.inboxes:
            inbox.on_delivery = self.wake.set
        self.wake.set()
        delivering = asyncio.create_task(self._deliver(connection))
        try:
            await self._listen(connection)
        finally:
            delivering.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                await delivering

    async def _listen(self, connection: Connection) -> None:
        try:
            async for text in connection:
                if isinstance(text, str):
                    await self.hear(text, connection)
                    self.wake.set()
        except NotAnObject:
            connection.fall_silent()
        except Null:
            await connection.close(1011, 'Cannot read field "type" because "command" is null')
        except Broken as broken:
            await connection.close(1011, str(broken)[:120])
        except ConnectionClosed:
            return

    async def _deliver(self, connection: Connection) -> None:
        held: list[tuple[str, str]] = []
        while True:
            await self.wake.wait()
            self.wake.clear()
            while not self._stopped and self.window.open and (delivery := self._next()):
                if delivery.message.payload is None:
                    # The server's loop dies of it, and the socket lives on.
                    self.muted = True
                    break
                self.window.sent()
                name = delivery.id.encode()
                frame = message_frame(delivery, delivery.message.payload)
                if (
                    not held
                    and self._more
                    and self._faults.strikes("swap", self._faults.swap_share)
                ):
                    held.append((name, frame))
                    continue
                await self._send(connection, frame)
                while held:
                    late, frame = held.pop()
                    self._faults.swaps.append((name, late))
                    await self._send(connection, frame)

    async def _send(self, connection: Connection, frame: str) -> None:
        if self._faults.delay_seconds:
            await asyncio.sleep(self._faults.delay_seconds)
        await connection.deliver(frame)
        if self._faults.strikes("duplicate", self._faults.duplicate_share):
            self.window.sent()
            await connection.deliver(frame)

    @property
    def _stopped(self) -> bool:
        return self.muted or self._faults.muted

    @property
    def _more(self) -> bool:
        return self.window.open and any(len(inbox) for inbox in self.inboxes)

    def _next(self) -> Delivery | None:
        for _ in self.inboxes:
            self._turn = (self._turn + 1) % len(self.inboxes)
            if delivery := self.take(self._turn):
                return delivery
        return None
