"""Who and what an interaction's steps name."""

from collections.abc import Iterable, Mapping, Sequence

from switchboard.interactions.record import (
    Agent,
    Queue,
    Recording,
    Spent,
    Transfer,
    WrapUp,
)
from switchboard.interactions.spans import Found
from switchboard.interactions.steps import Step, moment

VOICEMAIL = "-vmail-"
"""In the id of an interaction: `int-…-vmail-01-tenant`."""


def media_of(said: Mapping[str, str]) -> str | None:
    """Phone, chat, email or voicemail; 8x8 calls the last one a phone's, but for its id."""
    media = said.get("media")
    voicemail = media == "vmail" or VOICEMAIL in said.get("interaction", "")
    return "voicemail" if voicemail else media


def queues_of(steps: Iterable[Step]) -> tuple[Queue, ...]:
    """Every queue in the order of its first step, with its newest name."""
    names: dict[str, str | None] = {}
    for step in steps:
        if step.queue is not None:
            queue, name = step.queue
            names[queue] = name or names.get(queue)
    return tuple(Queue(id=queue, name=name) for queue, name in names.items())


def last_queue(steps: Iterable[Step]) -> str | None:
    """The queue that was named last."""
    return next((s.queue[0] for s in reversed(list(steps)) if s.queue is not None), None)


def agents_of(steps: Sequence[Step], phases: Mapping[str, Found]) -> tuple[Agent, ...]:
    """Every agent that a step is about, in the order of the first one."""
    return tuple(_agent(agent, steps, phases) for agent in _unique(step.agent for step in steps))


def _agent(agent: str, steps: Sequence[Step], phases: Mapping[str, Found]) -> Agent:
    own = [step for step in steps if step.agent == agent]
    offers, accepted = _times(own, "assigned"), _times(own, "accepted")
    refused = {s.at for s in own if s.name == "rejected" and s.rejection == "refused"}
    return Agent(
        id=agent,
        offers=len(offers),
        refusals=len(refused),
        timeouts=len(_times(own, "rejected") - refused),
        accepted_at=moment(min(accepted)) if accepted else None,
        durations=Spent(
            ring_seconds=phases["ring"].seconds(agent),
            talk_seconds=phases["talk"].seconds(agent),
            hold_seconds=phases["hold"].seconds(agent),
            mute_seconds=phases["mute"].seconds(agent),
            wrap_seconds=phases["wrap"].seconds(agent),
        ),
    )


def participants_of(steps: Iterable[Step]) -> tuple[str, ...]:
    """Every agent who was in it, in the order in which they came."""
    there = (
        (*step.participants, step.agent if step.name == "accepted" else None) for step in steps
    )
    return _unique(one for some in there for one in some)


def transfers_of(steps: Iterable[Step]) -> tuple[Transfer, ...]:
    """What was asked for; the same request from two sources is one."""
    asked = (
        Transfer(
            at=moment(step.at),
            agent=step.agent,
            to=tuple(one for one in step.participants if one != step.agent),
        )
        for step in steps
        if step.name == "transfer.requested"
    )
    return tuple(dict.fromkeys(asked))


def recording_of(steps: Sequence[Step]) -> Recording:
    """Its recording."""
    started, ready = _times(steps, "recording.started"), _times(steps, "recording.ready")
    paused = {s.at for s in steps if s.name == "recording.changed" and s.recording == "pause"}
    return Recording(
        started_at=moment(min(started)) if started else None,
        pauses=len(paused),
        ready_at=moment(min(ready)) if ready else None,
    )


def wrap_up_of(steps: Sequence[Step]) -> tuple[WrapUp, ...]:
    """The items that were chosen last."""
    chosen = next((step.wrap_up for step in reversed(steps) if step.wrap_up), ())
    return tuple(WrapUp(list=one, item=other) for one, other in chosen)


def _times(steps: Iterable[Step], name: str) -> set[int]:
    """When it happened; twice at one moment is once."""
    return {step.at for step in steps if step.name == name}


def _unique(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if one is not None))
