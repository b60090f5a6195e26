"""What outlives a task: the checkpoints of a source, written in the one order that loses nothing.

The state of catching up is written before the marks of the same instant: were a mark kept that
passed an event sent to bulk, and not that its group is there, a restarted reader would send the
group's next event live, past it.
"""

import asyncio
from collections.abc import Mapping

from functions.stream_reader.catch_up import CatchUpState
from functions.stream_reader.checkpoint import Checkpoint, read_checkpoint
from switchboard.checkpoints import CheckpointStore

ALIVE_EVERY_SECONDS = 60.0


class FencedOut(Exception):
    """Another reader has written since: this one must stop."""


class Progress:
    """The checkpoints of one source, under the fence of its lease."""

    def __init__(self, store: CheckpointStore, source: str, fence: int) -> None:
        self._store = store
        self._source = source
        self._fence = fence
        self._catch_up: CatchUpState | None = None
        self._kept: dict[str, Checkpoint] = {}

    async def read_catch_up(self) -> CatchUpState:
        """The state of catching up; what cannot be read suspects every group.

        Raises:
            Unavailable: it cannot be reached.
        """
        text = await asyncio.to_thread(self._store.read, f"{self._source}/catch-up")
        if text is None:
            return CatchUpState()
        try:
            return CatchUpState.model_validate_json(text)
        except ValueError:
            return CatchUpState(everything=True)

    async def read(self, place: str, first: Checkpoint) -> Checkpoint:
        """The place's checkpoint; where there is none, `first` is kept before it is used.

        Raises:
            ConfigurationError: it is there and cannot be read.
            Unavailable: it cannot be reached.
            FencedOut: another reader has the source.
        """
        name = f"{self._source}/{place}"
        text = await asyncio.to_thread(self._store.read, name)
        if text is not None:
            return read_checkpoint(name, text)
        await self._write(place, first.model_dump_json(exclude_none=True))
        return first

    async def write(self, catch_up: CatchUpState, marks: Mapping[str, Checkpoint]) -> None:
        """Keep what changed; all of it is of one instant.

        Raises:
            Unavailable: it cannot be written now.
            FencedOut: another reader has the source.
        """
        if catch_up != self._catch_up:
            await self._write("catch-up", catch_up.model_dump_json())
            self._catch_up = catch_up
        for place, mark in marks.items():
            if _is_news(self._kept.get(place), mark):
                await self._write(place, mark.model_dump_json(exclude_none=True))
                self._kept[place] = mark

    async def _write(self, place: str, text: str) -> None:
        name = f"{self._source}/{place}"
        if not await asyncio.to_thread(self._store.write, name, text, self._fence):
            raise FencedOut(f"another reader has written {name} since")


def _is_news(kept: Checkpoint | None, now: Checkpoint) -> bool:
    if kept is None or (kept.message_id, kept.finished) != (now.message_id, now.finished):
        return True
    return now.alive_at - kept.alive_at >= ALIVE_EVERY_SECONDS
