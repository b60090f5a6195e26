"""Reading one topic or partition: session after session, until it is stopped."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from functions.stream_reader.arrivals import Arrivals
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.connection import session
from functions.stream_reader.endpoint import consumer_url, headers, place_name, reader_url
from functions.stream_reader.intake import Intake
from functions.stream_reader.mute import next_way_past, way_to
from functions.stream_reader.persistence import connect_again_and_again
from functions.stream_reader.probing import Sentinel, first_frame
from functions.stream_reader.surroundings import Surroundings
from functions.stream_reader.troubles import Troubles
from functions.stream_reader.watch import End, Limits, must_end
from functions.stream_reader.window import Mark
from switchboard.sources.stream import KIND as STREAM
from switchboard.sources.stream_document import Place, StreamDocument

PROBE_QUEUE = 2
"""With a queue of 1 a server delivers nothing after a position."""


class TopicSession:
    """One place. `checkpoint()` may be asked at any time; what it says is always confirmed."""

    def __init__(
        self, document: StreamDocument, place: Place, kept: Checkpoint, around: Surroundings
    ) -> None:
        self.name = place_name(document, place)
        self._place = place
        self._around = around
        self._document = document
        self._measures = around.measures
        self._is_reader = document.mode == "reader"
        self._arrivals = Arrivals(
            kept,
            Intake(around.source, STREAM, self.name, around.measures),
            around.forward,
            around.measures,
            reads_in_order=self._is_reader,
            gap_seconds=document.gap_seconds,
            partition=place.partition,
        )
        self._limits = Limits.of(document)
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._closed_at = self._began = time.monotonic()
        self._last_end: End | None = None

    @property
    def unconfirmed(self) -> int:
        """Frames whose event SQS has not taken."""
        return self._arrivals.unconfirmed

    def checkpoint(self) -> Checkpoint:
        """Where a new reader goes on."""
        return self._arrivals.checkpoint()

    def stop(self) -> None:
        """Take in no more; `run` ends when all that came is confirmed and answered."""
        self._stopping.set()

    async def stopped(self) -> None:
        """Wait until `run` has ended."""
        await self._stopped.wait()

    async def run(self) -> None:
        """Read until stopped. What a session fails of is told, and the next one is tried."""
        around = self._around
        await connect_again_and_again(
            self._session, self.name, self._stopping, around.measures, around.pace
        )
        self._stopped.set()

    async def _session(self, troubles: Troubles) -> bool:
        """Open a session, read from it to its end, and find a way past what muted it."""
        pace = self._around.pace
        secret = await self._around.credentials(troubles.credentials_were_refused)
        credential = headers(self._document, secret)
        sentinel: Sentinel | None = None
        async with session(self._url(), credential, pace) as socket:
            troubles.session_opened()
            self._opened()
            if self._is_reader and self._last_end is End.SILENT:
                latest = reader_url(self._document, self._place, "latest")
                sentinel = Sentinel(latest, credential, pace)
            try:
                self._last_end = await self._read(socket, sentinel)
            finally:
                self._closed_at = time.monotonic()
                if sentinel is not None:
                    await sentinel.leave()
        self._measures.event("reconnects", cause=self._last_end)
        if self._last_end in {End.SILENT, End.MUTED}:
            found = None if sentinel is None else sentinel.found
            await self._after_a_silence(credential, found)
        return False

    def _url(self) -> str:
        if not self._is_reader:
            return consumer_url(self._document, self._place)
        return reader_url(self._document, self._place, self._arrivals.resume_after)

    def _opened(self) -> None:
        self._arrivals.connected()
        self._around.connected()
        # Silence is of the topic, not of a session: servers and balancers drop quiet ones early.
        self._arrivals.heard += time.monotonic() - self._closed_at

    async def _read(self, socket: ClientConnection, sentinel: Sentinel | None) -> End:
        """Take in frames until the session ends; when stopping, finish what came."""
        opened = time.monotonic()
        work: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._take_in(socket)),
            asyncio.create_task(self._answer(socket)),
        ]
        stopping: asyncio.Task[Any] = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                await asyncio.wait(
                    [*work, stopping],
                    timeout=self._around.pace.look_every,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopping.done():
                    await self._finish(socket)
                    return End.STOPPED
                for task in work:
                    if task.done():
                        task.result()
                        return End.CLOSED
                end = self._look(opened, sentinel)
                if end is not None:
                    return end
        finally:
            for task in (*work, stopping):
                task.cancel()
            await asyncio.gather(*work, stopping, return_exceptions=True)

    def _look(self, opened: float, sentinel: Sentinel | None) -> End | None:
        """What the clock says of a session that is open."""
        now = time.monotonic()
        arrivals = self._arrivals
        if arrivals.is_stalled(self._document.receiver_queue_size):
            # The server may not send, and is not silent.
            arrivals.heard = now
        if sentinel is not None and sentinel.outran(arrivals.heard, now):
            return End.MUTED
        waited = now - self._began
        if not arrivals.ever_heard and waited > self._document.nothing_ever_came_seconds:
            self._began = now
            self._measures.event("nothing_ever_came")
            self._measures.warn(
                "connected, and nothing ever came: check the host's region and the topic's name",
                place=self.name,
            )
        return must_end(
            self._limits,
            opened=opened,
            heard=arrivals.heard,
            oldest_debt=arrivals.oldest_debt,
            now=now,
        )

    async def _take_in(self, socket: ClientConnection) -> None:
        """Never waits for SQS: only the window holds the server back."""
        with contextlib.suppress(ConnectionClosed):
            while not self._stopping.is_set():
                self._arrivals.take(await socket.recv(decode=False))

    async def _answer(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._arrivals.answers_due.wait()
                self._arrivals.answers_due.clear()
                await self._give_answers(socket)

    async def _give_answers(self, socket: ClientConnection) -> None:
        for message_id in self._arrivals.answers():
            await socket.send(msgspec.json.encode({"messageId": message_id}), text=True)

    async def _finish(self, socket: ClientConnection) -> None:
        """Answer all that came as SQS takes it; whoever stops us sets the time for it."""
        with contextlib.suppress(ConnectionClosed):
            while self._arrivals.unconfirmed:
                await self._give_answers(socket)
                await asyncio.sleep(0.02)
            await self._give_answers(socket)

    async def _after_a_silence(self, credential: Mapping[str, str], found: Mark | None) -> None:
        """Is the topic quiet, or does a message mute its sessions? Only a reader can pass that."""
        self._measures.event("silent")
        self._arrivals.heard = self._closed_at
        if not self._is_reader or self._arrivals.unconfirmed:
            return

        async def probe(message_id: str) -> Mark | None:
            url = reader_url(self._document, self._place, message_id, queue_size=PROBE_QUEUE)
            frame = await first_frame(url, credential, self._around.pace)
            return None if frame is None else Mark(frame.message_id, frame.published)

        if await probe(self._arrivals.resume_after) is not None:
            return
        mark = self._arrivals.mark
        way = None if mark is None else await next_way_past(mark, probe)
        if way is None and found is not None:
            way = await way_to(found, probe)
        if way is not None:
            self._measures.event("muted")
            await self._arrivals.step_over(way)
