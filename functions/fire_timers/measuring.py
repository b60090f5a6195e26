"""Measuring queues: in each round, every interval that ended since the last one.

The interactions that were queued and are not over are marked in the timers table, by shards. A
round folds each of them, and deletes the marks of those that were over before what is measured
next.
"""

from collections.abc import Mapping, Sequence

from functions.fire_timers.ports import Ports
from switchboard.absence import group_of_fact
from switchboard.errors import ConfigurationError, DeliveryError, Unavailable
from switchboard.event import OWN_SOURCE
from switchboard.interactions import read_steps
from switchboard.measuring import Course, ends, measurements, measuring
from switchboard.timers import Mark, Timer, queued_buckets

MEASURED = "measured"
"""Where the end of the last interval is, by the name of its rule."""


def measure(ports: Ports, rules: Sequence[Timer], now: float, until: float) -> int:
    """Tell what the queues are like; how many facts that was. Without a rule, one reads nothing.

    Raises:
        Unavailable: a store or the queue cannot be reached, or time ran out; the next round goes
            on where the last one ended.
    """
    timers = measuring(rules)
    if not timers:
        return 0
    last = {mark.place: mark.at for mark in ports.timers.read(MEASURED)}
    due = {one.name: ends(last.get(one.name), one.document.seconds, now) for one in timers}
    if not any(due.values()):
        return 0
    marks = [mark for bucket in queued_buckets() for mark in ports.timers.read(bucket)]
    courses = _courses(ports, marks, until)
    found = [
        fact
        for timer in timers
        for end in due[timer.name]
        for fact in measurements(timer, courses.values(), end)
    ]
    ordered = sorted(found, key=lambda fact: fact.time)
    ports.tell([(group_of_fact(fact), fact) for fact in ordered])
    last |= {name: some[-1] for name, some in due.items() if some}
    ports.timers.put([Mark(MEASURED, name, last[name]) for name in due if due[name]], now)
    horizon = min(last[one.name] for one in timers)
    over = {group for group, course in courses.items() if course.is_over(horizon)}
    ports.timers.delete([mark for mark in marks if mark.place in over])
    return len(found)


def _courses(ports: Ports, marks: Sequence[Mark], until: float) -> Mapping[str, Course]:
    """Every interaction that is marked; one that cannot be read is left out."""
    courses: dict[str, Course] = {}
    for mark in marks:
        if ports.clock() >= until:
            raise Unavailable(f"measuring queues: {len(marks)} interactions take too long")
        try:
            courses[mark.place] = Course(read_steps(ports.groups.of_group(mark.place)))
        except (ConfigurationError, DeliveryError):
            raise  # a store is away, for every group
        except Exception as error:  # noqa: BLE001 - whatever is wrong with this group
            ports.telemetry.count("timers_failed", source=OWN_SOURCE)
            ports.telemetry.warn(
                "an interaction is not measured", group=mark.place, why=repr(error)
            )
    return courses
