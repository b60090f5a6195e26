"""Timers: when interactions are looked at again, because of what has not happened by then. Pure.

A timer is no more than a group and a time: what is told then follows from the interaction as it is
at that time (`switchboard.absence`). An event that makes a rule untrue therefore cancels it, and
one that moves an end moves what waits for it, without being written anywhere else.

All of it is in one table, by bucket and place. A bucket of timers is one minute and one shard.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from switchboard.event import OWN_SOURCE, Event, digest, utc_text
from switchboard.interactions.ending import LEAVES
from switchboard.interactions.steps import PREFIX
from switchboard.mapping import Expression, compile_expression

MINUTE = 60
SHARDS = 4
LONGEST_SECONDS = 7 * 24 * 60 * 60
SHORTEST_SILENCE = 120
LONGEST_INTERVAL = 60 * MINUTE
DEFAULT_GRACE_SECONDS = 60
HOUR = 60 * MINUTE
LOST_END_PARTS = 24
HEARD = "heard"
QUEUED = "queued"


class Rule(StrEnum):
    """What has not happened; and that queues are measured."""

    WAITING_LONGER_THAN = "waiting_longer_than"
    UNANSWERED_FOR = "unanswered_for"
    NOT_CLOSED_WITHIN = "not_closed_within"
    NO_CALLBACK_WITHIN = "no_callback_within"
    SOURCE_SILENT_FOR = "source_silent_for"
    QUEUE_MEASURED_EVERY = "queue_measured_every"


TOLD_AS: Mapping[Rule, str] = {
    Rule.WAITING_LONGER_THAN: "interaction.waiting_too_long",
    Rule.UNANSWERED_FOR: "interaction.unanswered",
    Rule.NOT_CLOSED_WITHIN: "interaction.not_closed",
    Rule.NO_CALLBACK_WITHIN: "interaction.not_called_back",
    Rule.SOURCE_SILENT_FOR: "source.silent",
    Rule.QUEUE_MEASURED_EVERY: "queue.measured",
}
SET_BY: Mapping[Rule, frozenset[str]] = {
    Rule.WAITING_LONGER_THAN: frozenset({"interaction.queued", "interaction.rejected"}),
    Rule.UNANSWERED_FOR: frozenset({"interaction.created"}),
    Rule.NOT_CLOSED_WITHIN: frozenset({"interaction.created"}),
    Rule.NO_CALLBACK_WITHIN: frozenset({"interaction.deleted"}),
    Rule.SOURCE_SILENT_FOR: frozenset(),
    Rule.QUEUE_MEASURED_EVERY: frozenset(),
}
CLOSES = frozenset(PREFIX + name for name in LEAVES)
"""Whichever of them comes last is the end that the grace period begins with."""


class TimerDocument(BaseModel):
    """A rule: what is told when something has not happened for so long, or each time it is over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Rule = Field(description="What has not happened, or is measured.")
    seconds: int = Field(ge=1, le=LONGEST_SECONDS, description="For how long, or how often.")
    when: str = Field(
        default="`true`",
        description="A predicate over the event that would be told; it is told where this is true.",
    )
    source: str | None = Field(
        default=None, description="Of source_silent_for: the source; without it, every one."
    )

    @model_validator(mode="after")
    def _of_its_rule(self) -> Self:
        silence = self.rule is Rule.SOURCE_SILENT_FOR
        if self.source is not None and not silence:
            raise ValueError("source is for source_silent_for")
        if silence and self.seconds < SHORTEST_SILENCE:
            raise ValueError(f"source_silent_for takes {SHORTEST_SILENCE} seconds or more")
        if self.rule is Rule.QUEUE_MEASURED_EVERY and (
            self.seconds % MINUTE or self.seconds > LONGEST_INTERVAL
        ):
            raise ValueError("queue_measured_every takes whole minutes, up to an hour")
        return self


@dataclass(frozen=True, slots=True)
class Timer:
    """A rule by its name, its predicate compiled."""

    name: str
    document: TimerDocument
    when: Expression


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds it takes until an interaction is closed.

    `grace` after its last end; `lost_end` after the last event of one whose end was not seen.
    """

    grace: int
    lost_end: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An item of the table. `at` is in epoch seconds, where the place does not say the time."""

    bucket: str
    place: str
    at: float = 0.0


class TimerStore(Protocol):
    """The `timers` table."""

    def put(self, marks: Collection[Mark], now: float) -> None:
        """Write `marks`; one that is there already is written over.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def read(self, bucket: str, *, after: str = "", until: str = "~") -> Sequence[Mark]:
        """A bucket's marks in the order of their places, between `after` and `until`.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...

    def delete(self, marks: Collection[Mark]) -> None:
        """Delete `marks`; one that is gone is no matter.

        Raises:
            Unavailable: the table cannot be reached.
        """
        ...


