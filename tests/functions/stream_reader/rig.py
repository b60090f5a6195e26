"""The reader on a loop of its own, between a server that speaks Pulsar and queues in memory."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from functions.stream_reader.pace import Pace
from functions.stream_reader.ports import Ports
from functions.stream_reader.source_reader import SourceReader
from switchboard.configuration import LastGood, Parameters
from switchboard.envelope import Envelope, decode
from switchboard.errors import Unavailable
from switchboard.queue import Outgoing
from switchboard.testing.reading import MemoryBulk, MemoryCheckpoints, MemoryLeases
from switchboard.testing.stores import (
    MemoryBucket,
    MemoryConfiguration,
    MemoryParameters,
    RecordingTelemetry,
)

PATIENCE = 60.0
SOURCE = "contact-centre"
LIVE, BULK = "https://queues/ingest.fifo", "https://queues/ingest-bulk.fifo"

QUICK = Pace(
    lease=2.0,
    contend_every=0.1,
    keep_every=0.05,
    look_every=0.05,
    probe=0.5,
    ping=0.3,
    pong=5.0,
    ask_every=0.05,
    document_every=0.1,
    try_again=0.1,
    longest_back_off=0.5,
)

T = TypeVar("T")


class MemorySqs:
    """SQS as the forwarder sees it. `refuse` says why a message is refused, or None."""

    def __init__(self) -> None:
        self.taken: dict[str, list[Outgoing]] = {LIVE: [], BULK: []}
        self.refuse: Callable[[Outgoing], str | None] = lambda _: None
        self.down = False
        self.lose_answers = False
        self.seconds = 0.0
        self.most_waiting = 0
        self._waiting = 0

    async def send_batch(self, queue_url: str, messages: Sequence[Outgoing]) -> list[str | None]:
        """See BatchSender."""
        assert len({message.group for message in messages}) == len(messages) <= 10
        self._waiting += len(messages)
        self.most_waiting = max(self.most_waiting, self._waiting)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self._waiting -= len(messages)
        if self.down:
            raise Unavailable("sending to SQS: it is down")
        answers = [self.refuse(message) for message in messages]
        for message, answer in zip(messages, answers, strict=True):
            if answer is None:
                self.taken[queue_url].append(message)
        if self.lose_answers:
            raise Unavailable("sending to SQS: the answer was lost")
        return answers


class MemorySecrets:
    """See SecretStore."""

    def __init__(self, **fields: str) -> None:
        self.current: Mapping[str, str] = fields
        self.cached: Mapping[str, str] = fields

    def accepted(self, name: str, *, rotation_hours: int = 24) -> tuple[Mapping[str, str], ...]:
        """What was read last."""
        del name, rotation_hours
        return (self.cached,)

    def refresh(self, name: str) -> None:
        """Read the current value the next time."""
        del name
        self.cached = self.current


class Stage:
    """What outlives a task: documents, checkpoints, leases, queues, secrets."""

    def __init__(
        self, url: str, key: str = "", *, secret: Mapping[str, str] | None = None, **document: Any
    ) -> None:
        """With a `secret` it is a stage of the legacy Streaming API, else one of a stream."""
        host = url.removeprefix("ws://")
        self.kind = "stream" if secret is None else "sapi"
        of_kind = {
            "stream": {
                "host": host,
                "tenant": "public",
                "credential": "token",
                "start": "earliest",
            },
            "sapi": {"cluster": host, "tenant": "acme01", "subscription": "switchboard"},
        }
        self.document = {"tls": False, **of_kind[self.kind], **document}
        self.parameters = MemoryParameters()
        self.write_document()
        self.checkpoints = MemoryCheckpoints()
        self.leases = MemoryLeases()
        self.sqs = MemorySqs()
        self.bucket = MemoryBucket()
        self.secrets = MemorySecrets(**(secret or {"key": key}))
        self.bulk = MemoryBulk()

    def write_document(self, **changes: Any) -> None:
        """Put the document, changed, into the parameters."""
        self.document |= changes
        self.parameters.set(f"sources/{SOURCE}", json.dumps(self.document))

    def envelopes(self, queue: str = LIVE) -> list[Envelope]:
        """What a queue took, each event once, in the order of arrival."""
        seen = {message.deduplication_id: message for message in reversed(self.sqs.taken[queue])}
        return [decode(message.body) for message in reversed(seen.values())]

    def bodies(self, queue: str = LIVE) -> list[str]:
        """The payloads of what a queue took, each event once."""
        return [envelope.raw.body for envelope in self.envelopes(queue) if envelope.raw]


class Running:
    """A task that reads the stage's source."""

    def __init__(self, stage: Stage, owner: str = "one", **pace: float) -> None:
        self.telemetry = RecordingTelemetry()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = ExitStack()
        self.reader = SourceReader(
            SOURCE,
            stage.kind,
            Ports(
                sender=stage.sqs,
                ingest_url=LIVE,
                bulk_url=BULK,
                claims=stage.bucket,
                parameters=Parameters(stage.parameters, _hurried),
                last_good=LastGood(MemoryConfiguration(), self.telemetry),
                secrets=stage.secrets,
                leases=stage.leases,
                checkpoints=stage.checkpoints,
                bulk_progress=stage.bulk,
                telemetry=self.telemetry,
                owner=owner,
                pace=replace(QUICK, **pace),
            ),
        )
        self._work: Future[None] | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._work = self.start(self.reader.run())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.stop()
        self.kill()

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run something on the reader's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self) -> None:
        """SIGTERM, and the wait for its end."""
        if self._work is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.reader.stop)
            self._work.result(PATIENCE)

    def kill(self) -> None:
        """End at once: what came is not finished, and nothing more is kept."""
        if self._loop.is_closed():
            return
        self.start(_cancel_everything()).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def count(self, name: str) -> float:
        """A metric, until now."""
        if self._loop.is_running():
            self.start(_call(self.reader.measures.gather)).result(PATIENCE)
        else:
            self.reader.measures.gather()
        return self.telemetry.counts.get((name, SOURCE), 0)


def _hurried() -> float:
    """A clock by which documents are read again each second."""
    return 30 * time.time()


async def _call(call: Callable[[], None]) -> None:
    call()


async def _cancel_everything() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def until(true: Callable[[], object]) -> None:
    """Wait for what must come."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
