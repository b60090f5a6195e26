"""One round: every timer that is due, from the last minute that was finished until now.

A look that is late tells the same facts under the same ids, one that comes again tells nothing new,
and a timer is deleted only after SQS took what its look told. Minutes are gone through in their
order, and the bookmark moves behind those that are finished, so that a time without any round is
made up for. The last minutes are looked through again: a timer may be written a little after it is
due.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from functions.fire_timers.measuring import measure
from functions.fire_timers.ports import Ports
from switchboard.absence import Look, group_of_fact, look, silences
from switchboard.errors import ConfigurationError, DeliveryError
from switchboard.event import OWN_SOURCE, utc_text
from switchboard.interactions import read_steps
from switchboard.timers import (
    HEARD,
    MINUTE,
    Mark,
    Timer,
    buckets,
    called_bucket,
    due_until,
    group_of_mark,
    timer_mark,
)

AGAIN_MINUTES = 2
"""A router may write a timer as long as it runs, so a minute is looked through so often."""
LOOKS = 25
"""So many timers are looked at before what they tell is sent: queue and table take batches."""
LATER_SECONDS = 60 * 60
"""A group that could not be folded is looked at again, until its events are gone."""
BOOKMARK = Mark("bookmark", "finished")
TOLD = "told"
"""Where the silences are that were told: a source may be silent for days."""


@dataclass(slots=True)
class _Round:
    """What one round did."""

    rules: Sequence[Timer]
    now: float
    looked: int = 0
    told: int = 0
    failed: int = 0
    seen: set[str] = field(default_factory=set)


class Firing:
    """Fires what is due; holds nothing between rounds."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def fire(self, until: float) -> dict[str, int]:
        """Fire until everything is done, or `until`; how much was looked at and told.

        Raises:
            Unavailable: a store or the queue cannot be reached; the next round goes on.
        """
        now = self._ports.clock()
        this = _Round(self._ports.rules(), now)
        current = int(now // MINUTE)
        finished = self._bookmark(current)
        for minute in range(finished - AGAIN_MINUTES, current + 1):
            if not self._minute(this, minute, until):
                break
            finished = max(finished, minute)
        self._tell_silences(this)
        self._ports.timers.put([Mark(BOOKMARK.bucket, BOOKMARK.place, float(finished))], now)
        this.told += measure(self._ports, this.rules, now, until)
        self._count(this, current - finished)
        return {"looked": this.looked, "told": this.told, "failed": this.failed}

    def _bookmark(self, current: int) -> int:
        """The last minute that was finished; at the very first round, this one."""
        found = self._ports.timers.read(BOOKMARK.bucket)
        return int(found[0].at) if found else current

    def _minute(self, this: _Round, minute: int, until: float) -> bool:
        """Whether everything of a minute that is due was looked at."""
        for bucket in buckets(minute):
            marks = self._ports.timers.read(bucket, until=due_until(this.now))
            for first in range(0, len(marks), LOOKS):
                if self._ports.clock() >= until:
                    return False
                self._look(this, marks[first : first + LOOKS])
        return True

    def _look(self, this: _Round, marks: Sequence[Mark]) -> None:
        """Look at the groups of `marks`, tell what there is to tell, and delete the marks.

        What goes on has its next look in the table before: none is forgotten half-way.
        """
        groups = set(map(group_of_mark, marks)) - this.seen
        looked = {group: self._look_at(this, group) for group in sorted(groups)}
        found = [(group, fact) for group, one in looked.items() for fact in one.facts]
        self._ports.tell(found)
        again = {group: one.again for group, one in looked.items() if one.again is not None}
        if again:
            later = [timer_mark(group, due, this.now) for group, due in again.items()]
            self._ports.timers.put(later, this.now)
        self._ports.timers.delete(marks)
        this.seen |= groups
        this.told += len(found)

    def _look_at(self, this: _Round, group: str) -> Look:
        """What is to be told of a group. One that cannot be folded stops no other."""
        ports = self._ports
        try:
            steps = read_steps(ports.groups.of_group(group))
            found = look(group, steps, this.rules, ports.waits, this.now, self._called)
        except (ConfigurationError, DeliveryError):
            raise  # a store is away, for every group
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this group
            this.failed += 1
            ports.telemetry.warn("a timer failed", group=group, why=repr(error))
            return Look((), this.now + LATER_SECONDS)
        this.looked += 1
        return found

    def _called(self, phone: str, since: datetime) -> bool:
        return bool(self._ports.timers.read(called_bucket(phone), after=utc_text(since)))

    def _tell_silences(self, this: _Round) -> None:
        timers = self._ports.timers
        heard = {mark.place: mark.at for mark in timers.read(HEARD)}
        found = silences(this.rules, heard, this.now)
        told = {mark.place for mark in timers.read(TOLD)} if found else set()
        for fact in found:
            if fact.id not in told:
                self._ports.tell([(group_of_fact(fact), fact)])
                timers.put([Mark(TOLD, fact.id, this.now)], this.now)
                this.told += 1

    def _count(self, this: _Round, behind: int) -> None:
        count = self._ports.telemetry.count
        count("timers_looked", float(this.looked), source=OWN_SOURCE)
        count("facts_told", float(this.told), source=OWN_SOURCE)
        count("timers_failed", float(this.failed), source=OWN_SOURCE)
        self._ports.telemetry.observe("timers_behind_minutes", float(behind), source=OWN_SOURCE)
