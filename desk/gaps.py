"""Gaps as an operator sees them: what waits behind a dead letter, and how it goes on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.dead_letters import DeadLetter, recorded_event
from desk.replay.plans import Replays
from desk.replay.selection import selected
from desk.target import Target, TargetError
from switchboard.aws.gap_table import GapTable
from switchboard.gaps import Gap, settle_gap
from switchboard.ledger import Entry, State
from switchboard.version import Version

LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OpenGap:
    """One group that waits. `held` are its deliveries behind the head."""

    group: str
    head: str
    head_state: str
    released: bool
    opened_at: float
    held: int


def ledger_gaps(target: Target) -> GapTable:
    """The gaps of a stage, with the operator's credentials."""
    table, dynamodb = str(target.core()["ledger_table"]), target.client("dynamodb")
    return GapTable(table, target.ledger_days(), time.time, dynamodb=dynamodb)


def open_gaps(target: Target, destination: str) -> Sequence[OpenGap]:
    """The groups that wait at a destination, the longest first."""
    gaps = ledger_gaps(target)
    return [
        _seen(gap, gaps.entries(gap.group, destination))
        for gap in sorted(gaps.open(destination), key=lambda gap: gap.opened_at)
    ]


def _seen(gap: Gap, entries: Sequence[Entry]) -> OpenGap:
    states = {entry.event_id: str(entry.state) for entry in entries}
    return OpenGap(
        group=gap.group,
        head=gap.head,
        head_state=states.get(gap.head, "gone"),
        released=gap.released,
        opened_at=gap.opened_at,
        held=sum(entry.state is State.HELD for entry in entries),
    )


def release(
    target: Target,
    destination: str,
    group: str,
    *,
    tell: Callable[[int], None],
    patience: float = 600.0,
) -> int:
    """Send what is held again, in order, and look again until the gap is closed.

    What arrives meanwhile is held as well, so that it overtakes nothing; each look sends it too.
    `tell` is called with how many were sent so far.

    Raises:
        TargetError: the head is still a dead letter, or another one became the head, or it takes
            longer than `patience` (what was sent goes on by itself; the command goes on as well).
    """
    gaps = ledger_gaps(target)
    sent: dict[str, int] = {}
    ends = time.monotonic() + patience
    while True:
        settle_gap(gaps, group, destination)
        gap = gaps.read(group, destination)
        if gap is None or gap.closed:
            return len(sent)
        entries = gaps.entries(group, destination)
        if not gap.released:
            raise TargetError(_blocked(gap, destination, _seen(gap, entries).head_state))
        waiting = _in_order(target, entries, sent)
        if waiting:
            _send(target, destination, group, waiting)
            sent.update({entry.event_id: entry.revision for entry in waiting})
            tell(len(sent))
        if time.monotonic() > ends:
            raise TargetError(
                f"{destination} has not taken everything of {group} yet; it goes on by itself. Run"
                " the command once more to send what was held meanwhile"
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _send(target: Target, destination: str, group: str, waiting: Sequence[Entry]) -> None:
    """Replay them in this order."""
    replays = Replays(target)
    selection = (selected(entry) for entry in waiting)
    planned = replays.keep(destination, selection, f"what is held of {group}")
    replays.follow(replays.start(planned.id), lambda _: None)


def _blocked(gap: Gap, destination: str, state: str) -> str:
    return (
        f"the head of {gap.group}, {gap.head[:12]}, is {state}: settle it first with `switchboard"
        f" dead replay {destination} {gap.head[:12]}`, then release what waits behind it"
    )


def _in_order(target: Target, entries: Sequence[Entry], sent: Mapping[str, int]) -> Sequence[Entry]:
    """Those that are held and were not sent since, the oldest first."""
    waiting = [
        entry
        for entry in entries
        if entry.state is State.HELD and sent.get(entry.event_id) != entry.revision
    ]
    versions = {
        entry.event_id: Version.of(recorded_event(target, _letter(entry))) for entry in waiting
    }
    return sorted(waiting, key=lambda entry: versions[entry.event_id])


def _letter(entry: Entry) -> DeadLetter:
    """A delivery as its event is looked for."""
    values: dict[str, Any] = {"reason_class": "", "reason": entry.reason, "advice": "", "at": ""}
    return DeadLetter(
        destination=entry.destination,
        group=entry.group,
        event_id=entry.event_id,
        attempts=entry.attempt,
        generation=entry.generation,
        lane=str(entry.lane),
        **values,
    )
