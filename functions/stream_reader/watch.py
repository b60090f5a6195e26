"""When a session that is still open has to be ended, and what is to be told of one that is not."""

from dataclasses import dataclass
from enum import StrEnum

from switchboard.sources.stream_document import StreamDocument

LONGEST_DEBT = 50 * 60.0
"""A consumer's session forgets after an hour which batch an unacknowledged message belongs to."""


class End(StrEnum):
    """Why a session ended."""

    CLOSED = "closed"
    SILENT = "silent"
    MUTED = "muted"
    AGED = "aged"
    INDEBTED = "indebted"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, of the source's document. `debt` is None where answers are flow control only."""

    silence: float
    age: float
    debt: float | None

    @classmethod
    def of(cls, document: StreamDocument) -> "Limits":
        """What the document says."""
        debt = LONGEST_DEBT if document.mode == "consumer" else None
        return cls(document.silence_seconds, document.connection_age_seconds, debt)


def must_end(
    limits: Limits, *, opened: float, heard: float, oldest_debt: float | None, now: float
) -> End | None:
    """Why an open session must end now, if it must. Times are of one clock, in seconds.

    An old session is ended only while nothing is owed, so that nothing comes twice for it; twice
    its age it is ended in any case.
    """
    if now - heard > limits.silence:
        return End.SILENT
    age = now - opened
    if age > limits.age and (oldest_debt is None or age > 2 * limits.age):
        return End.AGED
    if limits.debt is not None and oldest_debt is not None and now - oldest_debt > limits.debt:
        return End.INDEBTED
    return None
