"""The verdict: is every event one record, in order, or a dead letter that was to be expected?

A pure function of what was sent, what arrived and what is dead.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from desk.demo.evidence import Arrival, Dead, Sent

DESTINATIONS = ("crm", "pager", "lake", "chat")
AT_MOST_ONCE = frozenset({"pager"})
"""Where an unanswered send must not be repeated: its record stands, and its dead letter is due."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong; nothing, where every promise held."""

    lost: Sequence[str] = ()
    twice: Sequence[str] = ()
    disorder: Sequence[str] = ()
    unexpected: Sequence[str] = ()
    dead_unpredicted: Sequence[str] = ()
    dead_missing: Sequence[str] = ()
    answers: Sequence[str] = ()
    delayed: Sequence[str] = ()
    unmet: Sequence[str] = ()
    denied: Sequence[str] = ()
    events: int = 0
    records: Mapping[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Each kind of problem that there is, with its cases."""
        kinds = [
            ("lost", self.lost),
            ("stored twice", self.twice),
            ("out of order", self.disorder),
            ("stored but not expected", self.unexpected),
            ("dead letters that nothing predicted", self.dead_unpredicted),
            ("dead letters that are missing", self.dead_missing),
            ("wrong answers to the sender", self.answers),
            ("delayed by another destination's trouble", self.delayed),
            ("trouble that was due and never came", self.unmet),
            ("AccessDenied", self.denied),
        ]
        return [(kind, cases) for kind, cases in kinds if cases]

    @property
    def holds(self) -> bool:
        """Whether every promise held."""
        return not self.problems


def judge(
    sent: Sequence[Sent],
    arrivals: Sequence[Arrival],
    dead: Sequence[Dead],
    delayed: Sequence[str] = (),
    unmet: Sequence[str] = (),
    denied: Sequence[str] = (),
) -> Verdict:
    """Hold what was sent against what arrived and what is dead."""
    expected = _expected(sent, "deliver")
    due = _expected(sent, "dead") | {
        (arrival.destination, arrival.id)
        for arrival in arrivals
        if arrival.destination in AT_MOST_ONCE and arrival.what.endswith("unanswered")
    }
    stored = Counter((a.destination, a.id) for a in arrivals if a.stored)
    buried = Counter((one.destination, one.id) for one in dead)
    return Verdict(
        lost=_named(expected - set(stored)),
        twice=_named({key for key, count in stored.items() if count > 1}),
        disorder=_disorder(arrivals),
        unexpected=_named(set(stored) - expected),
        dead_unpredicted=[
            f"{one.destination} {one.id}: {one.reason}"
            for one in dead
            if (one.destination, one.id) not in due
        ],
        dead_missing=_named(due - set(buried)),
        answers=[
            f"{one.source} {one.id}: answered {one.status}, expected {one.expect}"
            for one in sent
            if one.status != one.expect
        ],
        delayed=delayed,
        unmet=unmet,
        denied=denied,
        events=len({(one.source, one.id) for one in sent if one.expect == 202}),
        records=Counter(destination for destination, _ in stored),
    )


def _expected(sent: Sequence[Sent], what: str) -> set[tuple[str, str]]:
    return {
        (destination, one.id)
        for one in sent
        if one.expect == 202
        for destination in getattr(one, what)
    }


def _named(keys: set[tuple[str, str]]) -> list[str]:
    return [f"{destination} {event}" for destination, event in sorted(keys)]


def _disorder(arrivals: Sequence[Arrival]) -> list[str]:
    """Records of one interaction that were stored after a later one of it."""
    newest: dict[tuple[str, str], int] = defaultdict(lambda: -1)
    found: list[str] = []
    for arrival in sorted(arrivals, key=lambda one: one.at):
        if not arrival.stored:
            continue
        key = (arrival.destination, arrival.interaction)
        if arrival.sequence < newest[key]:
            found.append(f"{arrival.destination} {arrival.id}: after number {newest[key]}")
        newest[key] = max(newest[key], arrival.sequence)
    return found


SHARE_IN_TIME = 0.9


def delayed_by(
    sent: Sequence[Sent], arrivals: Sequence[Arrival], *, down: str, others: Sequence[str]
) -> list[str]:
    """Destinations that waited for `down` while it answered 503.

    Of the events that it had refused by the middle of that time, nine of ten must be stored at the
    others before it took anything again. Whatever the machine's load, these were on their way to
    all when `down` was asked; and who waits for it gets them when it is well.
    """
    ours = [a for a in arrivals if a.destination == down]
    refused = [a for a in ours if a.what == "503"]
    if not refused:
        return []
    began, ended = min(a.at for a in refused), max(a.at for a in refused)
    well = min((a.at for a in ours if a.stored and a.at > ended), default=ended)
    asked = {a.id for a in refused if a.at <= (began + ended) / 2}
    slow: list[str] = []
    for destination in others:
        wanted = {one.id for one in sent if one.id in asked and destination in one.deliver}
        in_time = {
            a.id for a in arrivals if a.destination == destination and a.stored and a.at < well
        }
        if wanted and len(wanted & in_time) < SHARE_IN_TIME * len(wanted):
            slow.append(f"{destination}: {len(wanted & in_time)} of {len(wanted)} in time")
    return slow


def unmet_trouble(
    due: Mapping[str, Collection[str]], injected: Mapping[str, Collection[str]]
) -> list[str]:
    """What should have gone wrong and did not: a run that broke nothing proves nothing."""
    return [
        f"{where}: {what}"
        for where, troubles in due.items()
        for what in sorted(set(troubles) - set(injected.get(where, ())))
    ]
