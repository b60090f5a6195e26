"""Replays: deliveries that are sent again, as a plan that is worked off step by step.

    planned ─▶ running ⇄ cancelled
                  └─▶ sent

A plan is written once: chunks of selected deliveries in the archive, and one item that says how
far they are sent. `sent` is no outcome: only the ledger says how a delivery ended.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder
from switchboard.errors import EventError

CHUNK_LINES = 1000


class ReplayStatus(StrEnum):
    """Where a replay is."""

    PLANNED = "planned"
    RUNNING = "running"
    CANCELLED = "cancelled"
    SENT = "sent"


class Selected(BaseModel):
    """One delivery that is to be sent again, and with what.

    `generation` is the one that it is sent under; `mapping_version` pins a mapping (None: the
    current one); `from_raw`: the event is made anew from its archived payload.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    group: str
    event_id: str
    generation: int = 0
    lane: Lane = Lane.NORMAL
    mapping_version: int | None = None
    from_raw: bool = False

    def order(self, destination: str, replay_id: str) -> DeliveryOrder:
        """What its envelope is told."""
        return DeliveryOrder(
            only=destination,
            replay=replay_id,
            generation=self.generation,
            lane=self.lane,
            mapping_version=self.mapping_version,
            from_raw=self.from_raw or None,
        )


class Replay(BaseModel):
    """A plan and how far it is: the first `position` of `total` deliveries are sent.

    `gone` of them could not be, because their events are no longer kept. `rate` is in deliveries a
    second; `selection` says in words what was selected. Times are epoch seconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    destination: str
    status: ReplayStatus = ReplayStatus.PLANNED
    total: int = 0
    position: int = 0
    gone: int = 0
    rate: float = Field(default=100.0, gt=0)
    selection: str = ""
    planned_by: str = ""
    planned_at: float = 0.0
    updated_at: float = 0.0


class ReplayStore(Protocol):
    """Where replays are kept. Each raises Unavailable where it cannot be reached."""

    def create(self, replay: Replay) -> None:
        """Keep a new one."""
        ...

    def read(self, replay_id: str) -> Replay | None:
        """One; None: there is none of that id."""
        ...

    def start(self, replay_id: str, now: float) -> Replay | None:
        """Let one that is not sent run, from where it is.

        Returns:
            The replay as it is now; None: there is none of that id, or all of it is sent.
        """
        ...

    def cancel(self, replay_id: str, now: float) -> Replay | None:
        """Stop one that is not sent; it can be started again.

        Returns:
            The replay as it is now; None: there is none of that id, or all of it is sent.
        """
        ...

    def advance(self, replay: Replay, now: float) -> bool:
        """Note the position and what is gone, and its end; it never goes back.

        Returns:
            Whether the replay was running until now; else nothing is noted.
        """
        ...

    def running(self) -> Sequence[str]:
        """The ids of those that run."""
        ...


class ChunkStore(Protocol):
    """Where the chunks of a plan are kept."""

    def write_chunk(self, replay_id: str, number: int, body: bytes) -> None:
        """Keep a chunk. Raises Unavailable."""
        ...

    def read_chunk(self, replay_id: str, number: int) -> bytes:
        """A chunk.

        Raises:
            EventError: it is gone.
            Unavailable: the store cannot be reached.
        """
        ...


def chunk_key(replay_id: str, number: int) -> str:
    """Where a chunk is in the archive bucket."""
    return f"replays/{replay_id}/{number:05d}.jsonl.gz"


def encode_chunk(lines: Sequence[Selected]) -> bytes:
    """A chunk's bytes."""
    text = "".join(json.dumps(_line(one), separators=(",", ":")) + "\n" for one in lines)
    return gzip.compress(text.encode("ascii"), mtime=0)


def _line(one: Selected) -> object:
    return one.model_dump(mode="json", exclude_defaults=True)


def decode_chunk(body: bytes) -> list[Selected]:
    """The deliveries of a chunk.

    Raises:
        EventError: it is no chunk of ours.
    """
    try:
        return [Selected.model_validate_json(line) for line in gzip.decompress(body).splitlines()]
    except (OSError, EOFError, ValidationError):
        raise EventError("reading a replay's chunk: it is broken; plan the replay again") from None


def plan(
    replay: Replay, selection: Iterable[Selected], store: ReplayStore, chunks: ChunkStore
) -> Replay:
    """Write the plan of `replay`, chunk by chunk as `selection` comes; no item if it is empty.

    The item is written last: a plan that was interrupted is none.
    """
    total = 0
    for number, lines in enumerate(in_chunks(selection, CHUNK_LINES)):
        chunks.write_chunk(replay.id, number, encode_chunk(lines))
        total += len(lines)
    planned = replay.model_copy(update={"total": total})
    if total:
        store.create(planned)
    return planned


def in_chunks(selection: Iterable[Selected], size: int) -> Iterator[list[Selected]]:
    """Lists of `size`, of which one at a time is held."""
    lines: list[Selected] = []
    for one in selection:
        lines.append(one)
        if len(lines) == size:
            yield lines
            lines = []
    if lines:
        yield lines


def planned_deliveries(replay: Replay, chunks: ChunkStore) -> Iterator[Selected]:
    """Every delivery of a plan, in its order."""
    for number in range(-(-replay.total // CHUNK_LINES)):
        yield from decode_chunk(chunks.read_chunk(replay.id, number))
