"""What SQS took, message by message: for verdicts on whoever sends."""

import json
import threading
import time
from pathlib import Path


class SendLog:
    """JSON lines. A message that was swallowed has the sequence number of the one before it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def taken(
        self, queue: str, group: str, deduplication_id: str, sequence: str, body: str, *, ahead: int
    ) -> None:
        """SQS took a message behind `ahead` others; its answer may still be lost."""
        line = {
            "at": time.time(),
            "ahead": ahead,
            "queue": queue,
            "group": group,
            "deduplication_id": deduplication_id,
            "sequence": int(sequence),
            "body": body,
        }
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
