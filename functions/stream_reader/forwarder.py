"""Sending to the ingest queues: many batches under way, and the order of every group kept."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from functions.stream_reader.body import body_of
from functions.stream_reader.intake import Arrived
from functions.stream_reader.measures import Measures
from functions.stream_reader.send_queue import SendQueue, Waiting
from switchboard.claims import ClaimStore, check_in
from switchboard.envelope import CLAIM_CHECK_BYTES
from switchboard.errors import ConfigurationError
from switchboard.queue import BATCH_ENTRIES, Outgoing

UNDER_WAY = 16
"""Batches at once: at 20 ms an answer these are some 8,000 events a second."""

FILL_SECONDS = 0.005
"""How long a batch that is not full waits for more while others are under way."""


class BatchSender(Protocol):
    """SQS, as the forwarder needs it."""

    async def send_batch(self, queue_url: str, messages: Sequence[Outgoing]) -> list[str | None]:
        """Send up to ten messages; for each, None (SQS has it) or why it has not.

        Raises:
            Unavailable, ConfigurationError: it took none, or nobody can say.
        """
        ...


class Forwarder:
    """Sends to one queue until it is cancelled; what SQS does not take is tried for ever."""

    def __init__(
        self, sender: BatchSender, queue_url: str, claims: ClaimStore, measures: Measures
    ) -> None:
        self._sender = sender
        self._claims = claims
        self._queue_url = queue_url
        self._measures = measures
        self._queue = SendQueue(random.random)
        self._news = asyncio.Event()
        self._free = asyncio.Semaphore(UNDER_WAY)
        self._batches: set[asyncio.Task[None]] = set()

    def submit(self, arrived: Arrived, confirm: Callable[[], None]) -> None:
        """Send an event after those of its group that were submitted before it."""
        body = body_of(arrived)
        claim = arrived.envelope() if len(body) > CLAIM_CHECK_BYTES else None
        message = Outgoing("" if claim else body, arrived.group, arrived.event.id)
        self._queue.put(Waiting(message, confirm, claim))
        self._news.set()

    @property
    def is_idle(self) -> bool:
        """Whether SQS has everything that was submitted."""
        return not self._queue and not self._batches

    async def run(self) -> None:
        """Send what is submitted."""
        try:
            while True:
                await self._wait_for_a_batch()
                await self._free.acquire()
                batch = self._queue.take(time.monotonic())
                if not batch:
                    self._free.release()
                    continue
                task = asyncio.create_task(self._send(batch))
                self._batches.add(task)
                task.add_done_callback(self._batches.discard)
        finally:
            for task in tuple(self._batches):
                task.cancel()

    async def _wait_for_a_batch(self) -> None:
        """Until something may go: at once when nothing is under way, else a full batch or soon."""
        while not (ready := self._queue.ready(time.monotonic())):
            self._news.clear()
            wake = self._queue.next_wake()
            wait = None if wake is None else max(0.0, wake - time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait)
        if ready < BATCH_ENTRIES and self._batches:
            await asyncio.sleep(FILL_SECONDS)

    async def _check_in(self, batch: Sequence[Waiting]) -> None:
        """Give large envelopes their place in S3; their groups are under way and wait."""
        for waiting in batch:
            if waiting.claim is not None:
                body = await asyncio.to_thread(check_in, waiting.claim, self._claims)
                waiting.message = replace(waiting.message, body=body)
                waiting.claim = None

    async def _send(self, batch: Sequence[Waiting]) -> None:
        began = time.monotonic()
        try:
            await self._check_in(batch)
            answers = await self._sender.send_batch(
                self._queue_url, [waiting.message for waiting in batch]
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch must be tried again
            answers = [str(error)] * len(batch)
            if isinstance(error, ConfigurationError):
                self._measures.event("configuration_errors")
            self._measures.warn("SQS took none of a batch", why=f"{type(error).__name__}: {error}")
        finally:
            self._free.release()
        refused = sum(answer is not None for answer in answers)
        if refused:
            self._measures.count("sqs_refused", refused)
        now = time.monotonic()
        self._measures.peak("sqs_latency_ms", (now - began) * 1000)
        self._queue.settle(batch, answers, now)
        self._news.set()
