"""Sessions of their own beside one that fell silent, to hear whether there is anything to hear."""

import asyncio
import contextlib
import time
from collections.abc import Mapping

from websockets.exceptions import ConnectionClosed

from functions.stream_reader.connection import Refused, Unreachable, session
from functions.stream_reader.frames import MessageFrame, read_frame
from functions.stream_reader.window import Mark


async def first_frame(
    url: str, headers: Mapping[str, str], seconds: float | None
) -> MessageFrame | None:
    """The first message that such a session is brought; None when none came in time.

    Raises:
        Refused, Unreachable: there is no session.
    """
    async with session(url, headers) as socket:
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(seconds):
                while True:
                    frame = read_frame(await socket.recv(decode=False))
                    if isinstance(frame, MessageFrame):
                        return frame
    return None


class Sentinel:
    """A session at `latest`: what it is brought, the one beside it must be brought too."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.found: Mark | None = None
        self._found_at = 0.0
        self._task = asyncio.create_task(self._listen(url, headers))

    async def _listen(self, url: str, headers: Mapping[str, str]) -> None:
        with contextlib.suppress(Refused, Unreachable):
            frame = await first_frame(url, headers, None)
            if frame is not None:
                self.found = Mark(frame.message_id, frame.published)
                self._found_at = time.monotonic()

    def outran(self, heard: float, now: float, patience: float) -> bool:
        """Whether it was brought something, and the other, which last `heard`, nothing since."""
        if self.found is None or heard >= self._found_at - patience:
            return False
        return now - self._found_at > patience

    async def leave(self) -> None:
        """Close its session."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
