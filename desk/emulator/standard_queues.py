"""Standard queues, as unkind as AWS allows them to be: at least once, and in any order.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
"""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from desk.emulator.limits import BATCH_ENTRIES, SqsError, check_body
from desk.emulator.queues import LONGEST_VISIBILITY, md5

TWICE = 0.05
"""How many of the messages are delivered twice: a copy that knows nothing of the other."""

LARGEST_FLIGHT = 120_000


@dataclass(slots=True)
class Copy:
    """A message, or its copy; times are the queue's clock, in seconds."""

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    first_receive: float = 0.0
    received_at: float = 0.0
    receipt: str = ""


class StandardQueue:
    """One standard queue. Its order and its copies follow from its name, as from a seed."""

    def __init__(self, name: str, *, clock: Callable[[], float], visibility: int = 30) -> None:
        self.name = name
        self.visibility = visibility
        self.max_receives: int | None = None
        self.dead_letters: StandardQueue | None = None
        self.moved = 0
        self._clock = clock
        self._random = random.Random(name)  # noqa: S311 - a simulation is no secret
        self._visible: list[Copy] = []
        self._hidden: dict[str, Copy] = {}
        self._ended: set[str] = set()
        self._changed = threading.Condition()

    def send(self, body: str, delay: float = 0.0) -> dict[str, str]:
        """Take a message; now and then it is kept twice."""
        check_body(body)
        now = self._clock()
        message = Copy(str(uuid.uuid4()), body, now, now + delay)
        with self._changed:
            copies = 2 if self._random.random() < TWICE else 1
            self._visible.extend(replace(message) for _ in range(copies))
            self._changed.notify_all()
        return {"MessageId": message.message_id, "MD5OfMessageBody": md5(body)}

    def receive(
        self, count: int, wait: float, visibility: int | None = None
    ) -> list[dict[str, Any]]:
        """Up to `count` messages; waits for the first one at most `wait` seconds."""
        ends = time.monotonic() + min(wait, 20.0)
        with self._changed:
            while True:
                received = self._receive(min(count, BATCH_ENTRIES), visibility)
                left = ends - time.monotonic()
                if received or left <= 0:
                    return received
                self._changed.wait(min(left, 0.2))

    def _receive(self, count: int, visibility: int | None) -> list[dict[str, Any]]:
        now = self._clock()
        self._show(now)
        if len(self._hidden) + count > LARGEST_FLIGHT:
            raise SqsError("OverLimit", "more than 120,000 messages are in flight")
        received: list[dict[str, Any]] = []
        later: list[Copy] = []
        while self._visible and len(received) < count:
            copy = self._any()
            if copy.visible_at > now:
                later.append(copy)
            elif not self._is_worn_out(copy):
                received.append(self._deliver(copy, now, visibility))
        self._visible.extend(later)
        return received

    def _any(self) -> Copy:
        """Any of them: the last one takes the place of the one that goes."""
        index = self._random.randrange(len(self._visible))
        self._visible[index], self._visible[-1] = self._visible[-1], self._visible[index]
        return self._visible.pop()

    def _show(self, now: float) -> None:
        """What was hidden for long enough is visible again."""
        for receipt in [r for r, copy in self._hidden.items() if copy.visible_at <= now]:
            self._visible.append(self._hidden.pop(receipt))
            self._ended.add(receipt)

    def _is_worn_out(self, copy: Copy) -> bool:
        if self.max_receives is None or copy.receives < self.max_receives:
            return False
        self.moved += 1
        if self.dead_letters is not None:
            self.dead_letters.take_over(copy)
        return True

    def take_over(self, copy: Copy) -> None:
        """Take a message that another queue gave up: its receive count starts anew."""
        with self._changed:
            self._visible.append(replace(copy, receives=0, receipt="", visible_at=0.0))

    def _deliver(self, copy: Copy, now: float, visibility: int | None) -> dict[str, Any]:
        copy.receives += 1
        copy.first_receive = copy.first_receive or now
        copy.received_at = now
        copy.visible_at = now + (self.visibility if visibility is None else visibility)
        copy.receipt = uuid.uuid4().hex
        self._hidden[copy.receipt] = copy
        return {
            "MessageId": copy.message_id,
            "ReceiptHandle": copy.receipt,
            "MD5OfBody": md5(copy.body),
            "Body": copy.body,
            "Attributes": {
                "ApproximateReceiveCount": str(copy.receives),
                "SentTimestamp": str(int(copy.sent_at * 1000)),
                "SenderId": "AIDA",
                "ApproximateFirstReceiveTimestamp": str(int(copy.first_receive * 1000)),
            },
        }

    def delete(self, receipt: str) -> None:
        """Delete a message; with an older receipt SQS says nothing and it may stay."""
        with self._changed:
            if self._hidden.pop(receipt, None) is not None:
                self._ended.add(receipt)
            elif receipt not in self._ended:
                raise SqsError("ReceiptHandleIsInvalid", "the receipt handle is not valid")

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Set the visibility of a message in flight, at most 12 h after it was received."""
        if not 0 <= seconds <= LONGEST_VISIBILITY:
            raise SqsError("InvalidParameterValue", "VisibilityTimeout is 0 to 43200")
        with self._changed:
            now = self._clock()
            self._show(now)
            copy = self._hidden.get(receipt)
            if copy is None:
                raise SqsError("MessageNotInflight", "the message is not in flight")
            if now + seconds - copy.received_at > LONGEST_VISIBILITY:
                raise SqsError("InvalidParameterValue", "beyond the 12 hours of a receive")
            copy.visible_at = now + seconds
            self._changed.notify_all()

    def purge(self) -> None:
        """Delete every message."""
        with self._changed:
            self._visible.clear()
            self._ended.update(self._hidden)
            self._hidden.clear()

    def look_again(self) -> None:
        """Let waiting receives look: the clock was moved."""
        with self._changed:
            self._changed.notify_all()

    def counts(self) -> dict[str, str]:
        """The approximate numbers, in which copies count."""
        with self._changed:
            now = self._clock()
            self._show(now)
            delayed = sum(copy.visible_at > now for copy in self._visible)
            return {
                "ApproximateNumberOfMessages": str(len(self._visible) - delayed),
                "ApproximateNumberOfMessagesNotVisible": str(len(self._hidden)),
                "ApproximateNumberOfMessagesDelayed": str(delayed),
            }
