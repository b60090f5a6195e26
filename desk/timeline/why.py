"""Why a destination has an event or not, where the delivery is, and what to do. Pure.

What was chosen is recorded with the event, and the version of the document that chose it. What was
not chosen has no record; it is judged again by the versions of the document that were good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desk.records.events import Kept
from desk.timeline.predicate import Part, parts, takes
from desk.timeline.standing import QUEUED, clock, sentence
from switchboard.breaker import Breaker, DestinationState
from switchboard.configuration import parse_document
from switchboard.errors import EventError, SwitchboardError
from switchboard.gathering import Gather, nothing_to_gather
from switchboard.ledger import Entry, State
from switchboard.routing import RouteDocument
from switchboard.sources.delivering import DeliveryRule


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known around one event and one destination.

    `versions` are the texts of the destination's document that were found good, by version;
    `event` is the event as predicates see it, None where it is kept nowhere; `gather` finds the
    reference data that they ask for, as it is now.
    """

    stage: str
    destination: str
    now: float
    deployed: bool
    event: dict[str, Any] | None
    versions: Mapping[int, str]
    current: str | None = None
    rule: DeliveryRule = field(default_factory=DeliveryRule)
    state: DestinationState = field(default_factory=DestinationState)
    in_queue: int = 0
    in_dead_queue: int = 0
    gather: Gather = nothing_to_gather


@dataclass(frozen=True, slots=True)
class Answer:
    """Why. `parts` are those of the predicate; `next` are commands."""

    taken: bool
    why: str
    state: str
    where: str
    version: int | None = None
    predicate: str = ""
    parts: Sequence[Part] = ()
    next: Sequence[str] = ()


def explain(kept: Kept, entry: Entry | None, around: Circumstances) -> Answer:
    """The answer for one event and one destination."""
    choice = next((one for one in kept.choices if one.name == around.destination), None)
    if choice is None:
        return _not_taken(kept, entry, around)
    predicate = _predicate(around.versions.get(choice.version), around.destination)
    state, where, commands = _where(kept, entry, around)
    return Answer(
        taken=True,
        why=f"version {choice.version} of its document took it",
        state=state,
        where=where,
        version=choice.version,
        predicate=predicate,
        parts=_parts(predicate, around),
        next=commands,
    )


def _not_taken(kept: Kept, entry: Entry | None, around: Circumstances) -> Answer:
    if entry is not None:
        return _unchosen(entry, around)
    if kept.held or kept.discarded:
        return _at_source(kept, around)
    nowhere = "there is no delivery"
    if not around.deployed:
        why = "no such destination is deployed"
        return Answer(False, why, "none", nowhere)
    if not around.rule.takes(datetime.fromisoformat(kept.time)):
        return Answer(
            False,
            f"the source {kept.source} is recorded only: its document's `deliver`, `deliver_from`"
            " or `deliver_until` excludes the event",
            "none",
            nowhere,
            next=(_apply(around),),
        )
    return _judged_again(around, nowhere)


def _at_source(kept: Kept, around: Circumstances) -> Answer:
    """It never came further than a source that was paused."""
    if kept.held:
        why = "nobody was asked yet: destinations are chosen when the event is released"
        return Answer(False, why, str(State.HELD), _held(kept), next=(_resume(kept, around),))
    why = "it was discarded by command while the source that held it was paused"
    return Answer(False, why, str(State.DISCARDED), "there is no delivery")


def _unchosen(entry: Entry, around: Circumstances) -> Answer:
    """There is a delivery, although the document did not choose the event."""
    if entry.state is not State.DEAD:
        why = "its document did not choose it; it was sent there by a command"
        return Answer(False, why, str(entry.state), sentence(entry, around.now))
    return Answer(
        False,
        "its predicate failed on this event, so that nobody could say whether it takes it",
        str(entry.state),
        sentence(entry, around.now),
        next=(_dead("show", entry, around), _apply(around), _dead("replay", entry, around)),
    )


