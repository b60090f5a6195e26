"""Hour by hour, the days that are over: what is new or has changed is made, the rest is left.

A batch may have waited in a queue for fourteen days, and is archived under the hour in which it
arrived: so as many days are looked at again. Whatever an invocation has no time for, or died at,
the next one does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict

from switchboard.hours import (
    COMPACTED,
    MODELLED,
    ArchivedHours,
    Stored,
    compacted,
    hour_of,
    made_key,
    mark_of,
)

LOOKED_BACK_DAYS = 15
SPARE_SECONDS = 180.0
"""For the hour that is begun last."""


class Done(BaseModel):
    """What an invocation came to. `left`: there was no time for so many hours."""

    model_config = ConfigDict(frozen=True)

    made: int = 0
    objects: int = 0
    lines: int = 0
    events: int = 0
    left: int = 0


class Compacting:
    """Makes the hours of a stage's archive."""

    def __init__(self, hours: ArchivedHours, clock: Callable[[], float]) -> None:
        self._hours = hours
        self._clock = clock

    def run(self, today: date, deadline: float) -> Done:
        """Make what is to be made of the days before `today`, the oldest hour first."""
        done = Done()
        for hour, objects in self._due(today):
            if deadline - self._clock() < SPARE_SECONDS:
                done = done.model_copy(update={"left": done.left + 1})
                continue
            done = self._make(hour, objects, done)
        return done

    def _due(self, today: date) -> Iterator[tuple[str, Sequence[Stored]]]:
        for back in range(LOOKED_BACK_DAYS, 0, -1):
            by_hour: defaultdict[str, list[Stored]] = defaultdict(list)
            for one in self._hours.of_day(today - timedelta(days=back)):
                by_hour[hour_of(one.key)].append(one)
            for hour, objects in sorted(by_hour.items()):
                if self._hours.made_of(made_key(COMPACTED, hour)) != mark_of(objects):
                    yield hour, objects

    def _make(self, hour: str, objects: Sequence[Stored], done: Done) -> Done:
        """The events first: once the raw lines are there as well, the hour counts as made."""
        mark = mark_of(objects)
        made = compacted(self._hours.read(sorted(one.key for one in objects)))
        self._hours.write(made_key(MODELLED, hour), made.modelled, mark)
        self._hours.write(made_key(COMPACTED, hour), made.raw, mark)
        return done.model_copy(
            update={
                "made": done.made + 1,
                "objects": done.objects + len(objects),
                "lines": done.lines + made.raw_lines,
                "events": done.events + made.events,
            }
        )
