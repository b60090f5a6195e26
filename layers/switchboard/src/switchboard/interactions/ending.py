"""Whether an interaction is over, and what became of it."""

from collections.abc import Mapping, Sequence

from switchboard.interactions.phases import RELEASES
from switchboard.interactions.record import Outcome
from switchboard.interactions.spans import ANYBODY, Found
from switchboard.interactions.steps import Step

RESUMES = frozenset({"queued", "assigned", "accepted", "customer.accepted", "reconnected"})
LEAVES = RELEASES | {"wrap_up.ended"}
WAITING = frozenset({"queued", "unqueued", "queue.timed_out"})
OFFERING = frozenset({"assigned", "rejected"})


def ended_at(steps: Sequence[Step]) -> int | None:
    """When it ended, in milliseconds; None: it goes on.

    A leg of a conference ends like an interaction: what counts is that nobody is left in it.
    """
    present, deleted_at = set[str](), None
    for step in steps:
        if step.name in RESUMES:
            deleted_at = None
        if step.name == "accepted":
            present.add(step.agent or ANYBODY)
        elif step.name in LEAVES:
            present -= {step.agent, ANYBODY} if step.agent else set(present)
        if step.name == "deleted":
            deleted_at = step.at
    return None if present else deleted_at


def has_talked(phases: Mapping[str, Found]) -> bool:
    """Whether somebody talked, or a wrap-up says that somebody did."""
    talk = phases["talk"]
    return bool(talk.spans or talk.running) or talk.unsure


def outcome(
    steps: Sequence[Step], *, direction: str | None, talked: bool, end_lost: bool
) -> Outcome:
    """What became of an interaction that is over: if nobody took it, what it did last decides."""
    if talked:
        return Outcome.ANSWERED
    doing = [step for step in steps if step.name in WAITING or step.name in OFFERING]
    if end_lost and not doing:
        return Outcome.UNKNOWN
    if direction == "out":
        return Outcome.NO_ANSWER
    if not doing or doing[-1].name in WAITING:
        return Outcome.ABANDONED
    refused = doing[-1].name == "rejected" and doing[-1].rejection == "refused"
    return Outcome.REFUSED if refused else Outcome.MISSED
