"""A Producer session: messages in, ids out, one by one or in batches."""

import asyncio
import json
import secrets

from websockets.exceptions import ConnectionClosed

from desk.pulsar.cluster import Cluster
from desk.pulsar.connection import Connection
from desk.pulsar.frames import NotAnObject, Null, Publication, publication
from desk.pulsar.handshake import Refused, Wanted, broker_error
from desk.pulsar.message_id import MessageId
from desk.pulsar.session import Session
from desk.pulsar.topic import Terminated, Topic

TERMINATED = "org.apache.pulsar.broker.service.BrokerServiceException$TopicTerminatedException"


class ProducerSession(Session):
    """Answers every frame with the id under which it was stored."""

    endpoint = "producer"

    def __init__(self, wanted: Wanted, cluster: Cluster) -> None:
        self.topic = wanted.topic
        self._cluster = cluster
        self._batched = wanted.query.get("batchingEnabled") == "true"
        self._most = wanted.number("batchingMaxMessages", 1000, bad=400)
        self._seconds = wanted.number("batchingMaxPublishDelay", 10, bad=400) / 1000
        in_turn = wanted.query.get("messageRoutingMode") == "RoundRobinPartition"
        self._partition = None if in_turn else secrets.randbelow(1 << 16)
        self._waiting: list[Publication] = []
        self._changed = asyncio.Event()
        if all(topic.terminated for topic in cluster.open(wanted.topic)):
            reason = broker_error(f"{TERMINATED}: Topic was already terminated")
            raise Refused(503, f"Failed to create producer/consumer: {reason}")

    async def run(self, connection: Connection) -> None:
        flushing = asyncio.create_task(self._flush_batches(connection))
        try:
            async for text in connection:
                if isinstance(text, str):
                    await self._take(text, connection)
        except ConnectionClosed:
            return
        finally:
            flushing.cancel()

    def close(self) -> None:
        """A producer holds nothing."""

    def mute(self) -> None:
        """A producer is sent nothing."""

    def detach(self) -> None:
        """A producer comes back unnoticed."""

    def attach(self) -> None:
        """A producer comes back unnoticed."""

    def move(self, name: str, topic: Topic) -> None:
        """A producer addresses topics by name."""

    async def _take(self, text: str, connection: Connection) -> None:
        try:
            said = publication(text)
        except (NotAnObject, Null):
            await connection.deliver(_answer("send-error:3", errorMsg="Unrecognized token"))
            return
        except ValueError:
            error = "Invalid Base64 message-payload error=Illegal base64 character"
            await connection.deliver(_answer("send-error:7", errorMsg=error))
            return
        if not self._batched:
            await self._store([said], connection)
            return
        self._waiting.append(said)
        if len(self._waiting) >= self._most:
            waiting, self._waiting = self._waiting, []
            await self._store(waiting, connection)
        else:
            self._changed.set()

    async def _flush_batches(self, connection: Connection) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(self._seconds)
            waiting, self._waiting = self._waiting, []
            if waiting:
                await self._store(waiting, connection)

    async def _store(self, publications: list[Publication], connection: Connection) -> None:
        try:
            entry = self._cluster.publish(
                self.topic,
                [each.message for each in publications],
                batched=self._batched,
                partition=self._partition,
            )
        except Terminated:
            for each in publications:
                error = "Topic was already terminated"
                answer = _answer("send-error:3", errorMsg=error, context=each.context)
                await connection.deliver(answer)
            return
        for number, each in enumerate(publications):
            made = entry.id_of(number)
            # The producer's reply says 0 even for batches.
            told = MessageId(made.ledger, made.entry, made.partition, made.batch_index)
            answer = _answer("ok", messageId=told.encode(), context=each.context)
            await connection.deliver(answer)


def _answer(result: str, **more: str | None) -> str:
    """Fields that are null are left out."""
    told = {name: value for name, value in more.items() if value is not None}
    return json.dumps({"result": result, **told, "errorCode": 0, "schemaVersion": 0})
