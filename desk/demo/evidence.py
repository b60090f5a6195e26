"""What a run left behind: the sender's log, the stand-ins' log, the lake and the dead letters."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Sent:
    """One line of the sender's log."""

    source: str
    id: str
    interaction: str
    sequence: int
    sent_at: float
    taken_at: float
    attempts: int
    status: int
    expect: int
    deliver: Sequence[str]
    dead: Sequence[str]
    repeat: bool
    spoil: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that reached a stand-in or the lake; `what` says what became of it there."""

    destination: str
    at: float
    id: str
    interaction: str
    sequence: int
    stored: bool
    what: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter: the destination of its reason, and the sender's own id of its event."""

    destination: str
    id: str
    reason: str


def read_sent(path: Path) -> list[Sent]:
    """The sender's log."""
    return [Sent(**line) for line in _lines(path)]


def read_arrivals(path: Path) -> list[Arrival]:
    """The stand-ins' log."""
    return [
        Arrival(
            destination=line["destination"],
            at=line["at"],
            id=line["id"] or "",
            interaction=line["interaction"] or "",
            sequence=line["sequence"] or 0,
            stored=line["stored"],
            what=line["what"],
            body=line.get("body", ""),
        )
        for line in _lines(path)
    ]


def read_lake(objects: Mapping[str, bytes], calls: Sequence[Mapping[str, Any]]) -> list[Arrival]:
    """The lake's objects by key, in the order of the emulator's log of their PUTs."""
    arrivals: list[Arrival] = []
    for call in calls:
        if call["action"] != "PutObject" or call["status"] != 200:
            continue
        key = str(call["resource"]).split(":::", 1)[1].partition("/")[2]
        if key not in objects:
            continue
        text = objects[key].decode()
        demo = find_demo(json.loads(text)) or {}
        arrivals.append(
            Arrival(
                destination="lake",
                at=call["at"],
                id=str(demo.get("id", "")),
                interaction=str(demo.get("interaction", "")),
                sequence=int(demo.get("sequence", 0)),
                stored=True,
                what="stored",
                body=text,
            )
        )
    return arrivals


def read_dead(bodies: Sequence[str]) -> list[Dead]:
    """The messages of the dead-letter queues."""
    found: list[Dead] = []
    for body in bodies:
        letter = json.loads(body)
        envelope = letter.get("envelope", {})
        demo = find_demo(envelope.get("event")) or find_demo(_raw(envelope)) or {}
        reason = letter["reason"]
        found.append(
            Dead(
                reason["destination"],
                str(demo.get("id", "")),
                f"{reason['class']}: {reason['message']}",
            )
        )
    return found


def _raw(envelope: Mapping[str, Any]) -> Any:
    try:
        return json.loads(envelope["raw"]["body"])
    except (KeyError, TypeError, ValueError):
        return None


def find_demo(value: Any) -> Mapping[str, Any] | None:
    """What the sender wrote under `demo`, wherever the product put it."""
    if isinstance(value, dict):
        demo = value.get("demo")
        if isinstance(demo, dict) and "id" in demo:
            return demo
        value = list(value.values())
    if isinstance(value, list):
        return next((found for one in value if (found := find_demo(one))), None)
    return None


def read_calls(path: Path) -> list[Mapping[str, Any]]:
    """The emulator's log."""
    return list(_lines(path))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open() as file:
        for line in file:
            if line.endswith("\n"):
                yield json.loads(line)
