"""Shapes in memory."""

from switchboard.errors import Unavailable
from switchboard.shape import Shape


class MemoryShapes:
    """See Shapes. `away`: nobody reaches it."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Shape] = {}
        self.reads = 0
        self.writes = 0
        self.away = False

    def read_shape(self, source: str, name: str) -> Shape:
        """See Shapes."""
        self._reach()
        self.reads += 1
        return self.stored.get((source, name), Shape())

    def write_shape(self, source: str, name: str, shape: Shape) -> bool:
        """See Shapes."""
        self._reach()
        self.writes += 1
        before = self.stored.get((source, name), Shape())
        if before.revision != shape.revision - 1:
            return False
        self.stored[source, name] = Shape.model_validate_json(shape.model_dump_json())
        return True

    def _reach(self) -> None:
        if self.away:
            raise Unavailable("reaching the shapes: they are away")
