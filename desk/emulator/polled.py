"""What every queue of SQS does alike, FIFO or not: long polling, receipts and visibility.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

import hashlib
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from desk.emulator.limits import BATCH_ENTRIES, SqsError

LONGEST_VISIBILITY = 43_200
LONGEST_WAIT = 20.0


@dataclass(slots=True)
class Held:
    """A message in a queue; times are the queue's clock, in seconds."""

    message_id: str
    body: str
    sent_at: float
    visible_at: float = field(default=0.0, kw_only=True)
    receives: int = field(default=0, kw_only=True)
    first_receive: float = field(default=0.0, kw_only=True)
    received_at: float = field(default=0.0, kw_only=True)
    receipt: str = field(default="", kw_only=True)


class PolledQueue(ABC):
    """A queue of which what is received is hidden for a while."""

    def __init__(self, name: str, *, clock: Callable[[], float], visibility: int = 30) -> None:
        self.name = name
        self.visibility = visibility
        self.max_receives: int | None = None
        self.moved = 0
        self._clock = clock
        self._changed = threading.Condition()

    def receive(
        self, count: int, wait: float, visibility: int | None = None
    ) -> list[dict[str, Any]]:
        """Up to `count` messages; waits for the first one at most `wait` seconds."""
        ends = time.monotonic() + min(wait, LONGEST_WAIT)
        with self._changed:
            while True:
                received = self._receive(min(count, BATCH_ENTRIES), visibility)
                left = ends - time.monotonic()
                if received or left <= 0:
                    return received
                self._changed.wait(min(left, self._pause()))

    @abstractmethod
    def _receive(self, count: int, visibility: int | None) -> list[dict[str, Any]]:
        """What there is now."""

    @abstractmethod
    def _pause(self) -> float:
        """Seconds after which a receive that waits looks again."""

    def look_again(self) -> None:
        """Let waiting receives look: the clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def _hide(self, held: Held, now: float, visibility: int | None) -> dict[str, Any]:
        """Give a message away under a new receipt: what SQS answers of it."""
        held.receives += 1
        held.first_receive = held.first_receive or now
        held.received_at = now
        held.visible_at = now + (self.visibility if visibility is None else visibility)
        held.receipt = uuid.uuid4().hex
        return {
            "MessageId": held.message_id,
            "ReceiptHandle": held.receipt,
            "MD5OfBody": md5(held.body),
            "Body": held.body,
            "Attributes": {
                "ApproximateReceiveCount": str(held.receives),
                "SentTimestamp": str(int(held.sent_at * 1000)),
                "SenderId": "AIDA",
                "ApproximateFirstReceiveTimestamp": str(int(held.first_receive * 1000)),
            },
        }


def check_visibility(seconds: int) -> None:
    """Raise where SQS takes no such visibility."""
    if not 0 <= seconds <= LONGEST_VISIBILITY:
        raise SqsError("InvalidParameterValue", "VisibilityTimeout is 0 to 43200")


def check_of_one_receive(held: Held, until: float) -> None:
    """Raise where a message would be hidden for longer than one receive may last."""
    if until - held.received_at > LONGEST_VISIBILITY:
        raise SqsError("InvalidParameterValue", "beyond the 12 hours of a receive")


def md5(text: str) -> str:
    """What SQS answers of a body, so that clients see what was damaged on the way."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
