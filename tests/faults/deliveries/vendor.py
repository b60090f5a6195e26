"""A vendor over a real socket: it stores what it is sent, and fails by seed."""

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from switchboard.testing.stand_in import Arrived, Reply, StandIn

STORM_EVERY, STORM_LASTS = 900, 25
SILENT_EVERY, SILENT_FIRST = 600, 90
"""Which requests are not answered: few, since each is waited for."""

RETRY_AFTER = 7


class Trouble(StrEnum):
    """What becomes of a request that is not simply answered."""

    LIMITED = "429"
    AWAY = "503"
    BROKEN = "500 before the commit"
    BROKEN_AFTER = "500 after the commit"
    CUT = "cut before the commit"
    CUT_AFTER = "cut after the commit"
    SILENT_AFTER = "time-out after the commit"


UNKNOWN = frozenset(Trouble) - {Trouble.LIMITED, Trouble.AWAY}
"""After these nobody can say whether it was stored."""

COMMITTED = frozenset({Trouble.BROKEN_AFTER, Trouble.CUT_AFTER, Trouble.SILENT_AFTER})

SHARES: Mapping[Trouble, float] = {
    Trouble.LIMITED: 0.010,
    Trouble.AWAY: 0.020,
    Trouble.BROKEN: 0.008,
    Trouble.BROKEN_AFTER: 0.008,
    Trouble.CUT: 0.006,
    Trouble.CUT_AFTER: 0.006,
}


FIRST: Mapping[int, Trouble] = {12 + 3 * index: one for index, one in enumerate(Trouble)}
"""Where each comes for the first time, so that none is left to luck."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that the vendor holds; `number` is its place in its group."""

    event: str
    group: str
    number: int


class Shop(Protocol):
    """What is the vendor's own: what a request would store, storing it, and how it says no."""

    def reads(self, request: Arrived) -> Reply | None:
        """The answer to a request that stores nothing (a look); None: it is to store something."""
        ...

    def records(self, request: Arrived) -> Sequence[Stored]:
        """What a request would store."""
        ...

    def commit(self, request: Arrived) -> tuple[Reply, Sequence[Stored]]:
        """Store it: the answer, and what is new by it."""
        ...

    def refusal(self, trouble: Trouble) -> Reply:
        """The answer to 429, 503 and 500."""
        ...


@dataclass
class Vendor:
    """A context manager: serves `shop` on a free port, with trouble by `seed`.

    `scale` multiplies the shares of trouble. `injected` counts every trouble; `in_doubt` are the
    events of requests after which nobody can say; `stored` is in the order of the commits.
    """

    shop: Shop
    seed: int
    scale: float = 1.0
    stored: list[Stored] = field(default_factory=list)
    injected: Counter[Trouble] = field(default_factory=Counter)
    in_doubt: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    _tries: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._stand_in = StandIn(self._answer).__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stand_in.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._stand_in.url

    def _answer(self, request: Arrived) -> Reply:
        with self._lock:
            look = self.shop.reads(request)
            if look is not None:
                return look
            records = self.shop.records(request)
            trouble = self._drawn(records)
            self._note(trouble, records)
            if trouble is not None and trouble not in COMMITTED:
                return _told(trouble, self.shop.refusal(trouble))
            reply, new = self.shop.commit(request)
            self.stored.extend(new)
            return reply if trouble is None else _told(trouble, self.shop.refusal(trouble))

    def _drawn(self, records: Sequence[Stored]) -> Trouble | None:
        """Which trouble meets a request: by what is in it, and which try of it this is."""
        self.requests += 1
        if self.scale and self.requests % STORM_EVERY < STORM_LASTS and self.requests > STORM_LASTS:
            return Trouble.LIMITED
        if self.scale and self.requests % SILENT_EVERY == SILENT_FIRST:
            return Trouble.SILENT_AFTER
        if self.scale and self.requests in FIRST:
            return FIRST[self.requests]
        name = min(record.event for record in records)
        self._tries[name] += 1
        drawn = _fraction(self.seed, name, self._tries[name])
        for trouble, share in SHARES.items():
            drawn -= share * self.scale
            if drawn < 0:
                return trouble
        return None

    def _note(self, trouble: Trouble | None, records: Sequence[Stored]) -> None:
        if trouble is None:
            return
        self.injected[trouble] += 1
        if trouble in UNKNOWN:
            self.in_doubt.update(record.event for record in records)


def _told(trouble: Trouble, refusal: Reply) -> Reply:
    """What the client sees of a trouble."""
    if trouble is Trouble.SILENT_AFTER:
        return Reply(silent=True)
    return Reply(hang_up=True) if trouble in {Trouble.CUT, Trouble.CUT_AFTER} else refusal


def _fraction(*what: object) -> float:
    drawn = hashlib.sha256("|".join(map(str, what)).encode())
    return int.from_bytes(drawn.digest()[:4], "big") / 2**32
