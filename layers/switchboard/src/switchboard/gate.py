"""The gate before a destination: whether it may be called, and what each call teaches it."""

from typing import Protocol

from switchboard.breaker import StateReader


class Gate(Protocol):
    """One sandbox's view of whether a destination may be called. Times are epoch seconds."""

    def admit(self, now: float) -> float:
        """Seconds for which nobody may be called; 0: the next delivery may go.

        Asked before a delivery is claimed, so that no attempt is counted for what waits here.
        """
        ...

    def took(self, now: float) -> None:
        """The destination took a delivery."""
        ...

    def failed(self, error: Exception, group: str, now: float) -> None:
        """A delivery of `group` failed."""
        ...


class StateGate:
    """See Gate: what the destination's state item says."""

    def __init__(self, state: StateReader) -> None:
        self._state = state

    def admit(self, now: float) -> float:
        """See Gate."""
        return self._state.read(now).holds_for(now)

    def took(self, now: float) -> None:
        """See Gate."""

    def failed(self, error: Exception, group: str, now: float) -> None:
        """See Gate."""
