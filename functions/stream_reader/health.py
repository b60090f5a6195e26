"""`python -m functions.stream_reader.health`: is the task's loop making progress?

Nothing else is asked: missing credentials or a silent stream are alarms, and a new task would mend
neither.
"""

import asyncio
import sys
import time
from pathlib import Path

from switchboard.settings import ReaderSettings

TOUCH_EVERY_SECONDS = 5.0
STALE_SECONDS = 60.0


async def show_progress(path: Path) -> None:
    """Touch the file for ever; a loop that hangs does not."""
    while True:
        path.touch()
        await asyncio.sleep(TOUCH_EVERY_SECONDS)


def is_fresh(path: Path, now: float) -> bool:
    """Whether the loop went round within the last minute."""
    try:
        return now - path.stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(not is_fresh(ReaderSettings.from_environment().health_file, time.time()))
