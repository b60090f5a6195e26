"""The state items of destinations and sources, in memory."""

from switchboard.breaker import DestinationState
from switchboard.source_state import SourceState
from switchboard.testing.stores import Failing


class MemoryStates(Failing):
    """See StateStore and SourceStateStore."""

    def __init__(self) -> None:
        self.states: dict[str, DestinationState] = {}
        self.sources: dict[str, SourceState] = {}
        self.reads = 0
        self.writes = 0

    def read(self, destination: str) -> DestinationState:
        """See StateStore."""
        self.reads += 1
        self.check()
        return self.states.get(destination, DestinationState())

    def read_source(self, source: str) -> SourceState:
        """See SourceStateStore."""
        self.reads += 1
        self.check()
        return self.sources.get(source, SourceState())

    def write(self, destination: str, state: DestinationState) -> bool:
        """See StateStore."""
        self.check()
        now = self.states.get(destination, DestinationState())
        if now.revision + 1 != state.revision:
            return False
        self.writes += 1
        self.states[destination] = state
        return True
