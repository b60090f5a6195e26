"""What waits inside the server's own client: messages fetched ahead of the WebSocket session."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.pulsar.message_id import MessageId
from desk.pulsar.topic import Entry, Message

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one client.

    `unacked` holds the batch indexes of the same delivery of the same entry that were not acked
    yet, and is shared between them. `index` is the entry's index in its topic.
    """

    id: MessageId
    message: Message
    publish_time: int
    index: int
    unacked: set[int]
    redeliveries: int = 0


class Inbox:
    """Bounded by permits: `size` at first, and more once half of them were used.

    A batch is never split, so that the inbox may hold more than `size` by one batch.
    """

    def __init__(self, size: int, name: str = "") -> None:
        self.size = size
        self.name = name
        self.permits = size
        self.on_permits: Callable[[], None] = _nothing
        self.on_delivery: Callable[[], None] = _nothing
        self._waiting: deque[Delivery] = deque()
        self._taken = 0

    def put(self, entry: Entry, index: int, after: int = -1, redeliveries: int = 0) -> None:
        """Add the messages of `entry` behind the batch index `after`."""
        numbers = range(after + 1, len(entry.messages))
        unacked = set(range(len(entry.messages)))
        for number in numbers:
            self._waiting.append(
                Delivery(
                    entry.id_of(number),
                    entry.messages[number],
                    entry.publish_time,
                    index,
                    unacked,
                    redeliveries,
                )
            )
        self.permits -= len(numbers)
        self.on_delivery()

    def take(self) -> Delivery | None:
        """The next message, and in time permits for more."""
        if not self._waiting:
            return None
        taken = self._waiting.popleft()
        self._taken += 1
        if self._taken >= max(1, self.size // 2):
            self.permits += self._taken
            self._taken = 0
            self.on_permits()
        return taken

    def clear(self) -> None:
        """Forget what waits, as the client does when it connects to its broker again."""
        self._waiting.clear()
        self._taken = 0
        self.permits = self.size

    def __len__(self) -> int:
        return len(self._waiting)


def _nothing() -> None:
    """Nobody listens yet."""
