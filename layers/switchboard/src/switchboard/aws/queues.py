"""SQS: sending, in order where the queue keeps it, and giving messages back."""

from collections.abc import Mapping, Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.errors import SwitchboardError, Unavailable
from switchboard.queue import BATCH_ENTRIES, Outgoing, send_in_batches, send_in_order
from switchboard.telemetry import Telemetry

FIFO = ".fifo"
"""What SQS wants the name of every FIFO queue to end in, and of no other."""

_COUNTS: Any = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def count_messages(url: str, doing: str, *, sqs: Any = None) -> int:
    """How many messages are in a queue: visible, in flight and delayed.

    Without `sqs`, by the sandbox's own client.

    SQS counts approximately: it may not know yet of what was sent in the last minute.
    """
    with translated(doing):
        answer = (sqs or client("sqs")).get_queue_attributes(
            QueueUrl=url, AttributeNames=list(_COUNTS)
        )
    return sum(int(answer["Attributes"][name]) for name in _COUNTS)


class SqsOutbox:
    """A queue to send to, FIFO or standard, as its name says; see DestinationQueue.

    Without `sqs` it is sent to by the sandbox's own client.
    """

    def __init__(self, url: str, *, sqs: Any = None) -> None:
        self._url = url
        self._is_fifo = url.endswith(FIFO)
        self._sqs = sqs

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """See Outbox."""
        accepted = False

        def send_batch(batch: Sequence[Outgoing]) -> Sequence[str | None]:
            nonlocal accepted
            try:
                answers = self._send_batch(batch)
            except Unavailable as error:
                if not accepted:
                    raise
                return [str(error)] * len(batch)
            accepted = True
            return answers

        send = send_in_order if self._is_fifo else send_in_batches
        return send(messages, send_batch)

    def waiting(self) -> int:
        """See DestinationQueue."""
        return count_messages(self._url, "counting what waits for a destination")

    def _send_batch(self, batch: Sequence[Outgoing]) -> Sequence[str | None]:
        entries: list[Any] = [
            {"Id": str(index), "MessageBody": message.body, **self._ids(message)}
            for index, message in enumerate(batch)
        ]
        with translated("sending to SQS"):
            sqs = self._sqs or client("sqs")
            answer = sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        refused = {
            int(entry["Id"]): f"SQS refused it: {entry.get('Code', 'no code')}"
            for entry in answer.get("Failed", [])
        }
        return [refused.get(index) for index in range(len(batch))]

    def _ids(self, message: Outgoing) -> Mapping[str, str]:
        """A standard queue refuses a deduplication id, and with a group it would be fair."""
        if not self._is_fifo:
            return {}
        return {
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        }


class SqsVisibility:
    """The queue that a batch came from. `url` belongs to the mapping that delivered the batch."""

    def __init__(self, url: str, telemetry: Telemetry) -> None:
        self._url = url
        self._telemetry = telemetry

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        """See Visibility."""
        for start in range(0, len(receipts), BATCH_ENTRIES):
            entries: list[Any] = [
                {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for index, (handle, seconds) in enumerate(receipts[start : start + BATCH_ENTRIES])
            ]
            try:
                with translated("giving messages back to SQS"):
                    answer = client("sqs").change_message_visibility_batch(
                        QueueUrl=self._url, Entries=entries
                    )
            except SwitchboardError as error:
                self._telemetry.warn("messages keep the queue's visibility", why=str(error))
                continue
            if answer.get("Failed"):
                self._telemetry.warn(
                    "messages keep the queue's visibility", refused=len(answer["Failed"])
                )


def queue_url(arn: str, *urls: str | None) -> str:
    """The one of `urls` that names the queue of `arn`: messages go back where they came from."""
    return next(url for url in urls if url is not None and is_same_queue(arn, url))


def is_same_queue(arn: str, url: str) -> bool:
    """Whether both name the same queue, of one account and region."""
    return arn.rsplit(":", 1)[-1] == url.rsplit("/", 1)[-1]
