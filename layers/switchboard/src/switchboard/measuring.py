"""What a stage's queues are like at the end of each minute, for a wallboard. Pure.

A measurement is about an interval, and not about the round that makes it: what a queue is like at
the interval's end, and what happened since its beginning, follow from the records of its
interactions as they were at these two times. A round that is late or comes again measures the
same under the same ids, and one that was lost is made up for.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from switchboard.absence import OUTCOMES, is_wanted, of_rule
from switchboard.event import Event
from switchboard.interactions import Interaction, Outcome, State, Steps, record_of
from switchboard.timers import Rule, Timer

SETTLE_SECONDS = 15
"""An interval is measured so long after its end: the last events of it are still on their way."""
MOST_INTERVALS = 60
"""After a longer time without rounds, those before it are not made up for."""


@dataclass(slots=True)
class _Queue:
    """The figures of one queue."""

    name: str | None = None
    waiting: int = 0
    longest_wait_seconds: int = 0
    handling: int = 0
    answered: int = 0
    abandoned: int = 0
    handled: int = 0
    handle_seconds: int = 0


class Course:
    """An interaction from its first step on: its record as it was at any time."""

    def __init__(self, steps: Steps) -> None:
        self._steps = sorted(steps, key=lambda step: step.at)
        self._times = [step.at for step in self._steps]
        self._records: dict[int, Interaction] = {}

    def at(self, seconds: float) -> Interaction:
        """Folded once for all the intervals in which nothing happened."""
        count = bisect_right(self._times, seconds * 1000)
        if count not in self._records:
            self._records[count] = record_of(frozenset(self._steps[:count]))
        return self._records[count]

    def is_over(self, seconds: float) -> bool:
        """Whether it tells nothing after that: it was over, or its events are gone."""
        return not self._steps or self.at(seconds).state is not State.OPEN


def measuring(timers: Iterable[Timer]) -> Sequence[Timer]:
    """Those of `timers` that measure queues."""
    return [one for one in timers if one.document.rule is Rule.QUEUE_MEASURED_EVERY]


def ends(last: float | None, seconds: int, now: float) -> Sequence[float]:
    """The ends of the intervals that are to be measured, after `last`; at first the newest one."""
    newest = (now - SETTLE_SECONDS) // seconds * seconds
    next_one = newest if last is None else (last // seconds + 1) * seconds
    first = max(next_one, newest - (MOST_INTERVALS - 1) * seconds)
    return [first + number * seconds for number in range(int((newest - first) // seconds) + 1)]


def measurements(timer: Timer, courses: Iterable[Course], end: float) -> Sequence[Event]:
    """What is told of every queue that an interaction was in, in the interval until `end`."""
    begin = end - timer.document.seconds
    queues: dict[str, _Queue] = {}
    for course in courses:
        before, after = course.at(begin), course.at(end)
        if after.queue is not None and State.OPEN in (before.state, after.state):
            _add(queues.setdefault(after.queue, _Queue()), before, after, end)
    found = [_measured(timer, queue, queues[queue], begin) for queue in sorted(queues)]
    return [fact for fact in found if is_wanted(fact, [timer])]


def _add(queue: _Queue, before: Interaction, after: Interaction, end: float) -> None:
    queue.name = next((one.name for one in after.queues if one.id == after.queue), None)
    if after.waiting_since is not None:
        queue.waiting += 1
        waits = int(end - after.waiting_since.timestamp())
        queue.longest_wait_seconds = max(queue.longest_wait_seconds, waits)
    elif after.state is State.OPEN and after.answered_at is not None:
        queue.handling += 1
    if before.answered_at is None and after.answered_at is not None:
        queue.answered += 1
    # Of one whose end was lost nobody knows in which interval it was over.
    if before.state is State.OPEN and after.state is not State.OPEN and not after.end_lost:
        if after.outcome in OUTCOMES:
            queue.abandoned += 1
        if after.outcome is Outcome.ANSWERED:
            queue.handled += 1
            queue.handle_seconds += after.durations.talk_seconds + after.durations.wrap_seconds


def _measured(timer: Timer, queue: str, figures: _Queue, begin: float) -> Event:
    return of_rule(
        timer, queue, datetime.fromtimestamp(begin, UTC), {"queue": queue, **asdict(figures)}
    )
