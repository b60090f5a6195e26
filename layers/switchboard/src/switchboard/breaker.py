"""The state item of a destination, read before a batch is worked on.

One item per destination, read at most every five seconds per sandbox and written only on a
change; one that cannot be read counts as closed, so that a trouble of ours stops nobody.
"""

from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from switchboard.errors import SwitchboardError

READ_EVERY_SECONDS = 5.0


class Breaker(StrEnum):
    """Whether the destination is called at all."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class DestinationState(BaseModel):
    """`until` and `not_before` are epoch seconds: the next probe, and the end of a rate limit."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    breaker: Breaker = Breaker.CLOSED
    until: float = 0.0
    paused: bool = False
    not_before: float = 0.0

    def holds_for(self, now: float) -> float:
        """Seconds for which nobody may be called; 0 when the way is free."""
        if self.paused:
            return 15 * 60.0
        opened = self.until if self.breaker is Breaker.OPEN else 0.0
        return max(0.0, opened - now, self.not_before - now)


class StateStore(Protocol):
    """Where state items are kept."""

    def read(self, destination: str) -> DestinationState:
        """The destination's item, or the default one where there is none.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


class StateReader:
    """A sandbox's view of one destination's state."""

    def __init__(self, store: StateStore, destination: str) -> None:
        self._store = store
        self._destination = destination
        self._state = DestinationState()
        self._read_at = float("-inf")

    def read(self, now: float) -> DestinationState:
        """The state, at most five seconds old."""
        if now - self._read_at >= READ_EVERY_SECONDS:
            self._read_at = now
            try:
                self._state = self._store.read(self._destination)
            except SwitchboardError:
                self._state = DestinationState()
        return self._state
