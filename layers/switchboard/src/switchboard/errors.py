"""The one tree of errors; its class decides what becomes of an event.

    SwitchboardError
    ├── ConfigurationError   ours to fix: the destination waits, nothing is dead-lettered
    │   └── CredentialsRefused   by the destination: an alarm of its own
    ├── EventError           the event's fault: refused at the edge, or dead-lettered at once
    └── DeliveryError        a destination's answer
        ├── Rejected         final: dead-lettered at once
        ├── Unavailable      passing: backed off with full jitter
        │   ├── OutcomeUnknown   nobody can say whether it was stored: `repeat` decides first
        │   └── OurOwn           a store of ours is away: it says nothing of the destination
        └── RateLimited      passing, and it says for how long

Anything else that is raised is a bug: five attempts, then a dead letter.
Messages are for operators: they say what to do and never hold a secret or a payload.
"""

from enum import StrEnum


class ReasonClass(StrEnum):
    """Why a delivery failed, as the ledger, the metrics and the console name it."""

    CONFIGURATION = "configuration"
    EVENT = "event"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    RATE_LIMITED = "rate_limited"
    BUG = "bug"


class SwitchboardError(Exception):
    """What every error of Switchboard's own is. `reason` is its class in the table of retry.py."""

    reason = ReasonClass.BUG


class ConfigurationError(SwitchboardError):
    """Refused credentials, a missing or broken document, a missing secret."""

    reason = ReasonClass.CONFIGURATION


class CredentialsRefused(ConfigurationError):
    """A destination knows the credentials no more, or does not allow them what is asked."""


class EventError(SwitchboardError):
    """This one event cannot be taken: signature, shape, or its mapping."""

    reason = ReasonClass.EVENT


class DeliveryError(SwitchboardError):
    """A destination did not take the delivery.

    Args:
        message: the sentence for the operator.
        answer: what the vendor said, already redacted and short; kept in the ledger.
    """

    def __init__(self, message: str, *, answer: str = "") -> None:
        super().__init__(message)
        self.answer = answer


class Rejected(DeliveryError):
    """The vendor's final no."""

    reason = ReasonClass.REJECTED


class Unavailable(DeliveryError):
    """A clean failure of the vendor's: it certainly stored nothing."""

    reason = ReasonClass.UNAVAILABLE


class OutcomeUnknown(Unavailable):
    """The request was written and no usable answer came: it may or may not be stored."""

    reason = ReasonClass.UNKNOWN


class OurOwn(Unavailable):
    """A store of ours failed amid an attempt, before the vendor was called."""


class RateLimited(DeliveryError):
    """Too many requests; `retry_after` is in seconds, as the vendor gave it (None: it did not)."""

    reason = ReasonClass.RATE_LIMITED

    def __init__(self, message: str, *, retry_after: float | None, answer: str = "") -> None:
        super().__init__(message, answer=answer)
        self.retry_after = retry_after
