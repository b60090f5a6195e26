"""Many messages at once in one destination's queue, as a burst or a replay makes them."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from desk.demo.evidence import Sent
from desk.laptop import LaptopStack
from desk.laptop.client import ACCOUNT
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.event import Event, digest, event_id

SOURCE = "flood"
AT_ONCE = 10


class Flood:
    """Sends `events` events to `destination` as soon as it is told that so many seconds are over.

    `sent` says what is to become of them; each of its interactions keeps its order.
    """

    def __init__(self, stack: LaptopStack, destination: str, *, events: int, after: float) -> None:
        self._sqs = stack.client("sqs")
        name = f"switchboard-{stack.stage}-{destination}-normal.fifo"
        self._url = f"{stack.endpoint_url}/{ACCOUNT}/{name}"
        self._destination = destination
        self._events = events
        self._after = after
        self.sent: list[Sent] = []

    def __call__(self, seconds: float) -> bool:
        """Go on; whether everything is sent."""
        if not self.sent and seconds >= self._after:
            for first in range(0, self._events, AT_ONCE):
                self._send(range(first, min(first + AT_ONCE, self._events)))
        return bool(self.sent)

    def _send(self, numbers: Sequence[int]) -> None:
        """Send one event each of different interactions, until SQS has taken all of them."""
        left = {str(number): self._entry(number) for number in numbers}
        while left:
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=[*left.values()])
            for taken in answer.get("Successful", ()):
                del left[taken["Id"]]
        self.sent.extend(self._sent(number) for number in numbers)

    def _entry(self, number: int) -> dict[str, Any]:
        interaction, sequence = _placed(number)
        name = f"flood-{number}"
        demo = {"id": name, "interaction": interaction, "sequence": sequence}
        event = Event(
            id=event_id(SOURCE, name),
            source=SOURCE,
            type="ticket.commented",
            subject=interaction,
            time=datetime.now(UTC),
            data={"title": "Line 7 is noisy", "seconds": sequence, "demo": demo},
            sourceeventid=name,
        )
        group = f"interaction:{interaction}"
        order = DeliveryOrder(only=self._destination)
        return {
            "Id": str(number),
            "MessageBody": encode(Envelope(event=event, group=group, delivery=order)),
            "MessageGroupId": group,
            "MessageDeduplicationId": digest(event.id, self._destination),
        }

    def _sent(self, number: int) -> Sent:
        interaction, sequence = _placed(number)
        now = time.time()
        return Sent(
            source=SOURCE,
            id=f"flood-{number}",
            interaction=interaction,
            sequence=sequence,
            sent_at=now,
            taken_at=now,
            attempts=1,
            status=202,
            expect=202,
            deliver=(self._destination,),
            dead=(),
            repeat=False,
            spoil="",
        )


def _placed(number: int) -> tuple[str, int]:
    """The interaction of an event, and its number in it: a batch has no two of one."""
    round_, place = divmod(number, AT_ONCE)
    length = 5
    return f"flood-{round_ // length * AT_ONCE + place}", round_ % length
