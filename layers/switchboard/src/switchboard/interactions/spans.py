"""Spans of time between steps, and how long they are together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from switchboard.interactions.steps import Step

ANYBODY = ""
"""Whose a span is that no agent is named for."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `begin` to `end` in milliseconds, of one agent."""

    agent: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of an interaction's life, by the places of the steps that begin and end it.

    Each agent has a span of its own at a time; a `shared` phase has one, whatever agent a step
    names. What `proves` names tells that it had begun. An end that `doubts` names came after one
    that was lost, and what `instead` names ends it only where its own end is never seen.
    """

    name: str
    begins: frozenset[int]
    ends: frozenset[int]
    proves: frozenset[str] = frozenset()
    doubts: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()
    shared: bool = False


@dataclass(slots=True)
class Found:
    """The spans of one phase. `unsure`: a beginning or an end was not seen."""

    spans: list[Span] = field(default_factory=list)
    running: list[Span] = field(default_factory=list)
    unsure: bool = False

    def seconds(self, agent: str | None = None) -> int:
        """How long, in whole seconds: of everybody, or of one agent."""
        every = [*self.spans, *self.running]
        return length(span for span in every if agent is None or span.agent == agent)


def find(phase: Phase, steps: Sequence[Step], until: int) -> Found:
    """The spans of `phase` in ordered `steps`; one that never ends is running `until` then."""
    found = Found()
    begun: dict[str, int] = {}
    instead: dict[str, int] = {}
    for place, step in enumerate(steps):
        if place in phase.ends:
            for agent in _whose(phase, step, begun):
                found.spans.append(Span(agent, begun.pop(agent), step.at))
                instead.pop(agent, None)
                found.unsure |= step.name in phase.doubts
        found.unsure |= step.name in phase.proves and not _known(phase, step, found)
        if step.name in phase.instead:
            instead = {**dict.fromkeys(_whose(phase, step, begun), step.at), **instead}
        if place in phase.begins:
            begun.setdefault(_agent(phase, step), step.at)
    for agent in begun.keys() & instead.keys():
        found.spans.append(Span(agent, begun.pop(agent), instead[agent]))
        found.unsure = True
    found.running = [Span(agent, begin, max(begin, until)) for agent, begin in begun.items()]
    return found


def length(spans: Iterable[Span]) -> int:
    """The length of the union of `spans`, in whole seconds."""
    total, reached = 0, 0
    for begin, end in sorted((span.begin, span.end) for span in spans):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return round(total / 1000)


def _whose(phase: Phase, step: Step, begun: Iterable[str]) -> list[str]:
    """The agents whose span a step is about: its own, and all of them where it names none."""
    everybody = phase.shared or step.agent is None
    return [agent for agent in begun if everybody or agent in (step.agent, ANYBODY)]


def _known(phase: Phase, step: Step, found: Found) -> bool:
    agent = _agent(phase, step)
    return any(agent in (span.agent, ANYBODY) or span.agent == ANYBODY for span in found.spans)


def _agent(phase: Phase, step: Step) -> str:
    return ANYBODY if phase.shared or step.agent is None else step.agent
