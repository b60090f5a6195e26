"""Several owners whose clocks differ: never two live leases, never an older write over a newer."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from switchboard.checkpoints import CHECKPOINT_BYTES
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.lease import CLOCK_MARGIN, Lease
from switchboard.testing.reading import MemoryCheckpoints, MemoryLeases

OWNERS = ("one", "two", "three")
owners = st.sampled_from(OWNERS)


class Readers(RuleBasedStateMachine):
    """Readers that want the same lease, and write what they believe to hold."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = MemoryLeases()
        self.checkpoints = MemoryCheckpoints()
        self.true_time = 1000.0
        self.skews: dict[str, float] = {}
        self.holds: dict[str, Lease] = {}
        self.known: list[Lease] = []
        self.highest_written = 0

    @initialize(skews=st.lists(st.floats(0, CLOCK_MARGIN), min_size=3, max_size=3))
    def set_clocks(self, skews: list[float]) -> None:
        self.skews = dict(zip(OWNERS, skews, strict=True))

    def clock(self, owner: str) -> float:
        return self.true_time + self.skews[owner]

    @rule(seconds=st.floats(0.01, 20))
    def time_passes(self, seconds: float) -> None:
        self.true_time += seconds

    @rule(owner=owners, seconds=st.floats(0.1, 15))
    def take(self, owner: str, seconds: float) -> None:
        before = self.leases.fences.get("stream", 0)
        taken = self.leases.take("stream", owner, self.clock(owner), seconds)
        if taken is not None:
            assert taken.fence == before + 1
            self.holds[owner] = taken
            self.known.append(taken)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), seconds=st.floats(0.1, 15))
    def renew(self, data: Any, seconds: float) -> None:
        lease = data.draw(st.sampled_from(self.known))
        renewed = self.leases.renew(lease, self.clock(lease.owner), seconds)
        if renewed is not None:
            assert renewed.fence == lease.fence == self.leases.fences["stream"]
            self.holds[lease.owner] = renewed
        elif self.holds.get(lease.owner, lease).fence == lease.fence:
            self.holds.pop(lease.owner, None)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        lease = data.draw(st.sampled_from(self.known))
        self.leases.release(lease)
        # An owner that releases what it renewed since then is out of it as well.
        if self.holds.get(lease.owner, lease).fence == lease.fence:
            self.holds.pop(lease.owner, None)

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def write(self, data: Any) -> None:
        """Any lease of the past may come back to write: its process was only stopped."""
        lease = data.draw(st.sampled_from(self.known))
        written = self.checkpoints.write("stream", str(lease.fence), lease.fence)
        assert written is (lease.fence >= self.highest_written)
        self.highest_written = max(self.highest_written, lease.fence)

    @invariant()
    def at_most_one_lease_is_live(self) -> None:
        live = [lease for owner, lease in self.holds.items() if lease.is_live(self.clock(owner))]
        assert len(live) <= 1

    @invariant()
    def the_newest_write_stands(self) -> None:
        assert self.checkpoints.read("stream") == (
            str(self.highest_written) if self.highest_written else None
        )


TestReaders = Readers.TestCase


def test_another_waits_for_the_margin_after_the_end() -> None:
    leases = MemoryLeases()
    leases.take("stream", "one", 100.0, 10)
    assert leases.take("stream", "two", 110.0 + CLOCK_MARGIN - 0.01, 10) is None
    taken = leases.take("stream", "two", 110.0 + CLOCK_MARGIN, 10)
    assert taken is not None
    assert taken.fence == 2


def test_a_checkpoint_that_no_table_takes_is_refused() -> None:
    checkpoints = MemoryCheckpoints()
    assert checkpoints.write("stream", "x" * CHECKPOINT_BYTES, 1)
    with pytest.raises(ConfigurationError, match="read fewer partitions"):
        checkpoints.write("stream", "ü" * (CHECKPOINT_BYTES // 2 + 1), 1)


def test_stores_that_are_away_say_so() -> None:
    leases, checkpoints = MemoryLeases(), MemoryCheckpoints()
    leases.failure = checkpoints.failure = Unavailable("away")
    with pytest.raises(Unavailable):
        leases.take("stream", "one", 0.0, 10)
    with pytest.raises(Unavailable):
        checkpoints.read("stream")
