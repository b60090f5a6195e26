"""A claim: what to do with a message that arrives, given what the ledger holds of its delivery.

A claim is the write of `sending`, conditional on the revision that was read, so that two
executions never both hold one delivery. All decisions here are functions of values.
"""

from dataclasses import dataclass, replace

from switchboard.destination import Repeat
from switchboard.errors import ReasonClass
from switchboard.ledger import Entry, Ledger, State, outcome_unknown
from switchboard.replay_id import is_earlier
from switchboard.retry import LAPSED_LEASES


@dataclass(frozen=True, slots=True)
class Send:
    """Claim with `entry`, then send; first look whether it is there, where that is asked.

    `begins`: nothing was sent of it before, or all that was has ended for certain.
    """

    entry: Entry
    look_first: bool = False
    may_duplicate: bool = False
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Put the message back for `seconds`; no attempt is counted."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The delivery is in a final state: the message goes without a call."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Bury:
    """Dead-letter before anything is tried."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep it in the ledger as held, without an attempt; its message goes."""

    entry: Entry


Decision = Send | Wait | Drop | Bury | Hold


@dataclass(frozen=True, slots=True)
class Order:
    """What an arriving message asks for, and by whom: the fresh entry it would begin with.

    `behind` says that it comes behind a dead letter which holds its group.
    """

    fresh: Entry
    repeat: Repeat
    now: float
    behind: bool = False


def decide(order: Order, existing: Entry | None) -> Decision:
    """What to do with a message, given what the ledger holds of its delivery."""
    decision = _decided(order, existing)
    return _held(decision, existing) if order.behind else decision


def _decided(order: Order, existing: Entry | None) -> Decision:
    if existing is None:
        return Send(order.fresh, begins=True)
    if order.fresh.replay is not None and order.fresh.replay != existing.replay:
        return _replayed(order, existing)
    if existing.is_final or order.fresh.generation < existing.generation:
        return Drop(existing)
    if existing.state is State.SENDING:
        return _under_lease(order, existing)
    return _after_wait(order, existing)


def _replayed(order: Order, existing: Entry) -> Decision:
    """Another replay than the last: a final state yields to it, unless it is an earlier one.

    What was delivered yields to a higher generation alone: under its own key it would be stored
    twice.
    """
    fresh = order.fresh
    if is_earlier(fresh.replay, existing.replay) or fresh.generation < existing.generation:
        return Drop(existing)
    same = fresh.generation == existing.generation
    if same and existing.state is State.DELIVERED:
        return Drop(existing)
    if not existing.is_final and (same or _is_held(order, existing)):
        return _taken_over(order, existing)
    entry = replace(
        fresh,
        revision=existing.revision + 1,
        attempt=existing.attempt + 1,
        reference=existing.reference if same else "",
        possible_duplicates=existing.possible_duplicates,
    )
    doubtful = existing.reason_class is ReasonClass.UNKNOWN or existing.lapses > 0
    if not (same and doubtful) or order.repeat is Repeat.NATIVE:
        return Send(entry, begins=not (same and doubtful))
    if order.repeat is Repeat.READ_BACK:
        return Send(entry, look_first=True)
    return Send(_doubtful(entry), may_duplicate=True)


def _is_held(order: Order, existing: Entry) -> bool:
    return max(existing.lease_until, existing.until) > order.now


def _taken_over(order: Order, existing: Entry) -> Decision:
    """An open entry is being dealt with, or was left behind: then the replay goes on with it."""
    if _is_held(order, existing):
        return Wait(max(1.0, existing.lease_until - order.now, existing.until - order.now))
    left = replace(existing, replay=order.fresh.replay, bugs=0, lapses=0)
    return _under_lease(order, left) if left.state is State.SENDING else _after_wait(order, left)


def _again(order: Order, existing: Entry) -> Entry:
    return replace(
        existing,
        state=State.SENDING,
        revision=existing.revision + 1,
        attempt=existing.attempt + 1,
        owner=order.fresh.owner,
        lease_until=order.fresh.lease_until,
        updated_at=order.now,
        version=order.fresh.version or existing.version,
    )


def _after_wait(order: Order, existing: Entry) -> Decision:
    if existing.until > order.now:
        return Wait(existing.until - order.now)
    again = _again(order, existing)
    return _after_unknown(order, again) if existing.state is State.UNKNOWN else Send(again)


def _under_lease(order: Order, existing: Entry) -> Decision:
    if existing.lease_until > order.now:
        return Wait(existing.lease_until - order.now)
    lapses = existing.lapses + 1
    if lapses >= LAPSED_LEASES:
        return Bury(
            replace(
                existing,
                state=State.DEAD,
                revision=existing.revision + 1,
                owner=order.fresh.owner,
                lapses=lapses,
                updated_at=order.now,
                reason_class=ReasonClass.BUG,
                reason=f"bug: crashed or ran out of time {lapses} times while sending it",
            )
        )
    return _after_unknown(order, replace(_again(order, existing), lapses=lapses))


def _after_unknown(order: Order, again: Entry) -> Decision:
    """What may follow when nobody can say whether the last send was stored."""
    match order.repeat:
        case Repeat.NATIVE:
            return Send(again)
        case Repeat.READ_BACK:
            return Send(again, look_first=True)
        case Repeat.AT_LEAST_ONCE:
            return Send(_doubtful(again), may_duplicate=True)
        case Repeat.AT_MOST_ONCE:
            return Bury(outcome_unknown(replace(again, attempt=again.attempt - 1), order.now))


def _held(decision: Decision, existing: Entry | None) -> Decision:
    """What would be sent is held; what is under way, or may be stored already, is settled first."""
    if not isinstance(decision, Send):
        return decision
    if existing is not None and existing.state in {State.SENDING, State.UNKNOWN}:
        return decision
    sent = decision.entry
    before = existing or replace(sent, attempt=0)
    return Hold(
        replace(
            sent,
            state=State.HELD,
            attempt=before.attempt,
            lapses=before.lapses,
            possible_duplicates=before.possible_duplicates,
            reason_class=before.reason_class,
            reason="an earlier delivery of its group is a dead letter, which holds the others",
            lease_until=0.0,
            until=0.0,
        )
    )


def _doubtful(entry: Entry) -> Entry:
    return replace(entry, possible_duplicates=entry.possible_duplicates + 1)


def claim(ledger: Ledger, order: Order, *, tries: int = 5) -> Decision:
    """Decide and, but for Wait and Drop, write it; another execution's write is decided anew.

    Raises:
        Unavailable: the ledger cannot be reached.
    """
    existing: Entry | None = None
    for _ in range(tries):
        decision = decide(order, existing)
        if isinstance(decision, Wait | Drop):
            return decision
        expected = None if existing is None else existing.revision
        found = ledger.put(decision.entry, expected=expected)
        if found is None:
            return decision
        existing = found
    return Wait(1.0)
