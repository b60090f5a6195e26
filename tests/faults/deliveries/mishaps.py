"""What goes wrong on our side: executions that die, a ledger that cannot be reached, by seed."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from switchboard.errors import Unavailable
from switchboard.ledger import Entry, Ledger, State

MOST_CRASHES = 2
FIRST_AT, FIRST_EVERY = 11, 4
"""Where each mishap comes for the first time, so that none is left to luck."""


class Mishap(StrEnum):
    """What happens to an execution, or to what it needs."""

    CRASH = "crash between send and ledger"
    KILL = "expired lease: killed before the send"
    ZOMBIE = "expired lease: sent late all the same"
    TWICE = "two executions at once"
    UNDELETED = "partial batch: a done message comes again"
    LEDGER = "ledger unavailable"
    SKEW = "clock skew"


SHARES: Mapping[Mishap, float] = {
    Mishap.CRASH: 0.006,
    Mishap.KILL: 0.003,
    Mishap.ZOMBIE: 0.003,
    Mishap.TWICE: 0.02,
    Mishap.UNDELETED: 0.02,
    Mishap.LEDGER: 0.01,
}


class Crash(BaseException):
    """The process ends here: no code of the product sees it."""


def drawn(share: float, *what: object) -> bool:
    """Whether `what` is in the share: always the same."""
    number = hashlib.sha256("|".join(map(str, what)).encode())
    return int.from_bytes(number.digest()[:4], "big") < share * 2**32


@dataclass
class Injected:
    """What went wrong on our side; `in_doubt` are events of whose send the product cannot know.

    `writes` counts what the ledger took of each event and `states` says what it has; `crashes`
    counts the executions that died over it.
    """

    counts: Counter[Mishap] = field(default_factory=Counter)
    in_doubt: set[str] = field(default_factory=set)
    writes: Counter[str] = field(default_factory=Counter)
    states: dict[str, State] = field(default_factory=dict)
    crashes: Counter[str] = field(default_factory=Counter)

    def died_over(self, events: Collection[str]) -> None:
        """An execution ended without ending these."""
        self.in_doubt.update(events)
        self.crashes.update(events)


class FaultyLedger:
    """A ledger that cannot be reached now and then, before the write or after it."""

    def __init__(self, ledger: Ledger, seed: int, injected: Injected) -> None:
        self._ledger = ledger
        self._seed = seed
        self._injected = injected
        self._puts = 0

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        self._puts += 1
        spared = self._injected.crashes[entry.event_id] >= MOST_CRASHES
        if not spared and drawn(SHARES[Mishap.LEDGER], self._seed, "ledger", self._puts):
            self._injected.counts[Mishap.LEDGER] += 1
            written = bool(self._puts % 2) and self._write(entry, expected) is None
            # A claim that nobody knows of, or an ending that is not there: the lease runs out.
            if written is (entry.state is State.SENDING):
                self._injected.died_over([entry.event_id])
            raise Unavailable("writing the ledger: AWS answered InternalServerError")
        return self._write(entry, expected)

    def _write(self, entry: Entry, expected: int | None) -> Entry | None:
        found = self._ledger.put(entry, expected=expected)
        if found is None:
            self._injected.writes[entry.event_id] += 1
            self._injected.states[entry.event_id] = entry.state
        return found

    def __getattr__(self, name: str) -> Any:
        """What else a ledger can do, it does."""
        return getattr(self._ledger, name)


def comes(mishap: Mishap, number: int, *, came: bool, seed: int, scale: float) -> bool:
    """Whether `mishap` meets what has this number: from its first place on, and by its share."""
    if not scale:
        return False
    is_due = not came and number >= FIRST_AT + FIRST_EVERY * list(Mishap).index(mishap)
    return is_due or drawn(SHARES[mishap] * scale, seed, mishap, number)
