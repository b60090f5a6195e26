"""An hour of the archive, made small: many objects of raw lines become one, and one of events.

What arrived is kept in one object for each batch, under raw/; references point into these, and they
are never changed here. Of each hour that is over, two objects are made by their side: its raw lines
under compacted/, and the events that were made of them under modelled/. Both follow from the hour's
objects alone, so that they may be made again at any time. Which objects they were made of is noted
with the second one: where that is what there is, nothing is to be done.
"""

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from switchboard.event import Event, digest

RAW = "raw"
COMPACTED = "compacted"
MODELLED = "modelled"
PAYLOAD = ("kind", "body", "received_at")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the archive; `tag` is another one when it holds something else."""

    key: str
    tag: str


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour's two objects, gzip JSON lines, and how many lines each has."""

    raw: bytes
    raw_lines: int
    modelled: bytes
    events: int


class ArchivedHours(Protocol):
    """The archive, as it is compacted. Each method raises Unavailable."""

    def of_day(self, day: date) -> Iterable[Stored]:
        """The objects of raw lines that arrived on a day (UTC)."""
        ...

    def read(self, keys: Iterable[str]) -> Iterable[bytes]:
        """The objects' bytes, in the order of `keys`; what expired meanwhile is passed over."""
        ...

    def made_of(self, key: str) -> str | None:
        """What the object under `key` was noted to be made of; None: there is none."""
        ...

    def write(self, key: str, body: bytes, made_of: str) -> None:
        """Put an object in the place of the one that may be there."""
        ...


def hour_of(key: str) -> str:
    """The hour in the key of a raw object: `2026/11/24/09`."""
    return "/".join(key.split("/")[1:5])


def made_key(layer: str, hour: str) -> str:
    """Where an hour's object of a layer is."""
    return f"{layer}/{hour}.jsonl.gz"


def mark_of(objects: Iterable[Stored]) -> str:
    """Names what an hour was made of."""
    return digest(*(part for one in sorted(objects, key=_key) for part in (one.key, one.tag)))


def compacted(bodies: Iterable[bytes]) -> Hour:
    """Make an hour of its objects' bytes: each event once, though it was archived again."""
    raw, modelled = _Lines(), _Lines()
    for body in bodies:
        for text in gzip.decompress(body).split(b"\n"):
            line = json.loads(text) if text else {}
            if "body" in line:
                raw.add(line["id"], {**_named(line), **{name: line[name] for name in PAYLOAD}})
            if "event" in line:
                modelled.add(line["id"], modelled_line(line["event"]))
    return Hour(raw.close(), len(raw.ids), modelled.close(), len(modelled.ids))


def modelled_line(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as the modelled layer has it: `data` is JSON text, whose form its type says."""
    line = {name: event[name] for name in Event.model_fields if event.get(name) is not None}
    return {**line, "data": json.dumps(event.get("data"), separators=(",", ":"))}


class _Lines:
    """Lines on their way into one object: what is held is compressed."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._buffer = io.BytesIO()
        self._zip = gzip.GzipFile(fileobj=self._buffer, mode="wb", mtime=0)

    def add(self, event_id: str, line: Mapping[str, Any]) -> None:
        if event_id not in self.ids:
            self.ids.add(event_id)
            self._zip.write(json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n")

    def close(self) -> bytes:
        self._zip.close()
        return self._buffer.getvalue()


def _named(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("id", "source", "time") if name in line}


def _key(one: Stored) -> str:
    return one.key
