"""The ports to SQS: what is sent, and who takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for a FIFO queue. Both ids are `[A-Za-z0-9._:-]{1,128}`.

    SQS swallows a deduplication id seen in the same group within five minutes, and says nothing.
    """

    body: str
    group: str
    deduplication_id: str


class Outbox(Protocol):
    """A queue to send to."""

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """Send `messages`; the answer has, for each, None (SQS took it) or why it did not.

        Never leaves two unconfirmed messages of one group under way: a later message of a group
        whose earlier one was refused is not sent, so that it cannot overtake.

        Raises:
            Unavailable: SQS took none of them.
        """
        ...


class Visibility(Protocol):
    """The queue that messages came from."""

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        """Make each (receipt handle, seconds) visible again after its seconds (0 to 43,200).

        A failure is logged, not raised: the queue's own visibility time-out then applies.
        """
        ...
