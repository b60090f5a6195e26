"""The one table of what becomes of a failure, and the one back-off.

| reason | treatment |
| --- | --- |
| configuration | the breaker opens: wait for its probe; never dead-lettered |
| event, rejected | dead-lettered at once |
| unavailable | back-off, or the breaker's probe; dead-lettered after a day of failing alone |
| unknown | `repeat` decides; where it allows another try, back-off |
| rate limited | the time the vendor gave, at most 12 hours at once |
| bug | back-off, five attempts, then dead-lettered |

Back-off is exponential with full jitter (https://aws.amazon.com/blogs/architecture/
exponential-backoff-and-jitter/), at most 15 minutes.
"""

from collections.abc import Callable

from switchboard.errors import RateLimited, ReasonClass

LONGEST_BACK_OFF = 15 * 60.0
LONGEST_RETRY_AFTER = 12 * 60 * 60.0
CONFIGURATION_WAIT = 15 * 60.0
BUG_ATTEMPTS = 5
LAPSED_LEASES = 3
FAILING_ALONE_SECONDS = 24 * 60 * 60.0
LONGEST_IN_QUEUE_SECONDS = 12 * 24 * 60 * 60.0

Jitter = Callable[[], float]
"""A number in [0, 1), such as random.random."""

_FINAL = frozenset({ReasonClass.EVENT, ReasonClass.REJECTED})

_ADVICE = {
    ReasonClass.CONFIGURATION: "correct the document or the secret; it goes on by itself",
    ReasonClass.EVENT: "correct the mapping, then replay it: the event stays in the archive",
    ReasonClass.REJECTED: "read the vendor's answer, correct mapping or record, then replay it",
    ReasonClass.UNAVAILABLE: "look why the vendor fails on this event alone, then replay it",
    ReasonClass.UNKNOWN: "look whether the destination has it; replay it only if it has not",
    ReasonClass.RATE_LIMITED: "lower the destination's concurrency, then replay it",
    ReasonClass.BUG: "report it with the function's logs, deploy the correction, then replay it",
}


def advice(reason: ReasonClass) -> str:
    """What an operator does about a dead letter of this class."""
    return _ADVICE[reason]


def is_final(reason: ReasonClass) -> bool:
    """Whether one failure of this class ends the delivery."""
    return reason in _FINAL


def back_off(attempt: int, jitter: Jitter) -> float:
    """Seconds before the try after `attempt` (from 1)."""
    ceiling = min(LONGEST_BACK_OFF, 2.0 ** min(attempt, 20))
    return ceiling * jitter()


def wait_after(error: BaseException, reason: ReasonClass, attempt: int, jitter: Jitter) -> float:
    """Seconds until a delivery that failed with `error` is tried again."""
    if reason is ReasonClass.CONFIGURATION:
        return CONFIGURATION_WAIT
    if isinstance(error, RateLimited) and error.retry_after is not None:
        return min(LONGEST_RETRY_AFTER, max(0.0, error.retry_after))
    return back_off(attempt, jitter)
