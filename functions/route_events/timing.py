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
    called_mark,
    listens,
    looks,
    queued_mark,
    timer_mark,
)


@dataclass(frozen=True, slots=True)
class Timing:
    """A sandbox's way to the timers. `heard` has when each source was written down last."""

    timers: TimerStore
    grace: int
    clock: Callable[[], float]
    heard: dict[str, float] = field(default_factory=dict)

    def set(self, journeys: Journeys, network: Network) -> None:
        """Set the timers of what was recorded; without them, a record comes back.

        What is held sets them when it is released, and a replay sets none.
        """
        now = self.clock()
        marks: set[Mark] = set()
        concerned: list[Journey] = []

        def collect(journey: Journey) -> None:
            found = set() if journey.order else set(self._marks(journey, network, now))
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

    def _marks(self, journey: Journey, network: Network, now: float) -> Iterator[Mark]:
        event, timers = journey.event, network.timers
        if not journey.is_held:
            for due in looks(event, timers, self.grace, now):
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
