"""Where a Reader stands: a position of its own that keeps nothing from being trimmed."""

from desk.pulsar.inbox import Delivery, Inbox
from desk.pulsar.message_id import MessageId
from desk.pulsar.topic import Topic

EARLIEST = "earliest"
LATEST = "latest"


class Reading:
    """Reads a topic from `start`: EARLIEST, LATEST, or behind a message.

    An id beyond the end is LATEST, and one older than what is retained is EARLIEST: silently.
    """

    def __init__(self, topic: Topic, start: MessageId | str, size: int) -> None:
        self._topic = topic
        self._start = start
        self._last: MessageId | None = None
        self.inbox = Inbox(size)
        self.inbox.on_permits = self._fetch
        self._attached = False
        self.attach(topic)

    def attach(self, topic: Topic) -> None:
        """Begin, or go on behind the last message that was taken, on what may be another topic."""
        self.detach()
        recreated = topic is not self._topic
        self._topic = topic
        self.inbox.clear()
        start = EARLIEST if recreated else self._last or self._start
        self._next, self._after = find(topic, start)
        self._attached = True
        topic.watchers.append(self._fetch)
        self._fetch()

    def detach(self) -> None:
        """Fetch nothing more."""
        if self._attached:
            self._topic.watchers.remove(self._fetch)
        self._attached = False

    def take(self) -> Delivery | None:
        """The next message."""
        delivery = self.inbox.take()
        if delivery:
            self._last = delivery.id
        return delivery

    @property
    def ended(self) -> bool:
        """Whether the topic is terminated and was fetched whole."""
        return self._topic.terminated and self._next >= self._topic.end

    def _fetch(self) -> None:
        while self._attached and self.inbox.permits > 0:
            if self._next < self._topic.first:
                self._next, self._after = self._topic.first, -1
            if self._next >= self._topic.end:
                return
            index, after = self._next, self._after
            self._next, self._after = index + 1, -1
            self.inbox.put(self._topic.entry(index), index, after)


def find(topic: Topic, start: MessageId | str) -> tuple[int, int]:
    """The index of the entry to begin with, and the batch index behind which to begin."""
    if isinstance(start, str):
        return (topic.first if start == EARLIEST else topic.end), -1
    if start.position > topic.last:
        return topic.end, -1
    index = topic.index_of(start.position)
    if not topic.holds(start.position):
        return index, -1
    entry = topic.entry(index)
    if not entry.batched:
        return index + 1, -1
    if start.batch_index >= len(entry.messages) - 1:
        return index + 1, -1
    return index, start.batch_index
