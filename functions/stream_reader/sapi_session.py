"""Reading one subscription of the legacy Streaming API: connection after connection."""

import asyncio
import contextlib
import time
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.connection import session
from functions.stream_reader.handshake import HEALTHY_SECONDS
from functions.stream_reader.intake import Intake
from functions.stream_reader.persistence import connect_again_and_again
from functions.stream_reader.sapi_arrivals import SapiArrivals
from functions.stream_reader.sapi_endpoint import credential, subscribe_url, subscription_name
from functions.stream_reader.surroundings import Surroundings
from functions.stream_reader.troubles import Troubles
from functions.stream_reader.watch import End
from switchboard.sources.sapi import KIND
from switchboard.sources.sapi_document import SapiDocument

FRAMES_AHEAD = 1
NEARLY = 0.9
"""A session that lived for so much of its time ended as it had to."""


class SapiSession:
    """See PlaceSession."""

    def __init__(self, document: SapiDocument, kept: Checkpoint, around: Surroundings) -> None:
        self.name = subscription_name(document)
        self._document = document
        self._around = around
        self._measures = around.measures
        self._arrivals = SapiArrivals(
            document,
            kept,
            Intake(around.source, KIND, self.name, around.measures),
            around.forward,
            around.measures,
        )
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()
        self._began = time.monotonic()

    @property
    def unconfirmed(self) -> int:
        """See PlaceSession."""
        return self._arrivals.unconfirmed

    def checkpoint(self) -> Checkpoint:
        """See PlaceSession."""
        return self._arrivals.checkpoint()

    def stop(self) -> None:
        """See PlaceSession."""
        self._stopping.set()

    async def stopped(self) -> None:
        """See PlaceSession."""
        await self._stopped.wait()

    async def run(self) -> None:
        """See PlaceSession."""
        around = self._around
        await connect_again_and_again(
            self._session, self.name, self._stopping, around.measures, around.pace
        )
        while self._arrivals.unconfirmed:
            await asyncio.sleep(0.02)
        self._arrivals.finished()
        self._stopped.set()

    async def _session(self, troubles: Troubles) -> bool:
        """One connection, to its end; whether that was its time."""
        pace = self._around.pace
        secret = await self._around.credentials(troubles.credentials_were_refused)
        async with session(
            subscribe_url(self._document),
            credential(secret),
            pace,
            frames_ahead=FRAMES_AHEAD,
            pongs=False,
        ) as socket:
            troubles.session_opened()
            opened = self._arrivals.heard = time.monotonic()
            self._around.connected()
            self._arrivals.connected()
            try:
                end = await self._read(socket)
            finally:
                self._arrivals.ended()
        lived = time.monotonic() - opened
        if end is End.CLOSED and lived >= NEARLY * self._document.session_seconds:
            end = End.AGED
        self._measures.event("reconnects", cause=end)
        return end is End.AGED or (end is End.CLOSED and lived >= HEALTHY_SECONDS)

    async def _read(self, socket: ClientConnection) -> End:
        """Take in frames until the connection ends; when stopping, what is on its way as well."""
        taking: asyncio.Task[Any] = asyncio.create_task(self._take_in(socket))
        stopping: asyncio.Task[Any] = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                await asyncio.wait(
                    [taking, stopping],
                    timeout=self._around.pace.look_every,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if stopping.done():
                    self._arrivals.take_what_comes()
                    await self._finish(socket, taking)
                    return End.STOPPED
                if taking.done():
                    taking.result()
                    return End.CLOSED
                if self._look():
                    await self._finish(socket, taking)
                    return End.SILENT
        finally:
            for task in (taking, stopping):
                task.cancel()
            await asyncio.gather(taking, stopping, return_exceptions=True)

    async def _take_in(self, socket: ClientConnection) -> None:
        """While there is no room the socket is not read, and TCP holds the server back."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self._arrivals.room.wait()
                self._arrivals.take(await socket.recv(decode=False))

    async def _finish(self, socket: ClientConnection, taking: "asyncio.Task[Any]") -> None:
        """Close, and take in what the server wrote before it heard of that."""
        closing = asyncio.create_task(socket.close())
        await asyncio.gather(closing, taking, return_exceptions=True)

    def _look(self) -> bool:
        """Whether the connection is silent; what the clock says besides is told."""
        now = time.monotonic()
        arrivals = self._arrivals
        if not arrivals.room.is_set():
            # The server may not send, and is not silent.
            arrivals.heard = now
        if not arrivals.ever_heard and now - self._began > self._document.nothing_ever_came_seconds:
            self._began = now
            self._measures.event("nothing_ever_came")
            self._measures.warn(
                "connected, and no event ever came: check the cluster and the tenant",
                place=self.name,
            )
        silent = now - arrivals.heard > self._document.silence_seconds
        if silent:
            self._measures.event("silent")
        return silent
