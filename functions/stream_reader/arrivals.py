"""What comes of one place, on whatever connection: from the frame to its confirmation."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.frames import OtherFrame, read_frame
from functions.stream_reader.gaps import Cause, Gap, GapDetector
from functions.stream_reader.intake import Arrived, Intake
from functions.stream_reader.measures import Measures
from functions.stream_reader.message_id import ABSENT, MessageId, readable
from functions.stream_reader.mute import WayPast
from functions.stream_reader.window import Mark, Pending, Window
from switchboard.errors import ConfigurationError

Confirm = Callable[[], None]
Forward = Callable[[Arrived, Confirm], None]


class Arrivals:
    """`answers_due` is set when there may be answers to give.

    `reads_in_order` is a reader's way: its marks are ours to keep, and gaps are ours to notice.
    `partition` is the one it reads, None where the topic has none.
    """

    def __init__(
        self,
        kept: Checkpoint,
        intake: Intake,
        forward: Forward,
        measures: Measures,
        *,
        reads_in_order: bool,
        gap_seconds: float,
        partition: int | None = None,
    ) -> None:
        self.answers_due = asyncio.Event()
        self.heard = time.monotonic()
        self.ever_heard = kept.message_id is not None
        self._kept = kept
        self._alive_at = kept.alive_at
        self._intake = intake
        self._forward = forward
        self._measures = measures
        self._partition = ABSENT if partition is None else partition
        self._window = Window(kept.mark, in_order=reads_in_order)
        self._gaps = GapDetector(kept.mark, shortest=gap_seconds) if reads_in_order else None

    @property
    def unconfirmed(self) -> int:
        """Frames whose event SQS has not taken."""
        return self._window.unconfirmed

    @property
    def oldest_debt(self) -> float | None:
        """When the oldest frame came that is still owed its answer (monotonic seconds)."""
        return self._window.oldest_debt

    @property
    def mark(self) -> Mark | None:
        """The low-water mark."""
        return self._window.mark

    @property
    def resume_after(self) -> str:
        """Where a new session of a reader begins."""
        return self._window.resume_after

    def checkpoint(self) -> Checkpoint:
        """Where a new task goes on; all before it is confirmed."""
        mark = self._window.mark
        return Checkpoint(
            message_id=None if mark is None else mark.message_id,
            published=None if mark is None else mark.published,
            since=self._kept.since,
            alive_at=self._alive_at,
        )

    def connected(self) -> None:
        """A new connection is open."""
        self._window.connected()
        self._unread()

    def is_stalled(self, size: int) -> bool:
        """Whether the server may send nothing now, because `size` frames wait for SQS."""
        if self._window.unanswered < size:
            self._alive_at = time.time()
            return False
        self._unread()
        return True

    def take(self, data: bytes) -> None:
        """A frame came."""
        now = time.time()
        self.heard = time.monotonic()
        self._measures.count("frames")
        self._measures.count("bytes", len(data))
        frame = read_frame(data)
        if isinstance(frame, OtherFrame):
            self._measures.count("other_frames")
            self._measures.warn("a frame that is no message", frame=frame.what)
            return
        self.ever_heard = True
        mark = Mark(frame.message_id, frame.published)
        message_id = self._of_this_place(mark)
        pending = self._window.receive(mark, self.heard)
        if pending is None:
            self._measures.count("duplicates")
            self.answers_due.set()
            return
        confirm: Confirm = partial(self._confirmed, pending)
        gap = None if self._gaps is None else self._gaps.follow(mark, message_id)
        if gap is not None:
            confirm = _second_time(confirm)
            self._forward(self._intake.gap(gap, now), confirm)
        if not self._kept.wants(frame.published):
            self._measures.count("passed_over")
            confirm()
            return
        self._measures.count("events")
        if frame.published is not None:
            self._measures.peak("lag_seconds", now - frame.published)
        self._forward(self._intake.message(frame, data, now), confirm)

    def answers(self) -> Sequence[str]:
        """The ids to answer with on this connection, now."""
        return self._window.answers()

    async def step_over(self, way: WayPast) -> None:
        """Leave out what cannot be delivered, once the gap that this makes is recorded."""
        gap = Gap(Cause.UNDELIVERABLE, self._window.mark, way.first)
        told = asyncio.Event()
        self._forward(self._intake.gap(gap, time.time()), told.set)
        await told.wait()
        self._window.step_over(way.resume_after)
        if self._gaps is not None:
            self._gaps.stepped_over(way.resume_after)

    def _of_this_place(self, mark: Mark) -> MessageId | None:
        """The id of a reader's frame, if it can be read; asked before the frame is owed anything.

        Raises:
            ConfigurationError: it comes of a partition, and we did not ask for one:
                no session can resume from such an id but the partition's own.
        """
        message_id = None if self._gaps is None else readable(mark.message_id)
        if message_id is None or message_id.partition == self._partition:
            return message_id
        raise ConfigurationError(
            "the topic has partitions: say how many in `partitions` of the source's document"
        )

    def _unread(self) -> None:
        if self._gaps is not None:
            self._gaps.unread(self._alive_at, time.time())

    def _confirmed(self, pending: Pending) -> None:
        if pending.owed_since:
            owed = time.monotonic() - pending.owed_since[0]
            self._measures.peak("ack_lag_ms", owed * 1000)
        self._window.confirm(pending)
        self.answers_due.set()


def _second_time(call: Confirm) -> Confirm:
    """A confirmation that counts when it is given for the second time."""
    given = 0

    def confirm() -> None:
        nonlocal given
        given += 1
        if given == 2:
            call()

    return confirm
