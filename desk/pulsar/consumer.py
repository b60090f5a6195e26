"""A Consumer session: the cursor is the server's, and an answer acknowledges."""

import asyncio
import json
import secrets
from collections.abc import Sequence

from desk.pulsar.cluster import Cluster
from desk.pulsar.connection import Connection
from desk.pulsar.faults import Faults
from desk.pulsar.frames import Command, NotAnObject, command
from desk.pulsar.handshake import PARAMETERS, Refused, Wanted, broker_error
from desk.pulsar.inbox import Delivery, Inbox
from desk.pulsar.message_id import InvalidMessageId, MessageId
from desk.pulsar.reader import LARGEST_QUEUE
from desk.pulsar.session import Broken, Delivering
from desk.pulsar.subscription import Busy, Kind, Subscription
from desk.pulsar.topic import Topic
from desk.pulsar.window import Window

ACK_GROUP_SECONDS = 0.1
LEAST_NACK_MS = 100
NO_ID = 'Cannot invoke "String.getBytes(java.nio.charset.Charset)" because "src" is null'


class ConsumerSession(Delivering):
    """Consumes one topic, or all partitions of one, by one subscription of each."""

    endpoint = "consumer"

    def __init__(self, wanted: Wanted, cluster: Cluster, faults: Faults) -> None:
        size = min(wanted.number("receiverQueueSize", LARGEST_QUEUE, bad=400), LARGEST_QUEUE)
        delay = wanted.number("negativeAckRedeliveryDelay", 60_000, bad=400)
        timeout = wanted.number("ackTimeoutMillis", 0, bad=400)
        if size < 0 or 0 < timeout < 1000:
            raise Refused(400, f"{PARAMETERS}Ack timeout should be greater than 1000 ms")
        kind = Kind(_choice(wanted, "subscriptionType"))
        self._durable = _choice(wanted, "subscriptionMode") == "Durable"
        position = _choice(wanted, "subscriptionInitialPosition")
        self._pull = wanted.query.get("pullMode") == "true"
        super().__init__(Window(size, pull=self._pull), faults)
        self.topic = wanted.topic
        self._name = wanted.subscription
        self._nack_seconds = max(delay, LEAST_NACK_MS) / 1000
        self._cluster = cluster
        self._topics = cluster.open(wanted.topic)
        self._delivered: dict[str, tuple[int, Delivery]] = {}
        self._acks: list[tuple[int, int]] = []
        name = wanted.query.get("consumerName") or secrets.token_hex(5)
        self._inboxes = [Inbox(max(1, size), name) for _ in self._topics]
        self._subscriptions: list[Subscription] = []
        self._subscribe(kind, earliest=position == "Earliest")

    @property
    def inboxes(self) -> Sequence[Inbox]:
        return self._inboxes

    def take(self, number: int) -> Delivery | None:
        delivery = self._inboxes[number].take()
        if delivery:
            self._delivered[delivery.id.encode()] = number, delivery
        return delivery

    async def hear(self, text: str, connection: Connection) -> None:
        said = command(text)
        match said.type:
            case "isEndOfTopic":
                ended = all(t.terminated for t in self._topics) and not self.backlog
                await connection.deliver(json.dumps({"endOfTopic": ended}))
            case "permit":
                if said.permits is None:
                    raise NotAnObject(text)
                self.window.permit(said.permits)
            case "unsubscribe":
                for topic in self._topics:
                    self._cluster.unsubscribe(topic, self._name)
            case "negativeAcknowledge":
                self._nack(said)
                self.window.answered()
            case _:
                self._ack(said)
                self.window.answered()

    @property
    def backlog(self) -> int:
        """How many entries are not acked."""
        return sum(each.backlog for each in self._subscriptions)

    def close(self) -> None:
        """Acks that were heard count, even when the socket was cut right after them."""
        self.flush()
        for subscription, inbox, topic in zip(
            self._subscriptions, self._inboxes, self._topics, strict=True
        ):
            subscription.detach(inbox)
            if not self._durable:
                self._cluster.unsubscribe(topic, self._name)

    def detach(self) -> None:
        self.flush()
        for inbox in self._inboxes:
            inbox.clear()
            inbox.permits = 0

    def attach(self) -> None:
        """Everything that was not acked comes again, on the same socket."""
        for subscription in self._subscriptions:
            subscription.rewind()

    def move(self, name: str, topic: Topic) -> None:
        self._topics = [topic if old.name == name else old for old in self._topics]

    def flush(self) -> None:
        """Pass the acks of the last moments on."""
        acks, self._acks = self._acks, []
        for number, index in acks:
            self._subscriptions[number].ack(index)

    def lose_acks(self) -> None:
        """The server is killed before it passed its last acks on."""
        self._acks.clear()

    def _subscribe(self, kind: Kind, *, earliest: bool) -> None:
        try:
            for topic, inbox in zip(self._topics, self._inboxes, strict=True):
                subscription = self._cluster.subscription(topic, self._name, earliest=earliest)
                subscription.attach(inbox, kind)
                self._subscriptions.append(subscription)
        except Busy as busy:
            for subscription, inbox in zip(self._subscriptions, self._inboxes, strict=False):
                subscription.detach(inbox)
            reason = broker_error(str(busy))
            raise Refused(409, f"Failed to create producer/consumer: {reason}") from busy

    def _ack(self, said: Command) -> None:
        """An id that was delivered acks that message; any other, if of no batch, its entry."""
        if said.message_id in self._delivered:
            number, delivery = self._delivered.pop(said.message_id)
            delivery.unacked.discard(max(0, delivery.id.batch_index))
            if not delivery.unacked:
                self._acked(number, delivery.index)
            return
        made = _decoded(said.message_id)
        lone = made.batch_index < 0 or made.batch_size <= 0
        if lone or (made.batch_size == 1 and made.batch_index == 0):
            number = self._number(made)
            if self._topics[number].holds(made.position):
                self._acked(number, self._topics[number].index_of(made.position))

    def _acked(self, number: int, index: int) -> None:
        if not self._acks:
            asyncio.get_running_loop().call_later(ACK_GROUP_SECONDS, self.flush)
        self._acks.append((number, index))

    def _nack(self, said: Command) -> None:
        made = _decoded(said.message_id)
        number = self._number(made)
        index = self._topics[number].index_of(made.position)
        asyncio.get_running_loop().call_later(self._nack_seconds, self._redeliver, number, index)

    def _redeliver(self, number: int, index: int) -> None:
        self.flush()
        if self._inboxes[number] in self._subscriptions[number].consumers:
            self._subscriptions[number].redeliver(self._inboxes[number], [index])

    def _number(self, made: MessageId) -> int:
        return made.partition if 0 <= made.partition < len(self._topics) else 0


def _decoded(text: str | None) -> MessageId:
    """The id in an answer.

    Raises:
        Broken: without an id, or for what is not base64.
        NotAnObject: for base64 of something else.
    """
    if text is None:
        raise Broken(NO_ID)
    try:
        return MessageId.decode(text)
    except InvalidMessageId as error:
        if error.base64:
            raise NotAnObject(text) from error
        raise Broken(str(error)) from error


CHOICES = {
    "subscriptionType": ("Exclusive", "Shared", "Failover", "Key_Shared"),
    "subscriptionMode": ("Durable", "NonDurable"),
    "subscriptionInitialPosition": ("Latest", "Earliest"),
}


def _choice(wanted: Wanted, name: str) -> str:
    """One of the exact words; the first is what holds when none is given."""
    text = wanted.query.get(name, CHOICES[name][0])
    if text not in CHOICES[name]:
        raise Refused(400, f"{PARAMETERS}Invalid {name} {text}")
    return text
