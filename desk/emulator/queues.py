"""SQS's data plane, as strict as AWS about what FIFO queues promise and refuse.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues.html
"""

import hashlib
import itertools
import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST_MESSAGE = 1024 * 1024
LARGEST_BATCH = 1024 * 1024
BATCH_ENTRIES = 10
DEDUPLICATION_SECONDS = 300
LONGEST_VISIBILITY = 43_200

_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_BODY = re.compile("[\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class SqsError(Exception):
    """An answer of SQS's that is an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Message:
    """A message in a queue; times are the queue's clock, in seconds."""

    message_id: str
    body: str
    group: str
    deduplication_id: str
    sequence: int
    sent_at: float
    visible_at: float = 0.0
    receives: int = 0
    first_receive: float = 0.0
    receipts: list[str] = field(default_factory=list)
    received_at: float = 0.0


class Queue:
    """One FIFO queue with DeduplicationScope=messageGroup.

    A group whose message is in flight gives no other message; a message that becomes visible
    again is first in its group.
    """

    def __init__(
        self,
        name: str,
        *,
        visibility: int,
        max_receives: int | None,
        dead_letters: "Queue | None",
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self._visibility = visibility
        self._max_receives = max_receives
        self._dead_letters = dead_letters
        self._clock = clock
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._receipts: dict[str, str] = {}
        self._seen: dict[tuple[str, str], tuple[float, str, int]] = {}
        self._numbers = itertools.count(10**19)
        self._changed = threading.Condition()
        self.moved = 0

    def send(self, body: str, group: str, deduplication_id: str) -> dict[str, str]:
        """Take a message; one whose id was seen within five minutes is swallowed in silence."""
        _check_message(body, group, deduplication_id)
        now = self._clock()
        with self._changed:
            seen = self._seen.get((group, deduplication_id))
            if seen is not None and seen[0] > now - DEDUPLICATION_SECONDS:
                _, message_id, sequence = seen
            else:
                message_id, sequence = str(uuid.uuid4()), next(self._numbers)
                self._seen[group, deduplication_id] = (now, message_id, sequence)
                self._messages[message_id] = Message(
                    message_id, body, group, deduplication_id, sequence, now
                )
                self._changed.notify_all()
        return {
            "MessageId": message_id,
            "MD5OfMessageBody": _md5(body),
            "SequenceNumber": str(sequence),
        }

    def receive(
        self, count: int, wait: float, visibility: int | None = None
    ) -> list[dict[str, Any]]:
        """Up to `count` messages; waits for the first one at most `wait` seconds."""
        with self._changed:
            received = self._receive(count, visibility)
            if not received and wait > 0:
                self._changed.wait(min(wait, 20.0))
                received = self._receive(count, visibility)
            return received

    def _receive(self, count: int, visibility: int | None) -> list[dict[str, Any]]:
        now = self._clock()
        in_flight = {m.group for m in self._messages.values() if m.visible_at > now}
        received: list[dict[str, Any]] = []
        for message in list(self._messages.values()):
            if len(received) == min(count, 10):
                break
            if message.group in in_flight:
                continue
            if self._max_receives is not None and message.receives >= self._max_receives:
                self._move(message)
                continue
            received.append(self._deliver(message, now, visibility))
        return received

    def _deliver(self, message: Message, now: float, visibility: int | None) -> dict[str, Any]:
        message.receives += 1
        message.first_receive = message.first_receive or now
        message.received_at = now
        message.visible_at = now + (self._visibility if visibility is None else visibility)
        receipt = uuid.uuid4().hex
        message.receipts.append(receipt)
        self._receipts[receipt] = message.message_id
        return {
            "MessageId": message.message_id,
            "ReceiptHandle": receipt,
            "MD5OfBody": _md5(message.body),
            "Body": message.body,
            "Attributes": {
                "ApproximateReceiveCount": str(message.receives),
                "SentTimestamp": str(int(message.sent_at * 1000)),
                "SequenceNumber": str(message.sequence),
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.deduplication_id,
                "SenderId": "AIDA",
                "ApproximateFirstReceiveTimestamp": str(int(message.first_receive * 1000)),
            },
        }

    def _move(self, message: Message) -> None:
        """What SQS itself moves: the receive count starts anew, the order of the group stays."""
        self._forget(message.message_id)
        self.moved += 1
        if self._dead_letters is not None:
            self._dead_letters.send(message.body, message.group, message.deduplication_id)

    def delete(self, receipt: str) -> None:
        """Delete by any receipt handle; deleting twice is no error."""
        with self._changed:
            message_id = self._receipts.get(receipt)
            if message_id is None:
                raise SqsError("ReceiptHandleIsInvalid", "the receipt handle is not valid")
            self._forget(message_id)
            self._changed.notify_all()

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Set the visibility of a message in flight, at most 12 h after it was received."""
        if not 0 <= seconds <= LONGEST_VISIBILITY:
            raise SqsError("InvalidParameterValue", "VisibilityTimeout is 0 to 43200")
        with self._changed:
            message = self._messages.get(self._receipts.get(receipt, ""))
            now = self._clock()
            if message is None or message.visible_at <= now:
                raise SqsError("MessageNotInflight", "the message is not in flight")
            if now + seconds - message.received_at > LONGEST_VISIBILITY:
                raise SqsError("InvalidParameterValue", "beyond the 12 hours of a receive")
            message.visible_at = now + seconds
            if seconds == 0:
                self._changed.notify_all()

    def _forget(self, message_id: str) -> None:
        """Its receipts stay known: deleting a message twice is no error."""
        self._messages.pop(message_id, None)

    def counts(self) -> dict[str, str]:
        """The approximate numbers, which are exact here."""
        now = self._clock()
        with self._changed:
            in_flight = sum(message.visible_at > now for message in self._messages.values())
            return {
                "ApproximateNumberOfMessages": str(len(self._messages) - in_flight),
                "ApproximateNumberOfMessagesNotVisible": str(in_flight),
                "ApproximateNumberOfMessagesDelayed": "0",
            }


def check_batch(entries: list[Mapping[str, Any]]) -> None:
    """What SQS refuses of a whole batch."""
    if not entries:
        raise SqsError("EmptyBatchRequest", "there are no entries")
    if len(entries) > BATCH_ENTRIES:
        raise SqsError("TooManyEntriesInBatchRequest", f"there are {len(entries)} entries")
    ids = [str(entry["Id"]) for entry in entries]
    if len(set(ids)) < len(ids):
        raise SqsError("BatchEntryIdsNotDistinct", "ids repeat")
    if not all(_ENTRY_ID.fullmatch(one) for one in ids):
        raise SqsError("InvalidBatchEntryId", "an id has other characters")
    size = sum(len(str(entry.get("MessageBody", "")).encode()) for entry in entries)
    if size > LARGEST_BATCH:
        raise SqsError("BatchRequestTooLong", f"the batch has {size} bytes")


def _check_message(body: str, group: str, deduplication_id: str) -> None:
    if not group or not deduplication_id:
        raise SqsError("MissingParameter", "a FIFO queue needs MessageGroupId and a dedup id")
    if not _ID.fullmatch(group) or not _ID.fullmatch(deduplication_id):
        raise SqsError("InvalidParameterValue", "an id is 1 to 128 alphanumerics and punctuation")
    if not body:
        raise SqsError("MissingParameter", "the body is empty")
    if len(body.encode("utf-8", "surrogatepass")) > LARGEST_MESSAGE:
        raise SqsError("InvalidParameterValue", "the message must be shorter than 1048576 bytes")
    if not _BODY.fullmatch(body):
        raise SqsError("InvalidMessageContents", "the body has characters that are not allowed")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
