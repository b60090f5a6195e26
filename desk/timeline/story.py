"""The timeline of a group: its events and their deliveries in the order of time. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from desk.records.events import Kept
from desk.records.ledger import GroupLedger
from desk.timeline.standing import QUEUED, clock, sentence
from switchboard.interactions import Interaction, fold
from switchboard.ledger import Entry, State

GAPS = frozenset({State.DEAD, State.DISCARDED})


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline.

    `what` is `event`, `attempt` (the first one) or `delivery` (how it stands). `after_gap` names
    earlier events of the group that this destination has not got.
    """

    at: str
    what: str
    event_id: str
    who: str
    state: str
    text: str
    after_gap: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """A group's timeline. `marks` are the ledger's other items: gaps that hold, and guards.

    `interaction` is the record that its events fold to; None: they are of no interaction.
    """

    group: str
    moments: Sequence[Moment]
    marks: Sequence[str]
    interaction: Interaction | None = None


def story(group: str, events: Sequence[Kept], ledger: GroupLedger, now: float) -> Story:
    """Everything that is known of a group, in the order of time."""
    moments = [*_events(events), *_queued(events, ledger), *_deliveries(events, ledger, now)]
    unread = [f"{name} (a later release wrote it)" for name in ledger.unread]
    record = fold(kept.event for kept in events if kept.event is not None)
    folded = record if record.events else None
    return Story(group, sorted(moments, key=_order), [*ledger.marks, *unread], folded)


_STEPS = ("event", "attempt", "delivery")


def _order(moment: Moment) -> tuple[str, int, str, str]:
    return moment.at, _STEPS.index(moment.what), moment.event_id, moment.who


def _events(events: Sequence[Kept]) -> Iterator[Moment]:
    for kept in events:
        parts = [
            kept.type,
            f"about {kept.event.subject}" if kept.event and kept.event.subject else "",
            f"received {kept.received_at}" if kept.received_at else "",
            _for_whom(kept),
        ]
        text = "; ".join(part for part in parts if part)
        state = str(State.HELD) if kept.held else ""
        yield Moment(kept.time, "event", kept.key.event_id, kept.source, state, text)


def _for_whom(kept: Kept) -> str:
    if kept.held or kept.discarded:
        where = "its source" if kept.held_by in ("", kept.source) else f"the source {kept.held_by}"
        return f"{'held' if kept.held else 'discarded'} at {where}"
    return f"for {', '.join(choice.name for choice in kept.choices) or 'nobody'}"


def _queued(events: Sequence[Kept], ledger: GroupLedger) -> Iterator[Moment]:
    known = {(entry.event_id, entry.destination) for entry in ledger.entries}
    for kept in events:
        for choice in kept.choices:
            if (kept.key.event_id, choice.name) not in known and not kept.held:
                text = "no attempt yet: it waits in the queue"
                at = kept.received_at or kept.time
                yield Moment(at, "delivery", kept.key.event_id, choice.name, QUEUED, text)


def _deliveries(events: Sequence[Kept], ledger: GroupLedger, now: float) -> Iterator[Moment]:
    gaps = after_gaps(events, ledger.entries)
    for entry in ledger.entries:
        name, who = entry.event_id, entry.destination
        if entry.attempt > 1 and entry.first_attempt_at < entry.updated_at:
            yield Moment(clock(entry.first_attempt_at), "attempt", name, who, "", "first attempt")
        yield Moment(
            clock(entry.updated_at),
            "delivery",
            name,
            who,
            str(entry.state),
            sentence(entry, now),
            gaps.get((name, who), ()),
        )


def after_gaps(
    events: Sequence[Kept], entries: Sequence[Entry]
) -> Mapping[tuple[str, str], Sequence[str]]:
    """Delivered entries, and the earlier events of the group which their destination misses."""
    found = {(entry.event_id, entry.destination): entry for entry in entries}
    missing: dict[str, list[str]] = {}
    gaps: dict[tuple[str, str], Sequence[str]] = {}
    for kept in sorted(events, key=_version):
        for (event_id, destination), entry in found.items():
            if event_id != kept.key.event_id:
                continue
            if entry.state in GAPS:
                missing.setdefault(destination, []).append(event_id)
            elif entry.state is State.DELIVERED and destination in missing:
                gaps[event_id, destination] = tuple(missing[destination])
    return gaps


def _version(kept: Kept) -> tuple[str, int, str]:
    sequence = kept.event.sequence if kept.event else 0
    return kept.time, sequence, kept.key.event_id
