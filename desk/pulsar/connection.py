"""A WebSocket connection that knows when it last saw traffic, and can be left hanging."""

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from desk.pulsar.session import Session

IDLE = "java.util.concurrent.TimeoutException: Idle timeout expired: {0}/{0} ms"
CLOSE_SECONDS = 1.0


class Connection(ServerConnection):
    """`session` is set during the handshake, before the 101."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.session: Session | None = None
        self.hanging = False
        self.served = False
        self.last_traffic = time.monotonic()

    def data_received(self, data: bytes) -> None:
        """Every byte counts as traffic; what arrives at a hanging connection is never read."""
        if not self.hanging:
            self.last_traffic = time.monotonic()
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """What was opened in a handshake that did not come to its end is given back."""
        super().connection_lost(exc)
        if self.session and not self.served:
            self.session.close()

    def hang(self) -> None:
        """Serve it no longer, and do not close it either: the socket is half open."""
        self.hanging = True

    def drop(self) -> None:
        """Reset the connection."""
        self.transport.abort()

    def fall_silent(self) -> None:
        """End the connection without a Close frame."""
        self.transport.close()

    def close_empty(self) -> None:
        """Send a Close frame without a code and end the connection."""
        with contextlib.suppress(Exception):
            self.protocol.send_close()
            self.transport.write(b"".join(self.protocol.data_to_send()))
        self.transport.close()

    async def deliver(self, text: str) -> None:
        """Send a frame, unless the connection hangs."""
        if self.hanging:
            await asyncio.Event().wait()
        await self.send(text)
        self.last_traffic = time.monotonic()

    async def end_when_idle(self, seconds: float) -> None:
        """Close with 1001 after so long without a byte in either direction."""
        while (left := self.last_traffic + seconds - time.monotonic()) > 0 or self.hanging:
            await asyncio.sleep(max(left, 0.05))
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.close(1001, IDLE.format(round(seconds * 1000)))
        self.drop()
