"""Dead letters: a delivery that stopped, with its payload, its reason and what to do about it.

The ledger's entry is written first; what is sent here is the copy that the queue keeps. Sending
it twice is harmless: its deduplication id is the delivery's generation and attempt.
"""

import json
from datetime import UTC, datetime
from typing import Protocol

from switchboard.envelope import Envelope, encode
from switchboard.errors import ReasonClass, Unavailable
from switchboard.event import digest, queue_safe, utc_text
from switchboard.ledger import Entry
from switchboard.queue import Outbox, Outgoing
from switchboard.retry import advice

VERSION = 1
RETRY_SECONDS = 30.0


class DeadLetterReader(Protocol):
    """The dead letters of the ledger, for whoever tells of them."""

    def newest(self, destination: str) -> Entry | None:
        """The delivery to `destination` that stopped last; a moment may pass until it is known.

        Raises:
            Unavailable, ConfigurationError: the ledger cannot be read.
        """
        ...


def dead_letter(entry: Entry, envelope: Envelope | str) -> Outgoing:
    """The dead-letter queue's message: the envelope (or an unreadable body), and the reason."""
    reason_class = entry.reason_class or ReasonClass.BUG
    reason = {
        "class": reason_class,
        "message": entry.reason,
        "advice": advice(reason_class),
        "answer": entry.answer,
        "attempts": entry.attempt,
        "destination": entry.destination,
        "at": utc_text(datetime.fromtimestamp(entry.updated_at, UTC)),
    }
    content = (
        {"unreadable": envelope}
        if isinstance(envelope, str)
        else {"envelope": json.loads(encode(envelope))}
    )
    return Outgoing(
        body=json.dumps({"v": VERSION, **content, "reason": reason}),
        group=queue_safe(entry.group),
        deduplication_id=digest(
            entry.event_id, entry.destination, str(entry.generation), str(entry.attempt)
        ),
    )


def bury(dead_letters: Outbox, entry: Entry, envelope: Envelope | str) -> float | None:
    """Send the dead letter: None when its queue took it, else the seconds until the next try."""
    try:
        refused = dead_letters.send([dead_letter(entry, envelope)])[0]
    except Unavailable:
        return RETRY_SECONDS
    return None if refused is None else RETRY_SECONDS
