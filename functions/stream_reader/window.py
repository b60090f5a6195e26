"""The frames of one place between their arrival and their confirmation by SQS: a pure machine.

Every frame is owed exactly one answer on the connection that brought it, repeated ones included:
the server counts what it sent against what was answered, and falls silent for ever when the
difference reaches the window. An answer is given when SQS has what the frame brought, so that the
window also bounds what is held in memory.

A reader answers in the order of arrival, behind the low-water mark: the last frame before which
nothing is unconfirmed, and where a new session resumes. A consumer's answers are acknowledgements
of single messages, and go out as they are confirmed.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

EARLIEST = "earliest"
REMEMBERED = 10_000
"""Ids of frames that are finished, to know what a server sends again: a window and its batches."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A frame that was passed: its id as it came, and when it was published (epoch seconds)."""

    message_id: str
    published: float | None


@dataclass(slots=True, eq=False)
class Pending:
    """A frame whose event is on its way. `owed_since` are the times at which copies of it came."""

    mark: Mark
    confirmed: bool = False
    owed_since: list[float] = field(default_factory=list)


class Window:
    """One place's frames. `mark` is the low-water mark that a reader resumes after."""

    def __init__(self, mark: Mark | None, *, in_order: bool) -> None:
        self.mark = mark
        self._in_order = in_order
        self._pending: OrderedDict[str, Pending] = OrderedDict()
        self._answers: deque[str] = deque()
        self._finished: OrderedDict[str, None] = OrderedDict()

    @property
    def resume_after(self) -> str:
        """Where a new session of a reader begins: after the mark, and never at `latest`."""
        return EARLIEST if self.mark is None else self.mark.message_id

    @property
    def unconfirmed(self) -> int:
        """Frames whose event SQS has not taken."""
        return sum(not pending.confirmed for pending in self._pending.values())

    @property
    def unanswered(self) -> int:
        """Answers that are owed on this connection and cannot be given yet."""
        return sum(len(pending.owed_since) for pending in self._pending.values())

    @property
    def oldest_debt(self) -> float | None:
        """When the oldest frame came that is still owed its answer."""
        owed = (pending.owed_since[0] for pending in self._pending.values() if pending.owed_since)
        return min(owed, default=None)

    def connected(self) -> None:
        """A new connection: the server owes it nothing, and it owes the server nothing.

        What is pending stays so: its confirmation may come any moment, and the server sends it
        again only on the word of an older mark.
        """
        self._answers.clear()
        for pending in self._pending.values():
            pending.owed_since.clear()

    def receive(self, mark: Mark, now: float) -> Pending | None:
        """A frame came. The answer is what to forward, or None: it is here already."""
        message_id = mark.message_id
        if message_id in self._finished:
            self._answers.append(message_id)
            return None
        known = self._pending.get(message_id)
        if known is not None:
            known.owed_since.append(now)
            return None
        pending = self._pending[message_id] = Pending(mark, owed_since=[now])
        return pending

    def confirm(self, pending: Pending) -> None:
        """SQS has it, or it was decided that nothing of it is to be sent."""
        pending.confirmed = True
        if not self._in_order:
            self._finish(pending)
            return
        while self._pending:
            first = next(iter(self._pending.values()))
            if not first.confirmed:
                return
            self._finish(first)
            self.mark = first.mark

    def answers(self) -> Sequence[str]:
        """The ids to answer with now; each is given once."""
        due = tuple(self._answers)
        self._answers.clear()
        return due

    def step_over(self, mark: Mark) -> None:
        """Resume after `mark` although not all before it came: the caller records the gap.

        Only where nothing is unconfirmed, or the mark would pass it.
        """
        if self._pending:
            raise ValueError("frames are still unconfirmed")
        self.mark = mark

    def _finish(self, pending: Pending) -> None:
        message_id = pending.mark.message_id
        if self._pending.pop(message_id, None) is None:
            return
        self._answers.extend([message_id] * len(pending.owed_since))
        self._finished[message_id] = None
        if len(self._finished) > REMEMBERED:
            self._finished.popitem(last=False)
