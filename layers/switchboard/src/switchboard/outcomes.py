"""How an attempt ended: the ledger entry that follows a receipt, a failure or a bug. Pure."""

from dataclasses import dataclass, replace

from switchboard.destination import Receipt, Repeat
from switchboard.errors import (
    DeliveryError,
    OutcomeUnknown,
    ReasonClass,
    SwitchboardError,
)
from switchboard.ledger import Entry, State, outcome_unknown
from switchboard.retry import (
    BUG_ATTEMPTS,
    FAILING_ALONE_SECONDS,
    Jitter,
    back_off,
    is_final,
    wait_after,
)

_PASSING = frozenset({ReasonClass.UNAVAILABLE, ReasonClass.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an ending depends on beside the attempt itself.

    `taken_at` is when the destination last took anything, in epoch seconds: without it nothing
    can be said to fail alone. `in_doubt`: what failed was only the look for what an earlier
    attempt stored, so that the next one must look as well. `holds` are the seconds for which the
    breaker is open (0: closed), `held_seconds` those for which the destination was paused or open
    in its life.
    """

    now: float
    taken_at: float
    repeat: Repeat
    jitter: Jitter
    in_doubt: bool = False
    holds: float = 0.0
    held_seconds: float = 0.0

    @property
    def open_state(self) -> State:
        """What a delivery is while it waits for its next attempt."""
        return State.UNKNOWN if self.in_doubt else State.WAITING


def delivered(entry: Entry, receipt: Receipt, now: float) -> Entry:
    """The entry after the vendor took it."""
    return replace(
        _ended(entry, State.DELIVERED, now),
        remote_id=receipt.remote_id[:256],
        reason_class=None,
        reason="",
        answer="",
    )


def failed(entry: Entry, error: Exception, circumstances: Circumstances) -> Entry:
    """The entry after `error`: dead, or open with the moment of its next try in `until`."""
    if not isinstance(error, SwitchboardError):
        return _after_bug(entry, error, circumstances)
    now = circumstances.now
    ended = replace(
        _ended(entry, circumstances.open_state, now),
        reason_class=error.reason,
        reason=str(error),
        answer=error.answer if isinstance(error, DeliveryError) else "",
    )
    if isinstance(error, OutcomeUnknown):
        if circumstances.repeat is Repeat.AT_MOST_ONCE:
            return outcome_unknown(ended, now)
        ended = replace(ended, state=State.UNKNOWN)
    if is_final(error.reason):
        return replace(ended, state=State.DEAD)
    if _fails_alone(ended, circumstances):
        alone = f"unavailable for this event only, for a day: {error}"
        return replace(ended, state=State.DEAD, reason=alone)
    return replace(ended, until=now + _wait(entry, error, circumstances))


def skipped(entry: Entry, reason: str, now: float) -> Entry:
    """The entry of a delivery that was deliberately not sent."""
    return replace(_ended(entry, State.SKIPPED, now), reason_class=None, reason=reason, answer="")


def spared(ended: Entry, circumstances: Circumstances) -> Entry:
    """The entry of a failure under versions on trial: it goes again, under the good ones."""
    alone = ended.reason_class is ReasonClass.UNAVAILABLE
    return replace(
        ended,
        state=circumstances.open_state,
        until=ended.updated_at,
        document_version=None,
        mapping_version=None,
        first_attempt_at=ended.updated_at if alone else ended.first_attempt_at,
        reason=f"under a version on trial: {ended.reason}",
    )


def dead(entry: Entry, reason_class: ReasonClass, reason: str, now: float) -> Entry:
    """The entry as a dead letter."""
    return replace(_ended(entry, State.DEAD, now), reason_class=reason_class, reason=reason)


def set_aside(entry: Entry, state: State, reason: str, now: float) -> Entry:
    """The entry of a delivery that ends by command: discarded or redirected."""
    return replace(_ended(entry, state, now), reason_class=None, reason=reason, answer="")


def given_back(entry: Entry, now: float) -> Entry:
    """The entry of a claim after which nothing was tried: free for whoever comes next."""
    return replace(_ended(entry, State.WAITING, now), attempt=max(0, entry.attempt - 1))


def _ended(entry: Entry, state: State, now: float) -> Entry:
    return replace(
        entry,
        state=state,
        revision=entry.revision + 1,
        lease_until=0.0,
        until=0.0,
        updated_at=now,
    )


def _wait(entry: Entry, error: SwitchboardError, circumstances: Circumstances) -> float:
    """Behind an open breaker everything waits for its probe, however often it failed before."""
    if circumstances.holds and error.reason is not ReasonClass.RATE_LIMITED:
        return circumstances.holds
    return wait_after(error, error.reason, entry.attempt, circumstances.jitter)


def _fails_alone(ended: Entry, circumstances: Circumstances) -> bool:
    """Pause and open breaker are not counted: then nobody tried."""
    held = circumstances.held_seconds - ended.held_before
    failing = circumstances.now - ended.first_attempt_at - max(0.0, held)
    return (
        ended.reason_class in _PASSING
        and failing > FAILING_ALONE_SECONDS
        and circumstances.taken_at > ended.first_attempt_at
    )


def _after_bug(entry: Entry, error: Exception, circumstances: Circumstances) -> Entry:
    bugs = entry.bugs + 1
    ended = replace(
        _ended(entry, circumstances.open_state, circumstances.now),
        bugs=bugs,
        reason_class=ReasonClass.BUG,
        # A foreign exception's message may hold payload or a secret; its type does not.
        reason=f"bug: {type(error).__name__} was raised while it was worked on",
    )
    if bugs >= BUG_ATTEMPTS:
        return replace(ended, state=State.DEAD)
    return replace(ended, until=circumstances.now + back_off(bugs, circumstances.jitter))
