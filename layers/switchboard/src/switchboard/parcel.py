"""Parcels: which claimed deliveries of a batch travel in one request. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from switchboard.arrival import Claimed
from switchboard.destination import Delivery, ParcelSpec
from switchboard.ledger import Entry
from switchboard.loop import Record

WHOLE_PARCEL_ATTEMPTS = 3

Address = tuple[int, str]
"""One version of the destination's code, and the delivery's address there."""


@dataclass(frozen=True, slots=True)
class Member:
    """A claimed delivery on its way into a parcel. `entry` is as the ledger has it now.

    `size` is that of its output as JSON, in bytes.
    """

    record: Record
    claimed: Claimed
    entry: Entry
    delivery: Delivery
    size: int


def room(entry: Entry, largest: int) -> int:
    """How many may share a parcel with this delivery.

    One that failed often may be why its parcels fail: each further attempt halves its company,
    and after a bug it goes alone, so that it harms no other for long.
    """
    if entry.bugs:
        return 1
    return max(1, largest >> min(30, max(0, entry.attempt - WHOLE_PARCEL_ATTEMPTS)))


@dataclass(slots=True)
class _Open:
    """A parcel that is being filled: its members, and what they leave room for."""

    most: int
    size: int = 0
    members: list[Member] = field(default_factory=list)
    groups: set[str] = field(default_factory=set)

    def add(self, member: Member, largest: int) -> None:
        """Let `member` in."""
        self.members.append(member)
        self.groups.add(member.entry.group)
        self.most = min(self.most, room(member.entry, largest))
        self.size += member.size

    def has_room(self, member: Member, spec: ParcelSpec) -> bool:
        """Whether `member` may join."""
        most = min(self.most, room(member.entry, spec.largest_count))
        return len(self.members) < most and self.size + member.size <= spec.largest_bytes


class Filling:
    """Parcels that are being filled, one for each address.

    `ordered`: a group's deliveries are in one open parcel at a time, so that parcels may be sent
    one after the other without overtaking. Without it the record's version restores the order.
    Where the document holds what follows a dead letter, no parcel has two deliveries of one group:
    the first may be refused while the second is stored.
    """

    def __init__(self, spec: ParcelSpec, *, ordered: bool) -> None:
        self._spec = spec
        self._ordered = ordered
        self._open: dict[Address, _Open] = {}

    def before(self, member: Member, address: Address) -> Iterator[list[Member]]:
        """Close what must be sent before `member` joins: the full, and those of its group."""
        for other in list(self._open):
            parcel = self._open[other]
            full = other == address and not parcel.has_room(member, self._spec)
            after_its_group = member.entry.group in parcel.groups and (
                member.claimed.configuration.holds or (self._ordered and other != address)
            )
            if full or after_its_group:
                yield self._open.pop(other).members

    def is_open(self, address: Address) -> bool:
        """Whether a parcel to `address` is being filled."""
        return address in self._open

    def add(self, member: Member, address: Address) -> None:
        """Let `member` join the parcel to `address`, or begin it."""
        largest = self._spec.largest_count
        self._open.setdefault(address, _Open(largest)).add(member, largest)

    def rest(self) -> Iterator[list[Member]]:
        """Close what is left, oldest first."""
        while self._open:
            yield self._open.pop(next(iter(self._open))).members


def halves(parcel: Sequence[Member]) -> tuple[Sequence[Member], Sequence[Member]]:
    """A refused parcel in two, to find what was refused in it."""
    middle = (len(parcel) + 1) // 2
    return parcel[:middle], parcel[middle:]
