"""The raw archive: one gzip JSON-lines object per routed batch, named by the events in it.

Beside each payload stands the event that was made of it, so that the modelled layer needs no
request of its own when an event is routed (see `hours`).

Compression carries no time, so equal batches make equal bytes; a batch that is routed again in
other company is archived again, and readers de-duplicate by id.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from switchboard.envelope import Raw, RawRef
from switchboard.errors import EventError
from switchboard.event import Event, as_document, digest, utc_text


@dataclass(frozen=True, slots=True)
class RawLine:
    """A raw payload and the event it became; `time` is the event's own.

    `raw` is None for an event of our own, which came from no payload.
    """

    event_id: str
    source: str
    time: datetime
    raw: Raw | None
    event: Event | None = None


class RawArchive(Protocol):
    """Where raw payloads are kept."""

    def write(self, lines: Sequence[RawLine]) -> Mapping[str, RawRef]:
        """Keep `lines` in one object.

        Returns:
            The reference of each event id.

        Raises:
            Unavailable: the archive cannot be reached.
        """
        ...

    def read(self, ref: RawRef) -> Raw:
        """The payload of one line.

        Raises:
            EventError: it is gone.
            Unavailable: the archive cannot be reached.
        """
        ...


def object_key(lines: Sequence[RawLine]) -> str:
    """`raw/YYYY/MM/DD/HH/{hash of the sorted ids}.jsonl.gz`, by the earliest arrival (UTC)."""
    earliest = datetime.fromisoformat(min(_arrived(line) for line in lines))
    name = digest(*sorted(line.event_id for line in lines))
    return f"raw/{earliest:%Y/%m/%d/%H}/{name}.jsonl.gz"


def encode_lines(lines: Sequence[RawLine]) -> bytes:
    """The object's bytes; line k is the k-th of `lines`."""
    text = "".join(json.dumps(_written(line), separators=(",", ":")) + "\n" for line in lines)
    return gzip.compress(text.encode("ascii"), mtime=0)


def _written(line: RawLine) -> dict[str, Any]:
    named = {"id": line.event_id, "source": line.source, "time": utc_text(line.time)}
    came = {} if line.raw is None else line.raw.model_dump()
    made = {} if line.event is None else {"event": as_document(line.event)}
    return {**named, **came, **made}


def _arrived(line: RawLine) -> str:
    return utc_text(line.time) if line.raw is None else line.raw.received_at


def decode_line(body: bytes, ref: RawRef) -> Raw:
    """The payload in line `ref.line` of an object's bytes.

    Raises:
        EventError: there is none: it was removed, or the object is none of ours.
    """
    try:
        line = json.loads(gzip.decompress(body).splitlines()[ref.line])
        return Raw.model_validate({name: line[name] for name in Raw.model_fields})
    except (OSError, EOFError, ValueError, IndexError, KeyError, TypeError, ValidationError):
        raise EventError(f"reading {ref.key}, line {ref.line}: it holds no payload") from None
