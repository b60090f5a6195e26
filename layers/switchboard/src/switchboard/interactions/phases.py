"""The phases of an interaction's life: what begins each of them, and what ends it.

https://developer.8x8.com/actions-events/docs/streaming/event-lifecycle: queued until assigned,
ringing until accepted, talking until the wrap-up, wrapping up until its end.
"""

from collections.abc import Iterable, Mapping, Sequence

from switchboard.interactions.spans import Found, Phase, find
from switchboard.interactions.steps import Step

RELEASES = frozenset({"deassigned", "deleted", "participant.removed"})
TALK_ENDS = RELEASES | {"wrap_up.started", "wrap_up.ended", "guest_chat.ended"}
RING_ENDS = RELEASES | {"accepted", "rejected", "wrap_up.started"}
QUEUE_ENDS = frozenset({"assigned", "accepted", "unqueued", "queue.timed_out", "deleted"})
PHONE = frozenset({None, "phone"})


def find_phases(
    steps: Sequence[Step], *, direction: str | None, media: str | None, until: int
) -> Mapping[str, Found]:
    """The spans of every phase in ordered `steps`; what never ends runs `until` then."""
    outward = direction == "out"
    dialled = outward and media in PHONE
    phases = (
        Phase(
            name="queue",
            begins=_queueing(steps, outward=outward),
            ends=_named(steps, QUEUE_ENDS),
            proves=frozenset({"unqueued"}),
            shared=True,
        ),
        Phase(
            name="ring",
            begins=_named(steps, {"assigned"}),
            ends=_named(steps, RING_ENDS),
            proves=frozenset({"rejected"}),
            doubts=frozenset({"wrap_up.started"}),
        ),
        Phase(
            name="talk",
            begins=_answers(steps, dialled=dialled),
            ends=_named(steps, TALK_ENDS),
            proves=frozenset() if dialled else frozenset({"wrap_up.started"}),
            doubts=frozenset({"wrap_up.ended"}),
        ),
        _line(steps, "hold", "hold.changed"),
        _line(steps, "mute", "mute.changed"),
        Phase(
            name="wrap",
            begins=_named(steps, {"wrap_up.started"}),
            ends=_named(steps, {"wrap_up.ended"}),
            proves=frozenset({"wrap_up.ended"}),
            instead=frozenset({"deassigned"}),
        ),
    )
    return {phase.name: find(phase, steps, until) for phase in phases}


def _named(steps: Iterable[Step], names: Iterable[str]) -> frozenset[int]:
    wanted = frozenset(names)
    return frozenset(place for place, step in enumerate(steps) if step.name in wanted)


def _queueing(steps: Sequence[Step], *, outward: bool) -> frozenset[int]:
    """Queued, or back in the queue because an agent did not take it."""
    back = _named(steps, () if outward else {"rejected"})
    returned = frozenset(place for place in back if steps[place].queued is not False)
    return _named(steps, {"queued"}) | returned


def _answers(steps: Sequence[Step], *, dialled: bool) -> frozenset[int]:
    """Where somebody begins to talk: in a call that went out, once the customer took it."""
    answers = _named(steps, {"customer.accepted"})
    accepted = _named(steps, {"accepted"})
    if not dialled:
        return accepted | answers
    return answers | {place for place in accepted if answers and place > min(answers)}


def _line(steps: Sequence[Step], phase: str, name: str) -> Phase:
    """A line that is held or muted until it is not, or until nobody talks any more."""
    toggles = _named(steps, {name})
    off = frozenset(place for place in toggles if steps[place].flag is False)
    return Phase(
        name=phase,
        begins=frozenset(place for place in toggles if steps[place].flag is True),
        ends=off | _named(steps, TALK_ENDS),
    )
