"""Logs of functions and tasks: to a file, and to CloudWatch Logs under the role that AWS takes."""

import logging
import threading
import time
import uuid
from pathlib import Path
from typing import Any

SHIP_EVERY_SECONDS = 1.0

logger = logging.getLogger(__name__)


class ProcessLog:
    """Takes lines from every process of the function or task `name`, for its log group."""

    def __init__(self, name: str, group: str, folder: Path, client: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._group = group
        self._stream = f"laptop/{uuid.uuid4().hex}"
        self._file = (folder / f"{name}.log").open("ab", buffering=0)
        self._client = client
        self._lines: list[tuple[int, str]] = []
        self._lock = threading.Lock()
        self._created = False

    def write(self, line: bytes) -> None:
        """Keep a line."""
        self._file.write(line)
        text = line.decode("utf-8", "replace").rstrip("\n")
        if text:
            with self._lock:
                self._lines.append((int(time.time() * 1000), text))

    def ship(self) -> None:
        """Send what came since the last time."""
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            if not self._created:
                self._client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
                self._created = True
            self._client.put_log_events(
                logGroupName=self._group,
                logStreamName=self._stream,
                logEvents=[{"timestamp": at, "message": text} for at, text in lines],
            )
        except Exception as error:  # noqa: BLE001 - AWS goes on without logs as well
            logger.debug("shipping logs of %s: %s", self._group, error)

    def close(self) -> None:
        """Send the rest."""
        self.ship()
        self._file.close()
