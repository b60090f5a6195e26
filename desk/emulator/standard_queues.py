"""Standard queues, as unkind as AWS allows them to be: at least once, and in any order.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
"""

import random
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from desk.emulator.limits import SqsError, check_body
from desk.emulator.polled import (
    Held,
    PolledQueue,
    check_of_one_receive,
    check_visibility,
    md5,
)

TWICE = 0.05
"""How many of the messages are delivered twice: a copy that knows nothing of the other."""

LARGEST_FLIGHT = 120_000


class StandardQueue(PolledQueue):
    """One standard queue. Its order and its copies follow from its name, as from a seed."""

    def __init__(self, name: str, *, clock: Callable[[], float], visibility: int = 30) -> None:
        super().__init__(name, clock=clock, visibility=visibility)
        self.dead_letters: StandardQueue | None = None
        self._random = random.Random(name)  # noqa: S311 - a simulation is no secret
        self._visible: list[Held] = []
        self._hidden: dict[str, Held] = {}
        self._ended: set[str] = set()

    def send(self, body: str, delay: float = 0.0) -> dict[str, str]:
        """Take a message; now and then it is kept twice."""
        check_body(body)
        now = self._clock()
        message = Held(str(uuid.uuid4()), body, now, visible_at=now + delay)
        with self._changed:
            copies = 2 if self._random.random() < TWICE else 1
            self._visible.extend(replace(message) for _ in range(copies))
            self._changed.notify_all()
        return {"MessageId": message.message_id, "MD5OfMessageBody": md5(body)}

    def _pause(self) -> float:
        """Nobody says when something hidden is visible again."""
        return 0.2

    def _receive(self, count: int, visibility: int | None) -> list[dict[str, Any]]:
        now = self._clock()
        self._show(now)
        if len(self._hidden) + count > LARGEST_FLIGHT:
            raise SqsError("OverLimit", "more than 120,000 messages are in flight")
        received: list[dict[str, Any]] = []
        later: list[Held] = []
        while self._visible and len(received) < count:
            copy = self._any()
            if copy.visible_at > now:
                later.append(copy)
            elif not self._is_worn_out(copy):
                received.append(self._deliver(copy, now, visibility))
        self._visible.extend(later)
        return received

    def _any(self) -> Held:
        """Any of them: the last one takes the place of the one that goes."""
        index = self._random.randrange(len(self._visible))
        self._visible[index], self._visible[-1] = self._visible[-1], self._visible[index]
        return self._visible.pop()

    def _show(self, now: float) -> None:
        """What was hidden for long enough is visible again."""
        for receipt in [r for r, copy in self._hidden.items() if copy.visible_at <= now]:
            self._visible.append(self._hidden.pop(receipt))
            self._ended.add(receipt)

    def _is_worn_out(self, copy: Held) -> bool:
        if self.max_receives is None or copy.receives < self.max_receives:
            return False
        self.moved += 1
        if self.dead_letters is not None:
            self.dead_letters.take_over(copy)
        return True

    def take_over(self, copy: Held) -> None:
        """Take a message that another queue gave up: its receive count starts anew."""
        with self._changed:
            self._visible.append(replace(copy, receives=0, receipt="", visible_at=0.0))

    def _deliver(self, copy: Held, now: float, visibility: int | None) -> dict[str, Any]:
        answer = self._hide(copy, now, visibility)
        self._hidden[copy.receipt] = copy
        return answer

    def delete(self, receipt: str) -> None:
        """Delete a message; with an older receipt SQS says nothing and it may stay."""
        with self._changed:
            if self._hidden.pop(receipt, None) is not None:
                self._ended.add(receipt)
            elif receipt not in self._ended:
                raise SqsError("ReceiptHandleIsInvalid", "the receipt handle is not valid")

    def change_visibility(self, receipt: str, seconds: int) -> None:
        """Set the visibility of a message in flight, at most 12 h after it was received."""
        check_visibility(seconds)
        with self._changed:
            now = self._clock()
            self._show(now)
            copy = self._hidden.get(receipt)
            if copy is None:
                raise SqsError("MessageNotInflight", "the message is not in flight")
            check_of_one_receive(copy, now + seconds)
            copy.visible_at = now + seconds
            self._changed.notify_all()

    def purge(self) -> None:
        """Delete every message."""
        with self._changed:
            self._visible.clear()
            self._ended.update(self._hidden)
            self._hidden.clear()

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
