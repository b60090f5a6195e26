"""What a look at an interaction tells: that it is closed, and what has not happened. Pure.

Every fact is an event of ours with an id that follows from what it is about: the interaction, the
rule, and since when. Told again, late or twice, it is the same event, and is routed once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from switchboard.errors import EventError
from switchboard.event import OWN_SOURCE, Event, event_id, group_of, utc_text
from switchboard.interactions import (
    Interaction,
    Outcome,
    State,
    Steps,
    record_of,
    record_without_end,
)
from switchboard.interactions.ending import LEAVES
from switchboard.interactions.steps import moment
from switchboard.routing import is_true
from switchboard.sources.payloads import kept_id
from switchboard.timers import TOLD_AS, Rule, Timer, Waits, lost_end_due

CLOSED, REVISED = "closed", "revised"
MEASURED = TOLD_AS[Rule.QUEUE_MEASURED_EVERY]
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ABANDONED: "abandoned",
    Outcome.MISSED: "missed",
    Outcome.REFUSED: "missed",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a look tells. `again`: when to look at the latest, because it goes on."""

    facts: Sequence[Event]
    again: float | None = None


Called = Callable[[str, datetime], bool]
"""Whether a number was called since a time."""


def look(
    group: str, steps: Steps, timers: Sequence[Timer], waits: Waits, now: float, called: Called
) -> Look:
    """What is to be told of `group` now, and was not told yet."""
    record = record_of(steps)
    told = {step.version.event_id for step in steps if step.own}
    found = [*_closing(group, steps, record, waits, now)]
    for timer in timers:
        since = _since(timer.document.rule, record, called)
        if since is not None and since.timestamp() + timer.document.seconds <= now:
            found.append(_absent(group, timer, record, since))
    wanted = [fact for fact in found if fact.id not in told]
    again = _again(group, record, waits, now)
    return Look([fact for fact in wanted if is_wanted(fact, timers)], again)


def silences(timers: Sequence[Timer], heard: Mapping[str, float], now: float) -> list[Event]:
    """The sources that are silent for longer than a rule says, each once for each silence."""
    return [
        fact
        for timer in timers
        if timer.document.rule is Rule.SOURCE_SILENT_FOR
        for source, at in sorted(heard.items())
        if timer.document.source in (None, source) and now - at >= timer.document.seconds
        if is_wanted(fact := _silent(timer, source, at), timers)
    ]


def of_rule(timer: Timer, subject: str, since: datetime, data: Mapping[str, Any]) -> Event:
    """What a rule tells of a source or a queue, `since` when; the rule is added to `data`."""
    rule = timer.document.rule
    time = since + timedelta(seconds=timer.document.seconds)
    name = (rule, timer.name, str(timer.document.seconds), subject, utc_text(since))
    told = {**data, "timer": _rule_data(timer, since)}
    return _told(TOLD_AS[rule], name, time, kept_id(subject), told)


def is_wanted(fact: Event, timers: Sequence[Timer]) -> bool:
    """Whether the rule's predicate takes it; one that cannot say is told, rather than not."""
    name = fact.data.get("timer", {}).get("name")
    predicate = next((one.when for one in timers if one.name == name), None)
    if predicate is None:
        return True
    try:
        return is_true(predicate.evaluate(fact.model_dump(mode="json")))
    except EventError:
        return True


def group_of_fact(fact: Event) -> str:
    """The group of a fact that is about no interaction: a queue's figures are in their order."""
    return group_of(fact.id, fact.time, queue=fact.subject if fact.type == MEASURED else None)


def _closing(
    group: str, steps: Steps, record: Interaction, waits: Waits, now: float
) -> Iterator[Event]:
    """That it is closed, once it is; that what was told has changed."""
    if _goes_on(record):
        if _lost_at(record, waits) > now:
            return
        record, seconds = record_without_end(steps), waits.lost_end
    else:
        ends = [step.at for step in steps if not step.own and step.name in LEAVES]
        if not ends or max(ends) / 1000 + waits.grace > now:
            return
        seconds = waits.grace
    digest = record.content_digest
    told = [step for step in steps if step.own and step.told is not None]
    # Newer than every event that it was folded from, and than what was told before.
    last = record.last_event_at or moment(0)
    time = last + timedelta(seconds=seconds)
    if told and digest not in {step.told for step in told}:
        newer = moment(max(step.at for step in told) + 1)
        time = max(time, newer)
        yield _fact(group, REVISED, time, record, digest, digest)
    else:
        yield _fact(group, CLOSED, time, record, digest)
    if record.outcome in OUTCOMES:
        yield _fact(group, OUTCOMES[record.outcome], time, record, digest)


