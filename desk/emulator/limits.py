"""What SQS refuses of a message or of a batch, before any queue sees it.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST_MESSAGE = 1024 * 1024
LARGEST_BATCH = 1024 * 1024
BATCH_ENTRIES = 10

_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
_BODY = re.compile("[\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


class SqsError(Exception):
    """An answer of SQS's that is an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_batch(entries: Sequence[Mapping[str, Any]]) -> None:
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
    size = sum(_size(str(entry.get("MessageBody", ""))) for entry in entries)
    if size > LARGEST_BATCH:
        raise SqsError("BatchRequestTooLong", f"the batch has {size} bytes")


def check_message(body: str, group: str, deduplication_id: str) -> None:
    """What SQS refuses of a message for a FIFO queue."""
    if not group or not deduplication_id:
        raise SqsError("MissingParameter", "a FIFO queue needs MessageGroupId and a dedup id")
    if not _ID.fullmatch(group) or not _ID.fullmatch(deduplication_id):
        raise SqsError("InvalidParameterValue", "an id is 1 to 128 alphanumerics and punctuation")
    check_body(body)


def check_body(body: str) -> None:
    """What SQS refuses of a message's body."""
    if not body:
        raise SqsError("MissingParameter", "the body is empty")
    if _size(body) > LARGEST_MESSAGE:
        raise SqsError("InvalidParameterValue", "the message must be shorter than 1048576 bytes")
    if not _BODY.fullmatch(body):
        raise SqsError("InvalidMessageContents", "the body has characters that are not allowed")


def _size(text: str) -> int:
    """In bytes; a lone surrogate is refused by another rule."""
    return len(text.encode("utf-8", "surrogatepass"))
