"""The ports to SQS: what is sent, and who takes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message. Both ids are `[A-Za-z0-9._:-]{1,128}`; a standard queue is given neither.

    A FIFO queue swallows a deduplication id seen in the same group within five minutes, and says
    nothing.
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


class DestinationQueue(Outbox, Protocol):
    """A destination's queue as the router sees it."""

    def waiting(self) -> int:
        """How many messages are in it: visible, in flight or delayed, as SQS counts them.

        Raises:
            Unavailable: the queue cannot be reached.
        """
        ...


class Visibility(Protocol):
    """The queue that messages came from."""

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        """Make each (receipt handle, seconds) visible again after its seconds (0 to 43,200).

        A failure is logged, not raised: the queue's own visibility time-out then applies.
        """
        ...


BATCH_ENTRIES = 10
BATCH_BYTES = 1024 * 1024


def send_in_order(
    messages: Sequence[Outgoing],
    send_batch: Callable[[Sequence[Outgoing]], Sequence[str | None]],
) -> list[str | None]:
    """Send in batches that hold one message of a group each, in the order of every group.

    SQS may take some entries of a batch and refuse others; were two of one group among them, the
    later could be taken and the earlier not. A group whose message was refused sends no more.

    Returns:
        For each message None, or why it was not sent.
    """
    answers: list[str | None] = ["an earlier message of its group was refused"] * len(messages)
    left = list(range(len(messages)))
    while left:
        wave = _wave(messages, left)
        for index, answer in zip(wave, send_batch([messages[i] for i in wave]), strict=True):
            answers[index] = answer
        refused = {messages[i].group for i in wave if answers[i] is not None}
        sent = set(wave)
        left = [i for i in left if i not in sent and messages[i].group not in refused]
    return answers


def send_in_batches(
    messages: Sequence[Outgoing],
    send_batch: Callable[[Sequence[Outgoing]], Sequence[str | None]],
) -> list[str | None]:
    """Send in batches as full as SQS takes them, where no order is to be kept.

    Returns:
        For each message None, or why it was not sent.
    """
    answers: list[str | None] = []
    while len(answers) < len(messages):
        batch = _fitting(messages[len(answers) :])
        answers.extend(send_batch(batch))
    return answers


def _fitting(messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
    size = 0
    for count, message in enumerate(messages[:BATCH_ENTRIES]):
        size += len(message.body)
        if count and size > BATCH_BYTES:
            return messages[:count]
    return messages[:BATCH_ENTRIES]


def _wave(messages: Sequence[Outgoing], left: Sequence[int]) -> list[int]:
    """The next batch: each group's first message, as many as SQS takes at once (at least one)."""
    wave: list[int] = []
    groups: set[str] = set()
    size = 0
    for index in left:
        message = messages[index]
        if message.group in groups:
            continue
        groups.add(message.group)
        size += len(message.body)
        if wave and (len(wave) == BATCH_ENTRIES or size > BATCH_BYTES):
            break
        wave.append(index)
    return wave
