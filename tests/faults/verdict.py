"""What a cell's evidence says: pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from switchboard.event import utc_text
from tests.faults.evidence import Evidence, Published, Taken


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts of one cell; `problems` are sentences, none where all holds.

    `duplicates` were taken more than once under one id, and go by it: `swallowed` by SQS within
    its five minutes, the others by the `events` table. `gaps` are events that tell of a hole,
    `trimmed` the messages that retention removed unread.
    """

    events: int
    injected: int
    lost: int
    duplicates: int
    swallowed: int
    overtakings: int
    gaps: int
    trimmed: int
    problems: tuple[str, ...]


def judge(evidence: Evidence, least: int) -> Verdict:
    """Whether everything that was published arrived, once by its id, and in its order."""
    published = {one.sha256: one for one in evidence.published}
    gaps = [one for one in evidence.taken if one.span is not None]
    taken = [one for one in evidence.taken if one.span is None]
    arrived = taken if evidence.routed is None else evidence.routed
    there = {one.sha256 for one in arrived}
    missing = [one for one in evidence.published if one.sha256 not in there]
    removed = {one.sha256 for one in evidence.published[: evidence.removed]}
    lost = [one for one in missing if one.sha256 not in removed]
    trimmed = [one for one in missing if one.sha256 in removed]
    untold = [one for one in trimmed if not any(_tells_of(gap, one) for gap in gaps)]
    overtakings = _overtakings(arrived, published, evidence.swapped)
    uninjected = [name for name, times in evidence.injected.items() if not times]
    found = {
        f"{len(published)} events, fewer than {least}": len(published) < least,
        f"lost {len(lost)}": lost,
        f"overtakings {overtakings}": overtakings,
        f"events with two ids: {(renamed := _renamed(taken))}": renamed,
        f"events that were never published: {(foreign := _foreign(taken, published))}": foreign,
        "retention removed nothing unread": evidence.removed and not trimmed,
        f"removed by retention, and no gap tells of them: {len(untold)}": untold,
        f"no fault was injected: {', '.join(uninjected)}": uninjected or not evidence.injected,
    }
    return Verdict(
        events=len(published),
        injected=sum(evidence.injected.values()),
        lost=len(lost),
        duplicates=len(taken) - len({(one.sha256, one.event_id) for one in taken}),
        swallowed=len(taken) - len({(one.queue, one.sequence) for one in taken}),
        overtakings=overtakings,
        gaps=len({gap.event_id for gap in gaps}),
        trimmed=len(trimmed),
        problems=tuple(problem for problem, is_there in found.items() if is_there),
    )


def _renamed(taken: Sequence[Taken]) -> int:
    return len({(one.sha256, one.event_id) for one in taken}) - len({one.sha256 for one in taken})


def _foreign(taken: Sequence[Taken], published: dict[str, Published]) -> int:
    return len({one.sha256 for one in taken} - published.keys())


def _overtakings(
    arrived: Sequence[Taken],
    published: dict[str, Published],
    swapped: Sequence[tuple[str, str]],
) -> int:
    """Of how many events, where each first arrived, a later one of its line was there before."""
    excused = set(swapped)
    newest: dict[str, Published] = {}
    seen: set[str] = set()
    count = 0
    for one in arrived:
        event = published.get(one.sha256)
        if event is None or one.sha256 in seen:
            continue
        seen.add(one.sha256)
        before = newest.get(event.line)
        if before is None or before.place < event.place:
            newest[event.line] = event
        elif (before.message_id, event.message_id) not in excused:
            count += 1
    return count


def _tells_of(gap: Taken, event: Published) -> bool:
    at = utc_text(datetime.fromtimestamp(event.at / 1000, UTC))
    return gap.span is not None and gap.span[0] <= at <= gap.span[1]
