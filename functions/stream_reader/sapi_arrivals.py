"""What comes of one subscription of the legacy Streaming API, until SQS has it.

There are no acknowledgements: 8x8 counts as delivered what it has written to the connection, and
nothing brings it again. So as little as possible is held, and it is taken in only while there is
room for it.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime
from functools import partial

from functions.stream_reader.arrivals import Forward
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.gaps import Cause, Gap
from functions.stream_reader.intake import Intake
from functions.stream_reader.measures import Measures
from functions.stream_reader.window import Mark
from switchboard.event import utc_text
from switchboard.sources.sapi import is_heartbeat
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.sapi_splitter import Piece, SapiSplitter


class SapiArrivals:
    """`room` is set while more may be taken in."""

    def __init__(
        self,
        document: SapiDocument,
        kept: Checkpoint,
        intake: Intake,
        forward: Forward,
        measures: Measures,
    ) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self.heard = time.monotonic()
        self.ever_heard = bool(kept.heard)
        self.unconfirmed = 0
        self._limit = document.unconfirmed_limit
        self._replay_seconds = document.replay_seconds
        self._splitter = SapiSplitter(lines=document.output == "NEWLINE_JSON")
        self._alive_at = kept.alive_at
        self._interrupted = kept.finished is False
        self._finished = False
        self._untold = 0
        self._intake = intake
        self._forward = forward
        self._measures = measures

    def checkpoint(self) -> Checkpoint:
        """When this was last read, with every gap before it told."""
        return Checkpoint(
            heard=self.ever_heard or None, finished=self._finished, alive_at=self._alive_at
        )

    def connected(self) -> None:
        """A new connection is open; 8x8 begins with what it kept, if that is not too long ago."""
        now = time.time()
        if now - self._alive_at > self._replay_seconds:
            self._tell(Cause.REPLAY_WINDOW, now)
        elif self._interrupted:
            self._tell(Cause.INTERRUPTED, now)
        self._interrupted = False
        self._alive(now)

    def take_what_comes(self) -> None:
        """There is room for everything: the connection is being closed."""
        self._limit = sys.maxsize
        self.room.set()

    def take(self, frame: bytes) -> None:
        """A frame came."""
        self.heard = time.monotonic()
        self._measures.count("frames")
        self._measures.count("bytes", len(frame))
        self._send_on(self._splitter.feed(frame))
        self._alive(time.time())

    def ended(self) -> None:
        """The connection is over: what it left unfinished is sent on as it came."""
        self._send_on(self._splitter.rest("the connection ended in the middle of it"))

    def _send_on(self, pieces: list[Piece]) -> None:
        now = time.time()
        for piece in pieces:
            if not piece.trouble and is_heartbeat(piece.payload):
                self._measures.count("other_frames")
                continue
            self.ever_heard = True
            self._measures.count("events")
            arrived = self._intake.payload(piece.payload, piece.trouble, now)
            if arrived.published is not None:
                self._measures.peak("lag_seconds", now - arrived.published)
            self.unconfirmed += 1
            self._forward(arrived, partial(self._confirmed, time.monotonic()))
        if self.unconfirmed >= self._limit:
            self.room.clear()

    def _confirmed(self, came: float) -> None:
        self._measures.peak("ack_lag_ms", (time.monotonic() - came) * 1000)
        self.unconfirmed -= 1
        if self.unconfirmed < self._limit:
            self.room.set()

    def _alive(self, now: float) -> None:
        """The connection lives; that is kept, unless a gap before it is still to be told."""
        if not self._untold:
            self._alive_at = now

    def finished(self) -> None:
        """Nothing more is taken in, and SQS has everything that came."""
        self._finished = True

    def _tell(self, cause: Cause, now: float) -> None:
        gap = Gap(cause, _moment(self._alive_at), _moment(now))
        self._untold += 1
        self.unconfirmed += 1
        self._forward(self._intake.gap(gap, now), self._told)

    def _told(self) -> None:
        self._untold -= 1
        self._confirmed(time.monotonic())


def _moment(seconds: float) -> Mark:
    """A point of a source whose messages have no ids: its time names it."""
    return Mark(utc_text(datetime.fromtimestamp(seconds, UTC)), seconds)
