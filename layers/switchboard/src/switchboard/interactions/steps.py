"""What the fold takes from one event: a value, so that a group's events form a set.

A set of steps is a partial fold: joining two is `|`, in any order and any number of times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from switchboard.event import OWN_SOURCE, Event
from switchboard.version import Version

PREFIX = "interaction."
LATEST = (
    "interaction",
    "original_interaction",
    "transaction",
    "direction",
    "media",
    "channel",
    "campaign",
    "priority",
    "disposition",
    "notes",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One event: its version, its type without `interaction.`, and what it says.

    `said` holds the values of which the newest counts. `own`: Switchboard told it, and
    `told` is the digest of the record as it was told.
    """

    version: Version
    name: str
    own: bool
    agent: str | None
    flag: bool | None
    recording: str | None
    rejection: str | None
    queue: tuple[str, str | None] | None
    queued: bool | None
    participants: tuple[str, ...]
    wrap_up: tuple[tuple[str, str], ...]
    said: tuple[tuple[str, str | int], ...]
    told: str | None = None

    def __hash__(self) -> int:
        return hash(self.version.event_id)

    @property
    def at(self) -> int:
        """Its time in milliseconds."""
        return self.version.milliseconds


Steps: TypeAlias = frozenset[Step]


def moment(milliseconds: int) -> datetime:
    """A step's time as a time."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def read_steps(events: Iterable[Event]) -> Steps:
    """The steps of those events that are an interaction's."""
    return frozenset(_step(event) for event in events if event.type.startswith(PREFIX))


def _step(event: Event) -> Step:
    data = _object(event.data)
    flags = {"hold.changed": "held", "mute.changed": "muted"}
    name = event.type.removeprefix(PREFIX)
    flag = data.get(flags.get(name, ""))
    return Step(
        version=Version.of(event),
        name=name,
        own=event.source == OWN_SOURCE,
        agent=_text(data.get("agent")),
        flag=flag if isinstance(flag, bool) else None,
        recording=_text(data.get("recording")),
        rejection=_text(data.get("rejection")),
        queue=_queue(data),
        queued=False if data.get("queued") is False else None,
        participants=_texts(data.get("participants")),
        wrap_up=_wrap_up(data.get("wrap_up")),
        said=tuple(_said(data)),
        told=_text(data.get("digest")) if event.source == OWN_SOURCE else None,
    )


def _said(data: Mapping[str, Any]) -> Iterable[tuple[str, str | int]]:
    nested = (("customer", ("phone", "name", "email")), ("hangup", ("by", "reason")))
    for name in LATEST:
        value = data.get(name)
        if isinstance(value, str | int) and value != "":
            yield name, value
    for name, parts in nested:
        inner = _object(data.get(name))
        for part in parts:
            if found := _text(inner.get(part)):
                yield f"{name}.{part}", found


def _queue(data: Mapping[str, Any]) -> tuple[str, str | None] | None:
    found = _text(data.get("queue"))
    return None if found is None else (found, _text(data.get("queue_name")))


def _wrap_up(value: Any) -> tuple[tuple[str, str], ...]:
    items = map(_object, value if isinstance(value, list) else ())
    pairs = ((_text(item.get("list")), _text(item.get("item"))) for item in items)
    return tuple((one, other) for one, other in pairs if one and other)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
