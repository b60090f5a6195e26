"""How a destination came back, from the stand-ins' log and the emulator's log of what SQS took.

Pure functions of what both wrote; the product's own word is in neither.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from desk.demo.evidence import Arrival, id_in


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that SQS took: the sender's own id of its event, when, and how many were ahead."""

    queue: str
    id: str
    at: float
    ahead: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """`waiting` messages were there when the destination gave its first good answer.

    It gave it `noticed` seconds after it was well again; `drained` seconds later the last one of
    those that waited was stored.
    """

    waiting: int
    noticed: float
    drained: float


def read_queued(path: Path) -> list[Queued]:
    """The emulator's log of sends; what was swallowed is no message."""
    found: dict[tuple[str, int], Queued] = {}
    with path.open() as lines:
        for text in lines:
            line = json.loads(text)
            name = id_in(json.loads(line["body"]))
            one = Queued(line["queue"], name, line["at"], line["ahead"])
            found.setdefault((line["queue"], line["sequence"]), one)
    return list(found.values())


def recovery(
    destination: str, well_at: float, arrivals: Sequence[Arrival], queued: Iterable[Queued]
) -> Recovery | None:
    """How `destination` recovered from what was over at `well_at`; None: it never stored again."""
    stored: dict[str, float] = {}
    for arrival in arrivals:
        if arrival.destination == destination and arrival.stored:
            stored[arrival.id] = min(arrival.at, stored.get(arrival.id, arrival.at))
    after = [at for at in stored.values() if at >= well_at]
    if not after:
        return None
    first = min(after)
    waited = {one.id for one in queued if one.at <= first and stored.get(one.id, first) >= first}
    drained = max((stored[name] for name in waited if name in stored), default=first)
    return Recovery(len(waited), first - well_at, drained - first)


def next_try(destination: str, arrivals: Sequence[Arrival]) -> float | None:
    """Seconds from the 429 of `destination` to the next try of the same event."""
    ours = sorted(
        (one for one in arrivals if one.destination == destination), key=lambda one: one.at
    )
    limited = next((one for one in ours if one.what == "429"), None)
    if limited is None:
        return None
    again = (one.at for one in ours if one.id == limited.id and one.at > limited.at)
    return next((at - limited.at for at in again), None)


def most_ahead(queued: Iterable[Queued]) -> Mapping[str, int]:
    """The most messages that one found ahead of it, by queue."""
    found: dict[str, int] = {}
    for one in queued:
        found[one.queue] = max(one.ahead, found.get(one.queue, 0))
    return found