def _goes_on(record: Interaction) -> bool:
    """Whether no end was seen of an interaction that has events, also if it was told as closed."""
    return record.interaction is not None and (record.state is State.OPEN or record.end_lost)


def _lost_at(record: Interaction, waits: Waits) -> float:
    """When what goes on is given up, if nothing else is heard."""
    heard = record.last_event_at or moment(0)
    return heard.timestamp() + waits.lost_end


def _again(group: str, record: Interaction, waits: Waits, now: float) -> float | None:
    if not _goes_on(record) or _lost_at(record, waits) <= now:
        return None
    heard = _lost_at(record, waits) - waits.lost_end
    return lost_end_due(group, min(heard, now), waits)


def _fact(
    group: str, kind: str, time: datetime, record: Interaction, digest: str, *more: str
) -> Event:
    closed = record.model_copy(update={"state": State.CLOSED})
    data = {**closed.model_dump(mode="json"), "digest": digest}
    return _of_interaction(f"interaction.{kind}", (kind, group, *more), time, record, data)


def _absent(group: str, timer: Timer, record: Interaction, since: datetime) -> Event:
    rule = timer.document.rule
    name = (rule, timer.name, group, utc_text(since))
    time = since + timedelta(seconds=timer.document.seconds)
    data = {**record.model_dump(mode="json"), "timer": _rule_data(timer, since)}
    return _of_interaction(TOLD_AS[rule], name, time, record, data)


def _of_interaction(
    kind: str, name: tuple[str, ...], time: datetime, record: Interaction, data: Mapping[str, Any]
) -> Event:
    subject = None if record.interaction is None else kept_id(record.interaction)
    return _told(kind, name, time, subject, data, sequence=record.events)


def _silent(timer: Timer, source: str, at: float) -> Event:
    return of_rule(timer, source, datetime.fromtimestamp(at, UTC), {"source": source})


def _told(
    kind: str,
    name: tuple[str, ...],
    time: datetime,
    subject: str | None,
    data: Mapping[str, Any],
    sequence: int = 0,
) -> Event:
    named_by = "/".join(name)
    return Event(
        id=event_id(OWN_SOURCE, named_by),
        source=OWN_SOURCE,
        type=kind,
        subject=subject,
        time=time,
        data=data,
        sourceeventid=kept_id(named_by),
        sequence=sequence,
    )


def _rule_data(timer: Timer, since: datetime) -> dict[str, Any]:
    document = timer.document
    return {
        "name": timer.name,
        "rule": str(document.rule),
        "seconds": document.seconds,
        "since": utc_text(since),
    }


def _since(rule: Rule, record: Interaction, called: Called) -> datetime | None:
    """Since when a rule is true of an interaction; None: it is not."""
    match rule:
        case Rule.WAITING_LONGER_THAN:
            return record.waiting_since
        case Rule.UNANSWERED_FOR:
            is_open = record.state is State.OPEN and record.direction != "out"
            waits = is_open and record.answered_at is None
            return record.first_event_at if waits else None
        case Rule.NOT_CLOSED_WITHIN:
            return record.first_event_at if record.state is State.OPEN else None
        case Rule.NO_CALLBACK_WITHIN:
            return _not_called_back(record, called)
        case Rule.SOURCE_SILENT_FOR | Rule.QUEUE_MEASURED_EVERY:
            return None


def _not_called_back(record: Interaction, called: Called) -> datetime | None:
    ended, phone = record.ended_at, record.customer.phone
    if record.outcome not in OUTCOMES or ended is None or phone is None:
        return None
    return None if called(phone, ended) else ended
