"""A destination whose mapping is off: its executions are drains, which receive by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from switchboard.delivery import Execution, Time
from switchboard.drain import Drainage, Drained, DrainOrder, drain
from switchboard.lease import Lease
from switchboard.loop import Batch, Record, read_records
from switchboard.testing.draining import MemoryDrains
from switchboard.testing.reading import MemoryLeases
from tests.faults.deliveries.mishaps import Crash, Mishap
from tests.faults.deliveries.world import (
    INVOCATION_SECONDS,
    REQUEST_SECONDS,
    VISIBILITY,
    QueueVisibility,
    World,
    as_lambda,
    expired_receipts,
)

DESTINATION = "crm"
RECEIVE_SECONDS = 3.0
"""What a drain's time loses with each receive, so that some end with a rest."""


class Leases(MemoryLeases):
    """Leases that a process which was killed does not give back."""

    killed = False

    def release(self, lease: Lease) -> None:
        """See LeaseStore."""
        if not self.killed:
            super().release(lease)


@dataclass
class ScheduledWorld(World):
    """See World. While one drains, others that are started find its lease."""

    leases: Leases = field(default_factory=Leases)
    store: MemoryDrains = field(default_factory=MemoryDrains)
    receives: int = 0
    deletes: int = 0

    def act(self) -> bool:
        """Drain until nothing comes or the time is used."""
        self.turns += 1
        drained = self.drain(self.turns)
        return drained is None or bool(drained.done or drained.left)

    def drain(self, turn: int) -> Drained | None:
        """One drain; None: its process was killed."""
        work, execution = self.begin(turn)
        queue = _Drained(self.queue, self)
        skewed = self.SKEWS[turn % self.SANDBOXES]
        drainage = Drainage(
            DESTINATION, [queue], self.leases, self.store, lambda: self.clock() + skewed
        )
        left = Time(lambda: INVOCATION_SECONDS - RECEIVE_SECONDS * queue.receives, REQUEST_SECONDS)

        def worked(batch: Batch, execution: Execution, time: Time) -> None:
            try:
                work(batch, execution, time)
            except Crash:
                self.leases.killed = True
                raise

        try:
            return drain(drainage, DrainOrder(), worked, execution, left)
        except Crash:
            self.end_sandbox(turn)
            return None
        finally:
            self.leases.killed = False

    def drain_meanwhile(self) -> None:
        """Another drain is started while one is under way.

        One that was held up for longer than its lease has lost it.
        """
        lease = self.leases.held.get(f"drain#{DESTINATION}")
        is_live = lease is not None and lease.is_live(self.clock() + max(self.SKEWS))
        self.turns += 1
        drained = self.drain(self.turns)
        if is_live and drained is not None and not drained.busy:
            self.problems.append("two drained at once")


@dataclass
class _Drained(QueueVisibility):
    """See DrainedQueue."""

    world: ScheduledWorld
    receives: int = 0

    def receive(self) -> Sequence[Record]:
        """See DrainedQueue."""
        world = self.world
        self.receives += 1
        records = read_records(as_lambda(self.queue.receive(10, 0.0, VISIBILITY)))
        world.receives += bool(records)
        if records and world.strikes(Mishap.TWICE, world.receives):
            world.drain_meanwhile()
        world.holds(records)
        return records

    def delete(self, receipts: Sequence[str]) -> None:
        """See DrainedQueue; now and then what is done comes again."""
        world = self.world
        world.deletes += bool(receipts)
        if receipts and world.strikes(Mishap.UNDELETED, world.deletes):
            return
        for receipt in receipts:
            with expired_receipts():
                self.queue.delete(receipt)