def _judged_again(around: Circumstances, nowhere: str) -> Answer:
    """Which of the good versions refuses it, from the newest on."""
    if not around.versions:
        why = (
            "the destination has no document that was ever good"
            if around.current
            else "the destination was not configured: it had no document"
        )
        return Answer(False, why, "none", nowhere, next=(_apply(around),))
    if around.event is None:
        why = "it was not chosen; the event is too large to be judged again here"
        return Answer(False, why, "none", nowhere)
    newest = max(around.versions)
    for version in sorted(around.versions, reverse=True):
        predicate = _predicate(around.versions[version], around.destination)
        if not _takes(predicate, around.event, around.gather):
            later = f"; version {newest} would take it now" if version != newest else ""
            return Answer(
                False,
                f"version {version} of its document does not take it{later}",
                "none",
                nowhere,
                version,
                predicate,
                _parts(predicate, around),
                (_apply(around),),
            )
    why = f"it came before the destination had a document; version {newest} would take it now"
    return Answer(False, why, "none", nowhere, newest, _predicate(around.versions[newest], ""))


def _where(
    kept: Kept, entry: Entry | None, around: Circumstances
) -> tuple[str, str, Sequence[str]]:
    stage = f"--stage {around.stage}"
    resume = f"switchboard destinations resume {around.destination} {stage}"
    if entry is None and kept.held:
        return str(State.HELD), _held(kept), (_resume(kept, around),)
    if entry is None and not around.deployed:
        return "none", "nowhere: the destination is not deployed", ()
    if entry is None or not entry.is_final:
        said = sentence(entry, around.now) if entry else _queued(around)
        state = str(entry.state) if entry else QUEUED
        held_up = _held_up(around)
        return state, "; ".join([said, *held_up]), (resume,) if around.state.paused else ()
    behind = "; it waits behind a dead letter of its group" if entry.state is State.HELD else ""
    return str(entry.state), sentence(entry, around.now) + behind, _after(entry, around)


def _held(kept: Kept) -> str:
    said = f"held: the source {kept.held_by} was paused"
    return said if kept.held_by == kept.source else f"{said}, and holds what it follows"


def _resume(kept: Kept, around: Circumstances) -> str:
    return f"switchboard sources resume {kept.held_by} --stage {around.stage}"


def _queued(around: Circumstances) -> str:
    said = f"no attempt yet: it is among the {around.in_queue} messages of its queue"
    if around.in_queue:
        return said
    said = "the ledger has no entry and the queue is empty"
    if around.in_dead_queue:
        return f"{said}; its dead-letter queue has {around.in_dead_queue} messages"
    return f"{said}: `switchboard prove` looks for it"


def _held_up(around: Circumstances) -> list[str]:
    state = around.state
    return [
        text
        for holds, text in (
            (state.paused, "the destination is paused"),
            (
                state.breaker is not Breaker.CLOSED,
                f"its breaker is {state.breaker}, the next probe comes {clock(state.until)}",
            ),
            (
                state.not_before > around.now,
                f"it asked for no requests until {clock(state.not_before)}",
            ),
        )
        if holds
    ]


def _after(entry: Entry, around: Circumstances) -> Sequence[str]:
    match entry.state:
        case State.DEAD:
            return (_dead("show", entry, around), _dead("replay", entry, around))
        case State.HELD:
            stage = f"--stage {around.stage}"
            return (
                f"switchboard dead held {around.destination} {stage}",
                f"switchboard dead release {around.destination} {entry.group} {stage}",
            )
        case _:
            return ()


def _dead(verb: str, entry: Entry, around: Circumstances) -> str:
    named = f"{around.destination} {entry.event_id[:12]}"
    return f"switchboard dead {verb} {named} --stage {around.stage}"


def _apply(around: Circumstances) -> str:
    return f"switchboard apply documents --stage {around.stage}"


def _predicate(text: str | None, destination: str) -> str:
    if text is None:
        return ""
    return parse_document(RouteDocument, f"destinations/{destination}", text).when


def _takes(predicate: str, event: dict[str, Any], gather: Gather) -> bool:
    try:
        return takes(predicate, event, gather)
    except EventError:
        return False


def _parts(predicate: str, around: Circumstances) -> Sequence[Part]:
    if not predicate or around.event is None:
        return ()
    try:
        return parts(predicate, around.event, around.gather)
    except SwitchboardError:
        return ()
