"""One round: every timer that is due, from the last minute that was finished until now.

A look that is late tells the same facts under the same ids, one that comes again tells nothing new,
and a timer is deleted only after SQS took what its look told. Minutes are gone through in their
order, and the bookmark moves behind those that are finished, so that a time without any round is
made up for. The last minutes are looked through again: a timer may be written a little after it is
due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from switchboard.absence import facts, group_of_fact, silences
from switchboard.envelope import Envelope, encode
from switchboard.errors import Unavailable
from switchboard.event import OWN_SOURCE, Event, queue_safe, utc_text
from switchboard.events import GroupReader
from switchboard.interactions import read_steps
from switchboard.queue import Outbox, Outgoing
from switchboard.telemetry import Telemetry
from switchboard.timers import (
    HEARD,
    MINUTE,
    Mark,
    Timer,
    TimerStore,
    buckets,
    called_bucket,
    due_until,
    group_of_mark,
)

AGAIN_MINUTES = 2
"""A router may write a timer as long as it runs, so a minute is looked through so often."""
BOOKMARK = Mark("bookmark", "finished")
TOLD = "told"
"""Where the silences are that were told: a source may be silent for days."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a round touches. `grace` is in seconds."""

    timers: TimerStore
    groups: GroupReader
    ingest: Outbox
    rules: Callable[[], Sequence[Timer]]
    grace: int
    telemetry: Telemetry
    clock: Callable[[], float]


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
            Unavailable: the timers or the rules cannot be read, or the bookmark not written.
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
        self._count(this, current - finished)
        return {"looked": this.looked, "told": this.told, "failed": this.failed}

    def _bookmark(self, current: int) -> int:
        """The last minute that was finished; at the very first round, this one."""
        found = self._ports.timers.read(BOOKMARK.bucket)
        return int(found[0].at) if found else current

    def _minute(self, this: _Round, minute: int, until: float) -> bool:
        """Whether everything of a minute that is due was looked at."""
        for bucket in buckets(minute):
            done: list[Mark] = []
            for mark in self._ports.timers.read(bucket, until=due_until(this.now)):
                if self._ports.clock() >= until:
                    self._ports.timers.delete(done)
                    return False
                if self._look(this, group_of_mark(mark)):
                    done.append(mark)
            self._ports.timers.delete(done)
        return True

    def _look(self, this: _Round, group: str) -> bool:
        """Look at a group and tell what there is to tell; whether that was taken.

        Raises:
            Unavailable: a store or the queue cannot be reached: the round ends, the next goes on.
        """
        if group in this.seen:
            return True
        ports = self._ports
        try:
            steps = read_steps(ports.groups.of_group(group))
            found = facts(group, steps, this.rules, ports.grace, this.now, self._called)
            self._send(group, found)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one group that cannot be read stops no other
            this.failed += 1
            ports.telemetry.warn("a timer failed", group=group, why=repr(error))
            return False
        this.looked += 1
        this.told += len(found)
        this.seen.add(group)
        return True

    def _called(self, phone: str, since: datetime) -> bool:
        return bool(self._ports.timers.read(called_bucket(phone), after=utc_text(since)))

    def _tell_silences(self, this: _Round) -> None:
        timers = self._ports.timers
        heard = {mark.place: mark.at for mark in timers.read(HEARD)}
        found = silences(this.rules, heard, this.now)
        told = {mark.place for mark in timers.read(TOLD)} if found else set()
        for fact in found:
            if fact.id not in told:
                self._send(group_of_fact(fact), [fact])
                timers.put([Mark(TOLD, fact.id, this.now)], this.now)
                this.told += 1

    def _send(self, group: str, found: Sequence[Event]) -> None:
        messages = [
            Outgoing(encode(Envelope(event=fact, group=group)), queue_safe(group), fact.id)
            for fact in found
        ]
        if not messages:
            return
        for why in self._ports.ingest.send(messages):
            if why is not None:
                raise Unavailable(f"telling a fact: {why}")

    def _count(self, this: _Round, behind: int) -> None:
        count = self._ports.telemetry.count
        count("timers_looked", float(this.looked), source=OWN_SOURCE)
        count("facts_told", float(this.told), source=OWN_SOURCE)
        count("timers_failed", float(this.failed), source=OWN_SOURCE)
        count("timers_behind_minutes", float(behind), source=OWN_SOURCE)
