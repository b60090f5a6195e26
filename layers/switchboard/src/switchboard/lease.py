"""Leases: who of several processes may do a thing now, and a number that tells their writes apart.

A lease ends by the clock, and clocks differ. Its owner counts it as live until its own clock says
`until`; another takes it over only when *its* clock says `until` + CLOCK_MARGIN. As long as no two
clocks differ by more than the margin, no two leases of one name are ever live at once.

A process may still stop for longer than its lease just before it writes. So every lease has a
`fence`, higher than that of any lease of its name before it, and what is written under a lease is
written with its fence: stores refuse one that is lower than what they have seen.
"""

from dataclasses import dataclass
from typing import Protocol

CLOCK_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Lease:
    """`owner` holds `name` until `until`, in epoch seconds of its own clock."""

    name: str
    owner: str
    fence: int
    until: float

    def is_live(self, now: float) -> bool:
        """Whether its owner, whose clock says `now`, may still act on it."""
        return now < self.until


class LeaseStore(Protocol):
    """Where leases are kept. `now` is the caller's clock, read before the call."""

    def take(self, name: str, owner: str, now: float, seconds: float) -> Lease | None:
        """Take the lease of `name`, if it was released or ended at least CLOCK_MARGIN ago.

        An owner that takes its own lease keeps it, under a new fence.

        Returns:
            The lease; None: another's has not ended.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def renew(self, lease: Lease, now: float, seconds: float) -> Lease | None:
        """Move the end of `lease`, which may have passed as long as nobody took it.

        Returns:
            The lease, under the same fence; None: it is lost.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def release(self, lease: Lease) -> None:
        """End `lease` at once; one that is lost already is left alone. Its fence stays counted.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...
