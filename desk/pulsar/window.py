"""How many frames a session may send before the client answers."""


class Window:
    """Every frame sent takes one slot, and every frame received gives one back, whatever it says.

    In pull mode the slots are what the client permits, and answers give nothing back.
    """

    def __init__(self, size: int, *, pull: bool = False) -> None:
        self._limit = max(1, size)
        self._pull = pull
        self._permits = 0
        self.pending = 0

    @property
    def open(self) -> bool:
        """Whether another frame may be sent."""
        return self._permits > 0 if self._pull else self.pending < self._limit

    def sent(self) -> None:
        """A frame was sent."""
        self.pending += 1
        self._permits -= self._pull

    def answered(self) -> None:
        """A frame was answered. Answers before any frame widen the window, as in Pulsar."""
        self.pending -= 1

    def permit(self, frames: int) -> None:
        """Pull mode: let so many more be sent."""
        self._permits += frames
