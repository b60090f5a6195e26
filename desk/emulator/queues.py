"""SQS's data plane, as strict as AWS about what FIFO queues promise.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues.html
"""

import heapq
import itertools
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from desk.emulator.limits import SqsError, check_message
from desk.emulator.polled import (
    Held,
    PolledQueue,
    check_of_one_receive,
    check_visibility,
    md5,
)

DEDUPLICATION_SECONDS = 300


@dataclass(slots=True)
class Message(Held):
    """A message of a FIFO queue."""

    group: str
    deduplication_id: str
    sequence: int


class Queue(PolledQueue):
    """One FIFO queue with DeduplicationScope=messageGroup.

    A group whose message is in flight gives no other message; a message that becomes visible
    again is first in its group. No step looks at more than one group's messages in flight, so
    that a deep queue is as quick as a shallow one.
    """

    def __init__(self, name: str, *, clock: Callable[[], float], visibility: int = 30) -> None:
        super().__init__(name, clock=clock, visibility=visibility)
        self.dead_letters: Queue | None = None
        self._groups: dict[str, OrderedDict[str, Message]] = {}
        self._in_flight: dict[str, dict[str, Message]] = {}
        self._turns: OrderedDict[str, None] = OrderedDict()
        self._unlocks: list[tuple[float, str]] = []
        self._receipts: dict[str, tuple[str, str]] = {}
        self._seen: OrderedDict[tuple[str, str], tuple[float, str, int]] = OrderedDict()
        self._numbers = itertools.count(10**19)

    def send(self, body: str, group: str, deduplication_id: str) -> dict[str, str]:
        """Take a message; one whose id was seen within five minutes is swallowed in silence."""
        check_message(body, group, deduplication_id)
        now = self._clock()
        with self._changed:
            self._forget_seen(now)
            seen = self._seen.get((group, deduplication_id))
            if seen is None:
                message = self._put(body, group, deduplication_id, now)
                seen = now, message.message_id, message.sequence
                self._seen[group, deduplication_id] = seen
        _, message_id, sequence = seen
        return {
            "MessageId": message_id,
            "MD5OfMessageBody": md5(body),
            "SequenceNumber": str(sequence),
        }

    def _put(self, body: str, group: str, deduplication_id: str, now: float) -> Message:
        message = Message(
            str(uuid.uuid4()), body, now, group, deduplication_id, next(self._numbers)
        )
        self._groups.setdefault(group, OrderedDict())[message.message_id] = message
        self._settle(group, now)
        return message

    def _forget_seen(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest][0] > now - DEDUPLICATION_SECONDS:
                return
            del self._seen[oldest]

    def _pause(self) -> float:
        """Until a visibility time-out may end."""
        return max(0.01, self._unlocks[0][0] - self._clock()) if self._unlocks else 20.0

    def _receive(self, count: int, visibility: int | None) -> list[dict[str, Any]]:
        now = self._clock()
        while self._unlocks and self._unlocks[0][0] <= now:
            self._settle(heapq.heappop(self._unlocks)[1], now)
        received: list[dict[str, Any]] = []
        served: list[str] = []
        while self._turns and len(received) < count:
            group, _ = self._turns.popitem(last=False)
            self._move_worn_out(group)
            waiting = list(islice(self._groups[group].values(), count - len(received)))
            received.extend(self._deliver(message, now, visibility) for message in waiting)
            served.append(group)
        for group in served:
            self._settle(group, now)
        return received

    def _settle(self, group: str, now: float) -> None:
        """Lock the group while one of its messages is in flight; else let it take its turn."""
        flying = {
            message_id: message
            for message_id, message in self._in_flight.pop(group, {}).items()
            if message.visible_at > now and message_id in self._groups.get(group, ())
        }
        if flying:
            self._in_flight[group] = flying
            self._turns.pop(group, None)
            unlock = max(message.visible_at for message in flying.values())
            heapq.heappush(self._unlocks, (unlock, group))
        elif self._groups.get(group):
            self._turns.setdefault(group)
            self._changed.notify_all()
        else:
            self._groups.pop(group, None)
            self._turns.pop(group, None)

    def _deliver(self, message: Message, now: float, visibility: int | None) -> dict[str, Any]:
        answer = self._hide(message, now, visibility)
        answer["Attributes"] |= {
            "SequenceNumber": str(message.sequence),
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
        }
        self._receipts[message.receipt] = message.group, message.message_id
        self._in_flight.setdefault(message.group, {})[message.message_id] = message
        return answer

    def _move_worn_out(self, group: str) -> None:
        """What SQS itself moves: the receive count starts anew, no id of it is swallowed."""
        if self.max_receives is None:
            return
        for message in list(self._groups[group].values()):
            if message.receives < self.max_receives:
                return
            del self._groups[group][message.message_id]
            self.moved += 1
            if self.dead_letters is not None:
                self.dead_letters.take_over(message)

    def take_over(self, message: Message) -> None:
        """Take a message that another queue gave up."""
        with self._changed:
            self._put(message.body, message.group, message.deduplication_id, self._clock())

    def delete(self, receipt: str) -> None:
        """Delete a message in flight; deleting twice is no error, a run-out receipt is."""
        with self._changed:
            message, now = self._received(receipt), self._clock()
            if message is None:
                return
            if message.receipt != receipt or message.visible_at <= now:
                raise SqsError("ReceiptHandleIsInvalid", "the receipt handle has expired")
            del self._groups[message.group][message.message_id]
            self._settle(message.group, now)

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Set the visibility of a message in flight, at most 12 h after it was received."""
        check_visibility(seconds)
        with self._changed:
            message, now = self._received(receipt), self._clock()
            if message is None or message.receipt != receipt or message.visible_at <= now:
                raise SqsError("MessageNotInflight", "the message is not in flight")
            check_of_one_receive(message, now + seconds)
            message.visible_at = now + seconds
            self._settle(message.group, now)

    def _received(self, receipt: str) -> Message | None:
        """The message of a receipt; None: it was deleted."""
        if receipt not in self._receipts:
            raise SqsError("ReceiptHandleIsInvalid", "the receipt handle is not valid")
        group, message_id = self._receipts[receipt]
        return self._groups.get(group, OrderedDict()).get(message_id)

    def purge(self) -> None:
        """Delete every message."""
        with self._changed:
            for group in list(self._groups):
                self._groups[group].clear()
                self._settle(group, self._clock())

    def __len__(self) -> int:
        with self._changed:
            return sum(len(messages) for messages in self._groups.values())

    def counts(self) -> dict[str, str]:
        """The approximate numbers, which are exact here."""
        now = self._clock()
        with self._changed:
            in_flight = sum(
                message.visible_at > now and message_id in self._groups[group]
                for group, flying in self._in_flight.items()
                for message_id, message in flying.items()
            )
            every = sum(len(messages) for messages in self._groups.values())
        return {
            "ApproximateNumberOfMessages": str(every - in_flight),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": "0",
        }
