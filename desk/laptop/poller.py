"""Lambda's pollers for one event source mapping, under the function's own role.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from desk.laptop.client import REGION, emulator_client
from desk.laptop.deployment import ACCOUNT, DeployedMapping
from desk.laptop.pool import MOST_SANDBOXES, Pool
from desk.laptop.sandbox import InvocationFailed

LARGEST_PAYLOAD = 6 * 1024 * 1024
WAIT_SECONDS = 1

logger = logging.getLogger(__name__)


class Poller:
    """Receives, invokes, deletes what did not fail. At most MaximumConcurrency at once."""

    def __init__(self, mapping: DeployedMapping, pool: Pool, endpoint_url: str) -> None:
        self._mapping = mapping
        self._pool = pool
        self._sqs = emulator_client("sqs", endpoint_url, pool.credentials)
        self._url = f"{endpoint_url}/{ACCOUNT}/{mapping.queue}"
        self.enabled = True
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, daemon=True)
            for _ in range(min(mapping.concurrency, MOST_SANDBOXES))
        ]

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

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - a poller never ends by an error
                # An emulator that is stopping, or a role that may not: both are seen elsewhere.
                logger.debug("polling %s: %s", self._mapping.queue, error)
                self._stop.wait(0.5)

    def _turn(self) -> None:
        if not self.enabled:
            self._stop.wait(0.2)
            return
        messages = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._mapping.batch_size,
            WaitTimeSeconds=WAIT_SECONDS,
            AttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return
        try:
            answer = self._pool.invoke(self._event(messages))
        except InvocationFailed as error:
            # Everything comes back after the queue's visibility time-out.
            logger.debug("invoking %s: %s", self._mapping.function, error)
            return
        failed = failed_ids(answer, {message["MessageId"] for message in messages})
        if failed is not None:
            self._delete([m for m in messages if m["MessageId"] not in failed])

    def _event(self, messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        event = {"Records": [self._record(message) for message in messages]}
        if len(json.dumps(event)) > LARGEST_PAYLOAD:
            raise InvocationFailed("the batch is larger than 6 MB")
        return event

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
        if messages:
            self._sqs.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )


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
