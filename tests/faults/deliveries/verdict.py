"""What a cell's evidence says: pure. The ledger is read only for what it owns up to."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from switchboard.destination import Repeat
from switchboard.errors import ReasonClass
from switchboard.ledger import Entry, State
from tests.faults.deliveries.vendor import Stored

SAFE = frozenset({Repeat.NATIVE, Repeat.READ_BACK})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cell left behind. `in_doubt` are events after a send of which nobody could say."""

    expected: Sequence[tuple[str, str]]
    stored: Sequence[Stored]
    entries: Sequence[Entry]
    in_doubt: Collection[str]
    injected: Mapping[str, int]
    repeat: Repeat
    ordered: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of one cell; `problems` are sentences, none where all holds.

    `owned_up` are the deliveries that the ledger calls possible duplicates, or of unknown outcome.
    """

    deliveries: int
    injected: int
    lost: int
    duplicates: int
    owned_up: int
    overtakings: int
    problems: tuple[str, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


def judge(evidence: Evidence) -> Verdict:
    """Whether every delivery is one record in its order, or is owned up to."""
    stored = Counter(one.event for one in evidence.stored)
    owned_up = _owned_up(evidence)
    expected = {event for event, _ in evidence.expected}
    given_up = owned_up if evidence.repeat is Repeat.AT_MOST_ONCE else set()
    lost = expected - set(stored) - given_up
    twice = {event for event, count in stored.items() if count > 1}
    unowned = twice - owned_up if evidence.repeat is Repeat.AT_LEAST_ONCE else twice
    in_doubt = set(evidence.in_doubt)
    undoubted = owned_up - in_doubt if evidence.repeat in SAFE else owned_up ^ in_doubt
    overtakings = _overtakings(evidence, owned_up) if evidence.ordered else 0
    unfinished = expected - {entry.event_id for entry in evidence.entries if entry.is_final}
    uninjected = sorted(name for name, count in evidence.injected.items() if not count)
    other_dead = _dead(evidence) - owned_up
    found = {
        f"lost {len(lost)}": lost,
        f"stored twice {len(unowned)}": unowned,
        f"owned up to what was not injected, or the other way: {len(undoubted)}": undoubted,
        f"overtakings {overtakings}": overtakings,
        f"not ended in the ledger: {len(unfinished)}": unfinished,
        f"dead without a reason that was injected: {len(other_dead)}": other_dead,
        f"never sent, and stored: {len(set(stored) - expected)}": set(stored) - expected,
        f"no fault was injected: {', '.join(uninjected)}": uninjected,
    }
    return Verdict(
        deliveries=len(expected),
        injected=sum(evidence.injected.values()),
        lost=len(lost),
        duplicates=len(twice),
        owned_up=len(owned_up),
        overtakings=overtakings,
        problems=tuple(problem for problem, is_there in found.items() if is_there),
        counts=dict(evidence.injected),
    )


def _owned_up(evidence: Evidence) -> set[str]:
    """What the ledger says it cannot know."""
    if evidence.repeat is Repeat.AT_MOST_ONCE:
        return {
            entry.event_id
            for entry in evidence.entries
            if entry.state is State.DEAD and entry.reason_class is ReasonClass.UNKNOWN
        }
    return {entry.event_id for entry in evidence.entries if entry.possible_duplicates}


def _dead(evidence: Evidence) -> set[str]:
    return {entry.event_id for entry in evidence.entries if entry.state is State.DEAD}


def _overtakings(evidence: Evidence, owned_up: set[str]) -> int:
    """Of how many records, where each was first stored, a later one of its group was there.

    At most once: what was given up as unknown may come in late, from an execution that was thought
    to be dead.
    """
    excused = owned_up if evidence.repeat is Repeat.AT_MOST_ONCE else set()
    newest: dict[str, int] = {}
    seen: set[str] = set()
    count = 0
    for one in evidence.stored:
        if one.event in seen or one.event in excused:
            continue
        seen.add(one.event)
        before = newest.get(one.group, -1)
        count += one.number < before
        newest[one.group] = max(before, one.number)
    return count
