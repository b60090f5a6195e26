"""The ledger: one entry per delivery, and what may follow what.

    sending ─▶ delivered | waiting | unknown | dead | skipped | held | discarded | redirected

Every write is conditional on the revision that was read (claiming.py has what may follow what); the
store is a port.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from switchboard.destination import Lane
from switchboard.errors import ReasonClass


class State(StrEnum):
    """Where a delivery is."""

    SENDING = "sending"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"
    HELD = "held"
    DISCARDED = "discarded"
    REDIRECTED = "redirected"


_OPEN = frozenset({State.SENDING, State.WAITING, State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery. Times are epoch seconds.

    `held_before` is for how long the destination had been paused or open before its first attempt.
    `attempt` counts sends over the delivery's whole life; `bugs` and `lapses` count failures and
    run-out leases since the last replay, `possible_duplicates` the sends that may have stored it a
    second time. `owner` is the execution that wrote the entry: a write that AWS repeats by itself
    recognises its own trace. `payload` points to the event's raw line or claim, as JSON.
    `ended_by` and `ended_because` are of an operator who ended it by command. `version` is that of
    the record which is written with it.
    """

    group: str
    event_id: str
    destination: str
    state: State
    revision: int = 1
    owner: str = ""
    attempt: int = 1
    bugs: int = 0
    lapses: int = 0
    generation: int = 0
    replay: str | None = None
    lane: Lane = Lane.NORMAL
    document_version: int | None = None
    mapping_version: int | None = None
    lease_until: float = 0.0
    until: float = 0.0
    happened_at: float = 0.0
    first_attempt_at: float = 0.0
    held_before: float = 0.0
    updated_at: float = 0.0
    reference: str = ""
    remote_id: str = ""
    reason_class: ReasonClass | None = None
    reason: str = ""
    answer: str = ""
    payload: str = ""
    possible_duplicates: int = 0
    version: str = ""
    ended_by: str = ""
    ended_because: str = ""

    @property
    def is_final(self) -> bool:
        """Whether the queue has nothing left to do with it."""
        return self.state not in _OPEN


GONE = "the ledger has no such entry any more; the next try claims the delivery anew"


class Ledger(Protocol):
    """The store of entries."""

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """Write `entry` if the stored revision is `expected` (None: nothing is stored).

        Returns:
            None when it was written, else the entry that is there instead.

        Raises:
            Unavailable: the ledger cannot be reached, or the entry is gone that was to be replaced.
        """
        ...

    def first_delivered(self, group: str, destination: str) -> Entry | None:
        """The first delivery of a group that a destination took and has a name for.

        Raises:
            Unavailable: the ledger cannot be reached.
        """
        ...


def first_of(entries: Iterable[Entry], destination: str) -> Entry | None:
    """Of a group's entries, the first that `destination` took and has a name for."""
    named = [
        entry
        for entry in entries
        if entry.destination == destination and entry.state is State.DELIVERED and entry.remote_id
    ]
    return min(named, key=lambda entry: (entry.first_attempt_at, entry.event_id), default=None)


def outcome_unknown(entry: Entry, now: float) -> Entry:
    """`entry` as a dead letter that must not be repeated."""
    return replace(
        entry,
        state=State.DEAD,
        lease_until=0.0,
        updated_at=now,
        reason_class=ReasonClass.UNKNOWN,
        reason="outcome unknown: the destination may or may not have stored it, and its document"
        " says at_most_once",
    )
