"""What a cell left behind: the simulator's journal and the log of what SQS took."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from switchboard.sources.stream_types import GAP

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Published:
    """One message of the stream. `line` is within what its order is promised, `place` where."""

    sha256: str
    message_id: str
    line: str
    place: int
    at: int


@dataclass(frozen=True, slots=True)
class Taken:
    """One message that a queue took. Of a gap, `span` is from when to when (ISO texts)."""

    queue: str
    sequence: int
    group: str
    event_id: str
    sha256: str
    span: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`routed` is what the router was given from both queues, where a cell has one.

    `swapped` are pairs of message ids that the server sent in this order and published in the
    other; `removed` is how many of the oldest messages retention removed. Of `injected` none may
    be zero.
    """

    published: Sequence[Published]
    taken: Sequence[Taken]
    injected: Mapping[str, int]
    routed: Sequence[Taken] | None = None
    swapped: Sequence[tuple[str, str]] = field(default=())
    removed: int = 0


def read_journal(path: Path) -> list[Published]:
    """What was published, in its order."""
    return [_published(line) for line in _lines(path) if line["kind"] == "published"]


def read_sends(path: Path) -> list[Taken]:
    """What queues took, each queue in its order."""
    found = [taken_of(line) for line in _lines(path)]
    return sorted(found, key=lambda one: one.sequence)


def taken_of(line: Mapping[str, Any]) -> Taken:
    """A line of the log."""
    envelope = json.loads(line["body"])
    raw = envelope["raw"]["body"]
    span = None
    if envelope["event"]["type"] == GAP:
        told = json.loads(raw)
        span = told["after_time"] or "", told["until_time"] or "~"
    return Taken(
        queue=line["queue"],
        sequence=int(line["sequence"]),
        group=line["group"],
        event_id=line["deduplication_id"],
        sha256=hashlib.sha256(raw.encode()).hexdigest(),
        span=span,
    )


def _published(line: Mapping[str, Any]) -> Published:
    name = line["interaction"]
    if not name.startswith("int-"):
        # An agent's order is promised within a UTC day of the events' own time.
        name = f"{name} {line['event']['timestamp'] // DAY_MS}"
    return Published(
        line["sha256"], line["message_id"], name, line["sequence"], line["publish_time"]
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines; the last may still be on its way."""
    with path.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)
