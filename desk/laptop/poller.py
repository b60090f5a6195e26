"""Lambda's pollers for one event source mapping, under the function's own role.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from desk.laptop.client import ACCOUNT, REGION, emulator_client
from desk.laptop.deployment import DeployedMapping
from desk.laptop.pool import Pool
from desk.laptop.sandbox import LARGEST_PAYLOAD, InvocationFailed

WAIT_SECONDS = 1
RECEIVED_AT_ONCE = 10

Message = Mapping[str, Any]

logger = logging.getLogger(__name__)


class Poller:
    """Receives, invokes, deletes what did not fail.

    At most MaximumConcurrency invocations at once, and at most `sandboxes`: a laptop is no cloud.
    """

    def __init__(
        self, mapping: DeployedMapping, pool: Pool, endpoint_url: str, *, sandboxes: int
    ) -> None:
        self._mapping = mapping
        self._pool = pool
        self._sqs = emulator_client("sqs", endpoint_url, pool.credentials)
        self._url = f"{endpoint_url}/{ACCOUNT}/{mapping.queue}"
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._turns = 0
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(sandboxes)
        ]

    @property
    def mapping_id(self) -> str:
        """The mapping that this is about."""
        return self._mapping.mapping_id

    @property
    def at_rest(self) -> bool:
        """Whether the mapping is disabled and the last turn has ended: nothing more is taken."""
        with self._lock:
            return not self._mapping.enabled and self._turns == 0

    def follow(self, mapping: DeployedMapping) -> None:
        """Take what the mapping says now: its enabled flag, batch size and concurrency."""
        with self._lock:
            self._mapping = mapping

    def start(self) -> None:
        """Check the queue as Lambda does before it polls, and begin."""
        self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["All"])
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after what is in hand."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the threads to end."""
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=2)

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            with self._lock:
                mapping = self._mapping
                takes = mapping.enabled and number < mapping.concurrency
                self._turns += takes
            if not takes:
                self._stop.wait(0.1)
                continue
            try:
                self._turn(mapping)
            except Exception as error:  # noqa: BLE001 - a poller never ends by an error
                # An emulator that is stopping, or a role that may not: both are seen elsewhere.
                logger.debug("polling %s: %s", mapping.queue, error)
                self._stop.wait(0.5)
            finally:
                with self._lock:
                    self._turns -= 1

    def _turn(self, mapping: DeployedMapping) -> None:
        gathered = self._gather(mapping)
        failed_groups: set[str] = set()
        for part in payloads(gathered):
            # What follows a failure in its group waits behind it, for the visibility time-out.
            going = [pair for pair in part if _group(pair[0]) not in failed_groups]
            if going:
                failed_groups |= self._invoke(going)

    def _gather(self, mapping: DeployedMapping) -> Sequence[tuple[Message, Message]]:
        """A batch: what is there, or with a window what comes until it, size or payload is full."""
        gathered: list[tuple[Message, Message]] = []
        size, ends = 0, 0.0
        while not self._stop.is_set():
            messages = self._receive(min(RECEIVED_AT_ONCE, mapping.batch_size - len(gathered)))
            pairs = [(message, self._record(message)) for message in messages]
            if pairs and not gathered:
                ends = time.monotonic() + mapping.window
            gathered.extend(pairs)
            size += sum(payload_size(pair) for pair in pairs)
            is_full = len(gathered) >= mapping.batch_size or size >= LARGEST_PAYLOAD
            if not gathered or is_full or time.monotonic() >= ends:
                break
        return gathered

    def _receive(self, count: int) -> Sequence[Message]:
        received: Sequence[Message] = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["All"],
        ).get("Messages", [])
        return received

    def _invoke(self, batch: Sequence[tuple[Message, Message]]) -> set[str]:
        """Invoke with one batch, delete what was done, and answer the groups that failed."""
        messages = [message for message, _ in batch]
        groups = {_group(message) for message in messages}
        try:
            answer = self._pool.invoke({"Records": [record for _, record in batch]})
        except InvocationFailed as error:
            # Everything comes back after the queue's visibility time-out.
            logger.debug("invoking %s: %s", self._mapping.function, error)
            return groups
        failed = failed_ids(answer, {message["MessageId"] for message in messages})
        if failed is None:
            return groups
        self._delete([m for m in messages if m["MessageId"] not in failed])
        return {_group(message) for message in messages if message["MessageId"] in failed}

    def _record(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self._mapping.queue}",
            "awsRegion": REGION,
        }

    def _delete(self, messages: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(messages), RECEIVED_AT_ONCE):
            part = messages[start : start + RECEIVED_AT_ONCE]
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(part)
                ],
            )


def payloads(
    batch: Sequence[tuple[Message, Message]],
) -> Iterator[Sequence[tuple[Message, Message]]]:
    """The batch in parts that Lambda takes: messages and their records, at most 6 MB each."""
    part: list[tuple[Message, Message]] = []
    size = 0
    for pair in batch:
        more = payload_size(pair)
        if part and size + more > LARGEST_PAYLOAD:
            yield part
            part, size = [], 0
        part.append(pair)
        size += more
    if part:
        yield part


def payload_size(pair: tuple[Message, Message]) -> int:
    """What a record adds to an invocation's payload, in bytes."""
    return len(json.dumps(pair[1])) + 16


def _group(message: Message) -> str:
    """A standard queue's messages wait for nobody."""
    return str(message["Attributes"].get("MessageGroupId", message["MessageId"]))


def failed_ids(answer: Any, known: set[str]) -> set[str] | None:
    """The ids that a partial-batch answer reports; None: it is malformed, so that all failed.

    A null or empty answer is a complete success; an empty or unknown id is a complete failure.
    """
    if not answer:
        return set()
    try:
        ids = {failure["itemIdentifier"] for failure in answer["batchItemFailures"] or []}
    except (TypeError, KeyError):
        return None
    return ids if ids <= known else None
