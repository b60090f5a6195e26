"""Gaps: a dead letter holds its group where the document says `after_dead_letter: hold`.

    open ─▶ released ─▶ closed

The dead letter (the gap's head) opens the gap before it is written itself. What comes after it is
held: kept in the ledger, its message deleted. Once the head is settled (delivered by a replay,
skipped, discarded or redirected) the gap is released: what is held is sent again, in order, by
`switchboard dead release`, and what arrives meanwhile is still held, so that it overtakes nothing.
When none is left, the gap closes.

Two executions may look at a gap at once. So whoever holds a delivery first writes it as held, and
then raises the gap's revision; whoever closes the gap reads its revision, then looks for what is
held, and closes only that revision. One of the two always sees the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from switchboard.errors import Unavailable
from switchboard.ledger import Entry, Ledger, State

SETTLED = frozenset({State.DELIVERED, State.SKIPPED, State.DISCARDED, State.REDIRECTED})
TRIES = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """The deliveries of `group` to `destination` wait behind that of the event `head`.

    `opened_at` is in epoch seconds.
    """

    group: str
    destination: str
    head: str
    revision: int = 1
    released: bool = False
    closed: bool = False
    opened_at: float = 0.0

    def holds(self, entry: Entry) -> bool:
        """Whether the arriving delivery that would begin with `entry` is held.

        Its head never is; of what is released, replays go and what is new waits for them.
        """
        if self.closed or entry.event_id == self.head:
            return False
        return not (self.released and entry.replay is not None)

    def counted(self) -> "Gap":
        """The gap after one more delivery was held."""
        return replace(self, revision=self.revision + 1)


class GapStore(Protocol):
    """The store of gaps: in the ledger, under their group."""

    def read(self, group: str, destination: str) -> Gap | None:
        """The gap, as the last write left it.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def write(self, gap: Gap, *, expected: int | None) -> bool:
        """Write `gap` if the stored revision is `expected` (None: nothing is stored).

        Returns:
            Whether it was written.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        """The group's deliveries to the destination, as the last writes left them.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


def opened(found: Gap | None, dead: Entry) -> Gap | None:
    """The gap with `dead` as its head; None: nothing changes.

    A replay comes after its followers went on, or as one of those that are held: it opens none.
    """
    if found is None or found.closed:
        if dead.replay is not None:
            return None
        revision = 1 if found is None else found.revision + 1
        return Gap(dead.group, dead.destination, dead.event_id, revision, opened_at=dead.updated_at)
    if not found.released:
        return None
    return replace(found, head=dead.event_id, released=False, revision=found.revision + 1)


def settled(gap: Gap, entries: Sequence[Entry]) -> Gap | None:
    """The gap as the group's `entries` leave it; None: nothing changes."""
    head = next((entry for entry in entries if entry.event_id == gap.head), None)
    if gap.closed or (not gap.released and head is not None and head.state not in SETTLED):
        return None
    closed = not any(entry.state is State.HELD for entry in entries)
    if gap.released and not closed:
        return None
    return replace(gap, released=True, closed=closed, revision=gap.revision + 1)


def open_gap(store: GapStore, dead: Entry) -> None:
    """Hold what comes after a dead letter that is about to be written.

    Raises:
        Unavailable: the store cannot be reached, or others were always faster.
    """
    _change(store, dead.group, dead.destination, lambda found: opened(found, dead))


def settle_gap(store: GapStore, group: str, destination: str) -> None:
    """Release or close the gap of a group, as far as its deliveries allow it.

    Raises:
        Unavailable: the store cannot be reached, or others were always faster.
    """

    def change(found: Gap | None) -> Gap | None:
        if found is None or found.closed:
            return None
        return settled(found, store.entries(group, destination))

    _change(store, group, destination, change)


def _change(
    store: GapStore, group: str, destination: str, change: Callable[[Gap | None], Gap | None]
) -> None:
    for _ in range(TRIES):
        found = store.read(group, destination)
        changed = change(found)
        if changed is None:
            return
        if store.write(changed, expected=None if found is None else found.revision):
            return
    raise Unavailable("writing a gap: other executions were always faster")


class HoldingLedger:
    """A Ledger that opens the gap of each dead letter before it writes it.

    `holds` says whether the destination's document asks for it.
    """

    def __init__(self, ledger: Ledger, gaps: GapStore, holds: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._gaps = gaps
        self._holds = holds

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        if entry.state is State.DEAD and self._holds():
            open_gap(self._gaps, entry)
        return self._ledger.put(entry, expected=expected)

    def first_delivered(self, group: str, destination: str) -> Entry | None:
        """See Ledger."""
        return self._ledger.first_delivered(group, destination)
