"""Queues: messages that are theirs are deleted, the others given back where they were.

In a FIFO queue a group is locked while one of its messages is held here. What follows the tenth of
a group is seen only once those before it are gone, and those of others' stay: so it is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from desk.forgetting.theirs import Theirs
from switchboard.aws.queues import count_messages
from switchboard.queue import BATCH_ENTRIES

HOLD_SECONDS = 300
MOST_HELD = 10_000
WAIT_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many messages were seen and deleted, and how many nobody could look into."""

    looked_at: int
    deleted: int
    unseen: int


def waiting(sqs: Any, url: str) -> int:
    """How many messages a queue has."""
    return count_messages(url, "counting the messages of a queue", sqs=sqs)


def forget_messages(sqs: Any, url: str, theirs: Theirs, looked: Callable[[], None]) -> Emptied:
    """Delete what is theirs in a queue."""
    held: list[str] = []
    deleted = 0
    try:
        while len(held) < MOST_HELD and (messages := _received(sqs, url)):
            gone: list[str] = []
            for message in messages:
                looked()
                group = message.get("Attributes", {}).get("MessageGroupId", "")
                theirs_it_is = theirs.has_message(message["Body"], group)
                (gone if theirs_it_is else held).append(message["ReceiptHandle"])
            deleted += _deleted(sqs, url, gone)
        unseen = max(0, waiting(sqs, url) - len(held))
    finally:
        _given_back(sqs, url, held)
    return Emptied(len(held) + deleted, deleted, unseen)


def _received(sqs: Any, url: str) -> list[Any]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH_ENTRIES,
        WaitTimeSeconds=WAIT_SECONDS,
        VisibilityTimeout=HOLD_SECONDS,
        AttributeNames=["MessageGroupId"],
    )
    return list(answer.get("Messages", []))


def _deleted(sqs: Any, url: str, receipts: list[str]) -> int:
    if not receipts:
        return 0
    entries = [{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(receipts)]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return len(receipts) - len(answer.get("Failed", []))


def _given_back(sqs: Any, url: str, receipts: list[str]) -> None:
    for start in range(0, len(receipts), BATCH_ENTRIES):
        entries = [
            {"Id": str(n), "ReceiptHandle": one, "VisibilityTimeout": 0}
            for n, one in enumerate(receipts[start : start + BATCH_ENTRIES])
        ]
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
