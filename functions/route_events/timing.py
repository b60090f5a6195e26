"""Setting timers for what was recorded: a request for a batch, or none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from functions.route_events.journeys import Journey, Journeys
from functions.route_events.routes import Network
from switchboard.errors import SwitchboardError
from switchboard.timers import (
    HEARD,
    MINUTE,
    Mark,
    TimerStore,
    Waits,
    called_mark,
    is_heard,
    listens,
    looks,
    lost_end_due,
    queued_mark,
    timer_mark,
)

MOST_EXPECTED = 20_000
"""Of more interactions than that a sandbox forgets when they are looked at, and writes it again."""


@dataclass(frozen=True, slots=True)
class Timing:
    """A sandbox's way to the timers.

    `heard` has when each source was written down last, and `expected` when the end of each
    interaction is looked for: its first event that comes here sets that, whichever it is.
    """

    timers: TimerStore
    waits: Waits
    clock: Callable[[], float]
    heard: dict[str, float] = field(default_factory=dict)
    expected: dict[str, float] = field(default_factory=dict)

    def set(self, journeys: Journeys, network: Network) -> None:
        """Set the timers of what was recorded; without them, a record comes back.

        What is held sets them when it is released, and a replay sets none.
        """
        now = self.clock()
        marks: set[Mark] = set()
        expected: dict[str, float] = {}
        concerned: list[Journey] = []

        def collect(journey: Journey) -> None:
            found = set() if journey.order else {*self._marks(journey, network, expected, now)}
            if found:
                marks.update(found)
                concerned.append(journey)

        journeys.each(collect)
        if not marks:
            return
        try:
            self.timers.put(marks, now)
        except SwitchboardError as error:
            journeys.stop_all(concerned, error)
        else:
            self.heard.update((mark.place, now) for mark in marks if mark.bucket == HEARD)
            if len(self.expected) > MOST_EXPECTED:
                self.expected.clear()
            self.expected.update(expected)

    def _expected(self, journey: Journey, now: float) -> float | None:
        """When to look whether the end of this interaction is lost; None: somebody will.

        What is far enough away comes after this event is recorded. One that is so late that it
        may be given up at once is looked at anyway.
        """
        group = journey.whole.group
        if journey.is_held or not is_heard(journey.event):
            return None
        if self.expected.get(group, 0.0) - now > self.waits.lost_end / 2:
            return None
        due = lost_end_due(group, min(journey.event.time.timestamp(), now), self.waits)
        return due if due > now else None

    def _marks(
        self, journey: Journey, network: Network, expected: dict[str, float], now: float
    ) -> Iterator[Mark]:
        event, timers = journey.event, network.timers
        if not journey.is_held:
            if (end := self._expected(journey, now)) is not None:
                expected[journey.whole.group] = end
                yield timer_mark(journey.whole.group, end, now)
            for due in looks(event, timers, self.waits.grace, now):
                yield timer_mark(journey.whole.group, due, now)
            queued = queued_mark(event, journey.whole.group, timers)
            if queued is not None:
                yield queued
        called = called_mark(event, timers)
        if called is not None:
            yield called
        # Once a minute and sandbox: an item for each event would be a hot one.
        is_due = now - self.heard.get(event.source, 0.0) >= MINUTE
        if is_due and not journey.is_release and listens(timers, event.source):
            yield Mark(HEARD, event.source, now)