def compile_timer(name: str, text: str) -> Timer:
    """The timer in a document's text, called `timers/{name}`; raises ConfigurationError."""
    from switchboard.configuration import parse_document

    document = parse_document(TimerDocument, f"timers/{name}", text)
    return Timer(name, document, compile_expression(document.when))


def looks(event: Event, timers: Sequence[Timer], grace: int, now: float) -> frozenset[float]:
    """The times at which the interaction of `event` is to be looked at, in epoch seconds.

    An event that comes so late that its interaction may be told as closed is a reason to look; but
    not before the others that are as late had time to come, such as those of a catch-up.
    """
    if not is_heard(event):
        return frozenset()
    at = event.time.timestamp()
    due = {at + one.document.seconds for one in timers if event.type in SET_BY[one.document.rule]}
    if event.type in CLOSES:
        due.add(at + grace)
    if now - at > grace:
        soonest = float(-(-(now + grace) // MINUTE) * MINUTE)
        due = {soonest, *(max(one, soonest) for one in due)}
    return frozenset(min(one, now + LONGEST_SECONDS) for one in due)


def is_heard(event: Event) -> bool:
    """Whether `event` tells of an interaction, and is no fact of ours."""
    return event.source != OWN_SOURCE and event.type.startswith(PREFIX)


def lost_end_due(group: str, heard: float, waits: Waits) -> float:
    """When to look whether the end of what was `heard` of then is lost: no sooner than that.

    Rounded up, so that the events of one interaction name one time, which is one item however
    often it is written; for each group in a way of its own, so that not all are due at once.
    """
    step = waits.lost_end // LOST_END_PARTS
    phase = int(digest(group)[:8], 16) % step
    return math.ceil((heard + waits.lost_end - phase) / step) * step + phase


def timer_mark(group: str, due: float, now: float) -> Mark:
    """A timer of `group`. One that is due already is put where it is still found."""
    minute = int(max(due, now) // MINUTE)
    return Mark(bucket(minute, shard_of(group)), f"{_text(due)}#{group}")


def group_of_mark(mark: Mark) -> str:
    """The group that a timer is for."""
    return mark.place.partition("#")[2]


def due_until(now: float) -> str:
    """The places of a bucket that are due by now are up to this one."""
    return f"{_text(now)}~"


def bucket(minute: int, shard: int) -> str:
    """The bucket of one minute and shard."""
    return f"{_text(minute * MINUTE)}#{shard}"


def buckets(minute: int) -> Iterator[str]:
    """Every bucket of a minute."""
    return (bucket(minute, shard) for shard in range(SHARDS))


def shard_of(group: str) -> int:
    """Shards keep a busy minute from being one partition."""
    return int(digest(group)[:4], 16) % SHARDS


def queued_mark(event: Event, group: str, timers: Sequence[Timer]) -> Mark | None:
    """That an interaction is to be measured with its queue, where a rule asks for it."""
    measures = any(one.document.rule is Rule.QUEUE_MEASURED_EVERY for one in timers)
    if not measures or event.type != "interaction.queued" or event.source == OWN_SOURCE:
        return None
    return Mark(f"{QUEUED}#{shard_of(group)}", group)


def queued_buckets() -> Iterator[str]:
    """Where the interactions are that are to be measured."""
    return (f"{QUEUED}#{shard}" for shard in range(SHARDS))


def called_mark(event: Event, timers: Sequence[Timer]) -> Mark | None:
    """That a customer is called, where a rule asks for it and `event` begins a call that goes out.

    The number is hashed: it is looked for, never read.
    """
    data = event.data if isinstance(event.data, dict) else {}
    if event.type != "interaction.created" or data.get("direction") != "out":
        return None
    if not any(one.document.rule is Rule.NO_CALLBACK_WITHIN for one in timers):
        return None
    customer = data.get("customer")
    phone = customer.get("phone") if isinstance(customer, dict) else None
    return Mark(called_bucket(phone), utc_text(event.time)) if isinstance(phone, str) else None


def called_bucket(phone: str) -> str:
    """Where the calls to a number are, however it is written."""
    return f"called#{digest(''.join(filter(str.isdigit, phone)))}"


def listens(timers: Sequence[Timer], source: str) -> bool:
    """Whether a rule asks when `source` was heard last."""
    return source != OWN_SOURCE and any(
        one.document.rule is Rule.SOURCE_SILENT_FOR and one.document.source in (None, source)
        for one in timers
    )


def _text(seconds: float) -> str:
    return utc_text(datetime.fromtimestamp(seconds, UTC))
