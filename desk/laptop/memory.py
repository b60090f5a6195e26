"""How much memory a process has ever had, as Linux counts it."""

import re
import sys
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_mb(pid: int) -> int:
    """The most that process `pid` has held at once, in MB; 0 where it is gone.

    Elsewhere than on Linux nobody counts it, and it is 0: functions have no limit there.
    """
    if sys.platform != "linux":
        return 0
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = _PEAK.search(status)
    return 0 if found is None else int(found[1]) // 1024
