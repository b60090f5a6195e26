"""What SSM refuses, and moto does not: by size, and by how many reads come in a second.

https://docs.aws.amazon.com/general/latest/gr/ssm.html
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

STANDARD = 4096
ADVANCED = 8192
READS_PER_SECOND = 40
"""Of one account and region, over all that read parameters together."""

_READS = frozenset({"GetParameter", "GetParameters", "GetParametersByPath"})


class ReadRate:
    """The reads of the last second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.refused = 0
        self._clock = clock
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()

    def refuses(self, action: str) -> bool:
        """Whether a call is one read too many; what is refused does not count as a read."""
        if action not in _READS:
            return False
        now = self._clock()
        with self._lock:
            while self._taken and self._taken[0] <= now - 1.0:
                self._taken.popleft()
            if len(self._taken) >= READS_PER_SECOND:
                self.refused += 1
                return True
            self._taken.append(now)
        return False


def refuse_size(action: str, parameters: Mapping[str, Any]) -> str | None:
    """Why a PutParameter is refused; None: it is not."""
    if action != "PutParameter":
        return None
    value = str(parameters.get("Value", ""))
    if len(value.encode()) > ADVANCED:
        return f"Parameter values are at most {ADVANCED} bytes in the advanced tier"
    if len(value) > STANDARD and parameters.get("Tier", "Standard") == "Standard":
        return (
            f"Standard tier parameters support a maximum parameter value of {STANDARD} characters"
        )
    return None
