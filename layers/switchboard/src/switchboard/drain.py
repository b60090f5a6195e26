"""Draining a queue whose mapping is off: on a schedule, or to end what waits there.

One execution at a time holds the destination's lease. It receives until nothing is there or its
time is used, and records what is left: who starts the next is `control_destinations`, never the
function itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from switchboard.delivery import Execution, Time
from switchboard.lease import LeaseStore
from switchboard.loop import Batch, Record
from switchboard.queue import Visibility

TIME_SHARE = 0.8
LEASE_MARGIN = 30.0
OF_OUR_OWN = 5.0
"""Seconds for a batch that no vendor is called for."""
EMPTY_RECEIVES = 2
"""In a row. SQS may answer with nothing although something is there."""


class Drain(StrEnum):
    """What becomes of the messages."""

    DELIVER = "deliver"
    """They are delivered: mode `scheduled`."""
    DISCARD = "discard"
    REDIRECT = "redirect"
    EXPIRE = "expire"
    """What waited too long becomes a dead letter; the rest stays."""


COMMANDS = frozenset({Drain.DISCARD, Drain.REDIRECT})
"""What an operator orders."""


class DrainOrder(BaseModel):
    """What an operator or a schedule asks of a destination's function: `{"drain": …}`.

    `by` and `why` are kept in the ledger. `older_than_seconds` leaves younger messages alone.
    `to` is where a redirection goes, by way of the queue `through`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Drain = Drain.DELIVER
    by: str = "the schedule"
    why: str = ""
    older_than_seconds: float = Field(default=0.0, ge=0.0)
    to: str = ""
    through: str = ""
    seconds: float | None = Field(default=None, gt=0.0)


class Drained(BaseModel):
    """How far a drain came. `rest`: it ended because its time was used."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    order: DrainOrder
    done: int = 0
    left: int = 0
    rest: bool = False
    busy: bool = False
    """Another execution drains this destination; nothing was done."""
    at: float = 0.0


class DrainStore(Protocol):
    """Where the last drain of each destination is recorded."""

    def record(self, destination: str, drained: Drained) -> None:
        """Keep how far it came; raises Unavailable."""
        ...

    def read(self, destination: str) -> Drained | None:
        """How far the last one came; None: there was none. Raises Unavailable."""
        ...


class DrainedQueue(Visibility, Protocol):
    """A queue that is received from by its own function."""

    def receive(self) -> Sequence[Record]:
        """Some messages, or none after a moment; raises Unavailable."""
        ...

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages by their receipt handles; what is not deleted comes again."""
        ...


def ahead_of(order: DrainOrder, last: Drained | None) -> DrainOrder:
    """What is done when `order` comes: a schedule first carries on a command that has not ended."""
    is_unfinished = last is not None and last.rest and last.order.kind in COMMANDS
    if last is None or not is_unfinished or order.kind is not Drain.DELIVER:
        return order
    return last.order.model_copy(update={"seconds": None})


Work = Callable[[Batch, Execution, Time], None]
"""What is done with a batch: done with, or put back."""


@dataclass(frozen=True, slots=True)
class Drainage:
    """What a drain touches. `queues` are the destination's, the urgent one first."""

    name: str
    queues: Sequence[DrainedQueue]
    leases: LeaseStore
    store: DrainStore
    clock: Callable[[], float]


def drain(
    drainage: Drainage, order: DrainOrder, work: Work, execution: Execution, time: Time
) -> Drained:
    """Drain a destination's queues by `order`; what came of it is recorded and answered.

    Raises:
        Unavailable: lease or queue cannot be reached.
    """
    now = drainage.clock()
    seconds = time.remaining()
    lease = drainage.leases.take(
        f"drain#{drainage.name}", execution.owner, now, seconds + LEASE_MARGIN
    )
    if lease is None:
        return Drained(order=order, busy=True, at=now)
    share = min(seconds * TIME_SHARE, order.seconds or seconds)
    needed = time.needed if order.kind is Drain.DELIVER else OF_OUR_OWN
    limited = Time(lambda: time.remaining() - (seconds - share), needed)
    done = left = 0
    rest = False
    try:
        for queue in drainage.queues:
            run = _Run(queue, work, execution, limited)
            run.empty()
            done, left, rest = done + run.done, left + run.left, rest or run.rest
        drained = Drained(order=order, done=done, left=left, rest=rest, at=drainage.clock())
        drainage.store.record(drainage.name, drained)
    finally:
        drainage.leases.release(lease)
    return drained


class _Run:
    """One queue on its way to being empty."""

    def __init__(self, queue: DrainedQueue, work: Work, execution: Execution, time: Time) -> None:
        self._queue = queue
        self._work = work
        self._execution = execution
        self._time = time
        self.done = 0
        self.left = 0
        self.rest = False

    def empty(self) -> None:
        """Receive until nothing comes, or there is no time for another batch."""
        nothing = 0
        while nothing < EMPTY_RECEIVES:
            if not self._time.has(1):
                self.rest = True
                return
            records = self._queue.receive()
            nothing = 0 if records else nothing + 1
            if records and not self._batch(records):
                self.rest = True
                return

    def _batch(self, records: Sequence[Record]) -> bool:
        """False: all of it comes back at once, because the work has no time for it.

        To receive it again until there is no time for anything would only use up its receives.
        """
        batch = Batch(records)
        self._work(batch, self._execution, self._time)
        failures = batch.failures()
        back = {record.message_id for record, _ in failures}
        if failures:
            self._queue.change_visibility([(r.receipt_handle, s) for r, s in failures])
        gone = [record.receipt_handle for record in records if record.message_id not in back]
        self._queue.delete(gone)
        self.done += len(gone)
        self.left += len(failures)
        return bool(gone) or any(seconds for _, seconds in failures)
