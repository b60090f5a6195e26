"""What waits for SQS: batches that never hold two messages of a group. A pure machine.

SQS may take some entries of a batch and refuse others, and answers to two requests come in any
order; so of each group only the first message is ever under way, and the next one goes when SQS
has the first. Groups do not wait for each other.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from switchboard.envelope import Envelope
from switchboard.queue import BATCH_BYTES, BATCH_ENTRIES, Outgoing

LONGEST_BACK_OFF = 30.0


@dataclass(slots=True, eq=False)
class Waiting:
    """A message, and what to call when SQS has it. `tries` counts refusals.

    Of an envelope that is too large for a queue, `claim` holds it whole and `message` no body yet.
    """

    message: Outgoing
    confirm: Callable[[], None]
    claim: Envelope | None = None
    tries: int = 0


class SendQueue:
    """The messages for one queue. `jitter` gives a number from 0 to 1."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._groups: dict[str, deque[Waiting]] = {}
        self._ready: deque[str] = deque()
        self._later: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    def put(self, waiting: Waiting) -> None:
        """Add a message behind the others of its group."""
        group = waiting.message.group
        line = self._groups.get(group)
        if line is None:
            line = self._groups[group] = deque()
            self._ready.append(group)
        line.append(waiting)

    def ready(self, now: float) -> int:
        """How many messages could go now."""
        self._wake(now)
        return len(self._ready)

    def next_wake(self) -> float | None:
        """When the first group that waits after a refusal may go on."""
        return self._later[0][0] if self._later else None

    def take(self, now: float) -> Sequence[Waiting]:
        """The next batch; its groups are under way until `settle`."""
        self._wake(now)
        batch: list[Waiting] = []
        size = 0
        while self._ready and len(batch) < BATCH_ENTRIES:
            first = self._groups[self._ready[0]][0]
            size += len(first.message.body)
            if batch and size > BATCH_BYTES:
                break
            self._ready.popleft()
            batch.append(first)
        return batch

    def settle(self, batch: Sequence[Waiting], answers: Sequence[str | None], now: float) -> None:
        """What SQS said of each message: None (it has it), or why it does not."""
        for waiting, refused in zip(batch, answers, strict=True):
            group = waiting.message.group
            if refused is not None:
                waiting.tries += 1
                heapq.heappush(self._later, (now + self._back_off(waiting.tries), group))
                continue
            line = self._groups[group]
            line.popleft()
            if line:
                self._ready.append(group)
            else:
                del self._groups[group]
            waiting.confirm()

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[1])

    def _back_off(self, tries: int) -> float:
        return min(LONGEST_BACK_OFF, 0.1 * 2.0 ** min(tries, 10)) * self._jitter()
