"""The simulator's log: JSON lines from which alone a verdict can be computed."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from desk.pulsar.topic import Message


class Journal:
    """Lines have a `kind`: published, fault, opened, closed, refused. Without a path: no log."""

    def __init__(self, path: Path | None = None) -> None:
        self._file = path.open("a", buffering=1) if path else None
        self._sequences: dict[tuple[str, str], int] = {}

    def write(self, kind: str, **line: Any) -> None:
        """Add a line."""
        if self._file:
            self._file.write(json.dumps({"kind": kind, "at": time.time(), **line}) + "\n")

    def published(self, topic: str, message_id: str, message: Message, at: int) -> None:
        """Say what was published: `sequence` counts within topic and interaction."""
        if self._file is None:
            return
        kind, body = _opened(message.payload)
        info = body.get("msgInfo")
        name = str(body.get("interactionGUID") or body.get("agentId") or "")
        sequence = self._sequences[topic, name] = self._sequences.get((topic, name), -1) + 1
        self.write(
            "published",
            topic=topic,
            message_id=message_id,
            publish_time=at,
            event=info if isinstance(info, dict) else {},
            type=str(body.get("event") or kind),
            interaction=name,
            sequence=sequence,
            null=message.payload is None,
            bytes=len(message.payload or b""),
            sha256=hashlib.sha256(message.payload or b"").hexdigest(),
        )

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def _opened(payload: bytes | None) -> tuple[str, dict[str, Any]]:
    """The one top-level key of an 8x8 event and what is below it; empty for anything else."""
    try:
        event = json.loads(payload or b"")
    except ValueError:
        return "", {}
    if isinstance(event, dict) and len(event) == 1:
        ((kind, body),) = event.items()
        return (kind, body) if isinstance(body, dict) else ("", {})
    return "", {}
