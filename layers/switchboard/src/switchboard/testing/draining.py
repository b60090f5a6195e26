"""Where drains are recorded, in memory."""

from switchboard.drain import Drained
from switchboard.testing.stores import Failing


class MemoryDrains(Failing):
    """See DrainStore."""

    def __init__(self) -> None:
        self.kept: dict[str, Drained] = {}

    def record(self, destination: str, drained: Drained) -> None:
        """See DrainStore."""
        self.check()
        self.kept[destination] = drained

    def read(self, destination: str) -> Drained | None:
        """See DrainStore."""
        self.check()
        return self.kept.get(destination)
