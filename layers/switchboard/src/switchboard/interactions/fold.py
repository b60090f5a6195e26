"""The fold: the steps of a group, in the order of their versions, as the record of an interaction.

https://developer.8x8.com/actions-events/docs/streaming/event-reference
"""

from collections.abc import Iterable, Mapping, Sequence

from switchboard.event import Event
from switchboard.interactions import details
from switchboard.interactions.ending import ended_at, has_talked, outcome
from switchboard.interactions.phases import find_phases
from switchboard.interactions.record import (
    Customer,
    Durations,
    HangUp,
    Interaction,
    Outcome,
    State,
)
from switchboard.interactions.spans import Found
from switchboard.interactions.steps import Step, Steps, moment, read_steps

CLOSED = "closed"


def fold(events: Iterable[Event]) -> Interaction:
    """The interaction that `events` of one group tell of."""
    return record_of(read_steps(events))


def record_of(steps: Steps) -> Interaction:
    """The interaction that `steps` tell of.

    One that was told as closed without its end is closed until something else is heard of it.
    """
    record = _record(steps, gives_up=False)
    told = {step.told for step in steps if step.own and step.told is not None}
    if record.state is State.OPEN and told:
        lost = _record(steps, gives_up=True)
        return lost if lost.content_digest in told else record
    return record


def record_without_end(steps: Steps) -> Interaction:
    """The same, of one that is over although its end was not seen: it was lost."""
    return _record(steps, gives_up=True)


def _record(steps: Steps, *, gives_up: bool) -> Interaction:
    """`gives_up`: what has not ended is over, and ended unseen."""
    every = sorted(steps, key=lambda step: step.version)
    seen = [step for step in every if not step.own]
    if not seen:
        return Interaction()
    said = _said(seen)
    media, direction, end = details.media_of(said), said.get("direction"), ended_at(seen)
    until = seen[-1].at if end is None else end
    phases = find_phases(seen, direction=direction, media=media, until=until)
    has_ended = end is not None and not phases["wrap"].running
    end_lost = gives_up and not has_ended
    is_over = has_ended or end_lost
    is_told = any(step.own and step.name == CLOSED for step in every)
    talked = has_talked(phases)
    over = outcome(seen, direction=direction, talked=talked, end_lost=end_lost)
    return Interaction(
        **_named(seen, said),
        state=(State.CLOSED if is_told else State.ENDED) if is_over else State.OPEN,
        outcome=over if is_over else Outcome.OPEN,
        media=media,
        agents=details.agents_of(seen, phases),
        durations=_durations(phases, until - seen[0].at),
        unsure=_unsure(phases, is_over=is_over),
        end_lost=end_lost,
        first_event_at=moment(seen[0].at),
        waiting_since=None if is_over else _waiting_since(phases),
        answered_at=_answered_at(phases),
        ended_at=None if end is None else moment(end),
        last_event_at=moment(seen[-1].at),
        events=len({step.version.event_id for step in seen}),
    )


def _said(steps: Sequence[Step]) -> Mapping[str, str]:
    """Of each value the newest."""
    return {name: str(value) for step in steps for name, value in step.said}


def _named(steps: Sequence[Step], said: Mapping[str, str]) -> dict[str, object]:
    """What the steps name, apart from its course."""
    priority = said.get("priority", "")
    return {
        "interaction": said.get("interaction"),
        "direction": said.get("direction"),
        "customer": Customer(**_inside(said, "customer.")),
        "queue": details.last_queue(steps),
        "queues": details.queues_of(steps),
        "participants": details.participants_of(steps),
        "transaction": said.get("transaction"),
        "channel": said.get("channel"),
        "campaign": said.get("campaign"),
        "priority": int(priority) if priority.lstrip("-").isdigit() else None,
        "original_interaction": said.get("original_interaction"),
        "transfers": details.transfers_of(steps),
        "disposition": said.get("disposition"),
        "wrap_up": details.wrap_up_of(steps),
        "notes": said.get("notes"),
        "hangup": HangUp(**_inside(said, "hangup.")),
        "recording": details.recording_of(steps),
    }


def _inside(said: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {n.removeprefix(prefix): value for n, value in said.items() if n.startswith(prefix)}


def _durations(phases: Mapping[str, Found], total: int) -> Durations:
    return Durations(
        queue_seconds=phases["queue"].seconds(),
        ring_seconds=phases["ring"].seconds(),
        talk_seconds=phases["talk"].seconds(),
        hold_seconds=phases["hold"].seconds(),
        mute_seconds=phases["mute"].seconds(),
        wrap_seconds=phases["wrap"].seconds(),
        total_seconds=round(total / 1000),
    )


def _unsure(phases: Mapping[str, Found], *, is_over: bool) -> tuple[str, ...]:
    """What still runs is sure as far as it goes; of what is over, an end is missing then."""
    return tuple(n for n, one in phases.items() if one.unsure or (is_over and one.running))


def _waiting_since(phases: Mapping[str, Found]) -> object:
    running = phases["queue"].running
    return moment(running[0].begin) if running else None


def _answered_at(phases: Mapping[str, Found]) -> object:
    talk = [*phases["talk"].spans, *phases["talk"].running]
    return moment(min(span.begin for span in talk)) if talk else None
