"""A Reader session: a position in the URL, and answers that only open the window."""

import json
from collections.abc import Sequence

from desk.pulsar.cluster import Cluster
from desk.pulsar.connection import Connection
from desk.pulsar.faults import Faults
from desk.pulsar.frames import command
from desk.pulsar.handshake import Refused, Wanted
from desk.pulsar.inbox import Delivery, Inbox
from desk.pulsar.message_id import InvalidMessageId, MessageId
from desk.pulsar.reading import EARLIEST, LATEST, Reading
from desk.pulsar.session import Delivering
from desk.pulsar.topic import Topic
from desk.pulsar.window import Window

LARGEST_QUEUE = 1000


class ReaderSession(Delivering):
    """Reads one topic, or all partitions of one."""

    endpoint = "reader"

    def __init__(self, wanted: Wanted, cluster: Cluster, faults: Faults) -> None:
        size = min(wanted.number("receiverQueueSize", LARGEST_QUEUE, bad=500), LARGEST_QUEUE)
        if size < 0:
            raise Refused(500, "Failed to create reader: receiverQueueSize needs to be >= 0")
        super().__init__(Window(size), faults)
        self.topic = wanted.topic
        start = _start(wanted.query.get("messageId", ""))
        self._topics = cluster.open(wanted.topic)
        if isinstance(start, MessageId) and cluster.partitions(wanted.topic):
            raise Refused(
                500,
                "Failed to create reader: java.util.concurrent.ExecutionException: "
                "org.apache.pulsar.client.api.PulsarClientException: "
                "The partitioned topic startMessageId is illegal",
            )
        # The one message that may be fetched is the one before the position, which is discarded.
        self._deaf = size == 1 and isinstance(start, MessageId)
        self._readings = [Reading(topic, start, size) for topic in self._topics]

    @property
    def inboxes(self) -> Sequence[Inbox]:
        return [reading.inbox for reading in self._readings]

    def take(self, number: int) -> Delivery | None:
        return None if self._deaf else self._readings[number].take()

    async def hear(self, text: str, connection: Connection) -> None:
        """Every object is an answer, but for the question whether the topic ended."""
        if command(text).type == "isEndOfTopic":
            ended = all(reading.ended for reading in self._readings)
            await connection.deliver(json.dumps({"endOfTopic": ended}))
            return
        self.window.answered()

    def close(self) -> None:
        self.detach()

    def detach(self) -> None:
        for reading in self._readings:
            reading.detach()

    def attach(self) -> None:
        for reading, topic in zip(self._readings, self._topics, strict=True):
            reading.attach(topic)

    def move(self, name: str, topic: Topic) -> None:
        for number, old in enumerate(self._topics):
            if old.name == name:
                self._topics[number] = topic
                self._readings[number].attach(topic)


def _start(text: str) -> MessageId | str:
    if not text.strip():
        return LATEST
    if text in {EARLIEST, LATEST}:
        return text
    try:
        return MessageId.decode(text)
    except InvalidMessageId as error:
        raise Refused(500, f"Failed to create reader: {error}") from error
