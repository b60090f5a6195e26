"""Shapes in memory."""

from switchboard.shape import Shape
from switchboard.testing.stores import Failing


class MemoryShapes(Failing):
    """See Shapes."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], Shape] = {}
        self.reads = 0
        self.writes = 0

    def read_shape(self, source: str, name: str) -> Shape:
        """See Shapes."""
        self.check()
        self.reads += 1
        return self.stored.get((source, name), Shape())

    def write_shape(self, source: str, name: str, shape: Shape) -> bool:
        """See Shapes."""
        self.check()
        self.writes += 1
        before = self.stored.get((source, name), Shape())
        if before.revision != shape.revision - 1:
            return False
        self.stored[source, name] = Shape.model_validate_json(shape.model_dump_json())
        return True
