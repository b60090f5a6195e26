"""Sessions of their own beside one that fell silent, to hear whether there is anything to hear."""

import asyncio
import contextlib
import time
from collections.abc import Mapping

from websockets.exceptions import ConnectionClosed

from functions.stream_reader.connection import Refused, Unreachable, session
from functions.stream_reader.frames import MessageFrame, read_frame
from functions.stream_reader.pace import Pace
from functions.stream_reader.window import Mark


async def first_frame(
    url: str, headers: Mapping[str, str], pace: Pace, *, patient: bool = False
) -> MessageFrame | None:
    """The first message that such a session is brought; None when none came in time.

    A patient one waits for as long as the session lasts.

    Raises:
        Refused, Unreachable: there is no session.
    """
    async with session(url, headers, pace) as socket:
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(None if patient else pace.probe):
                while True:
                    frame = read_frame(await socket.recv(decode=False))
                    if isinstance(frame, MessageFrame):
                        return frame
    return None


class Sentinel:
    """A session at `latest`: what it is brought, the one beside it must be brought too."""

    def __init__(self, url: str, headers: Mapping[str, str], pace: Pace) -> None:
        self.found: Mark | None = None
        self._found_at = 0.0
        self._patience = pace.probe
        self._task = asyncio.create_task(self._listen(url, headers, pace))

    async def _listen(self, url: str, headers: Mapping[str, str], pace: Pace) -> None:
        with contextlib.suppress(Refused, Unreachable):
            frame = await first_frame(url, headers, pace, patient=True)
            if frame is not None:
                self.found = Mark(frame.message_id, frame.published)
                self._found_at = time.monotonic()

    def outran(self, heard: float, now: float) -> bool:
        """Whether it was brought something, and the other, which last `heard`, nothing since."""
        if self.found is None or heard >= self._found_at - self._patience:
            return False
        return now - self._found_at > self._patience

    async def leave(self) -> None:
        """Close its session."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
