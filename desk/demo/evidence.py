"""What a run left behind: the senders' logs, the stand-ins' log, the lake and the dead letters."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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


def read_published(path: Path, source: str) -> list[Sent]:
    """What the stream's simulator published, and where the demo's routes want it.

    An agent's events have an order within a day, as the product promises it.
    """
    return [
        Sent(
            source=source,
            id=message_name(line["event"]),
            interaction=_group(line),
            sequence=line["sequence"],
            sent_at=line["at"],
            taken_at=line["at"],
            attempts=1,
            status=202,
            expect=202,
            deliver=_takers(line),
            dead=(),
            repeat=False,
            spoil="",
        )
        for line in _lines(path)
        if line["kind"] == "published"
    ]


def message_name(info: Mapping[str, Any]) -> str:
    """What names a message of the stream, by its own `msgInfo`."""
    return f"{info['instanceId']}/{info['sequenceId']}/{info['timestamp']}"


def _group(line: Mapping[str, Any]) -> str:
    if _is_of_an_agent(line):
        return f"{line['interaction']} on day {line['event']['timestamp'] // 86_400_000}"
    return str(line["interaction"])


def _takers(line: Mapping[str, Any]) -> Sequence[str]:
    """As documents/destinations say it."""
    if _is_of_an_agent(line):
        return ("lake",)
    return ("crm", "pager", "lake") if line["type"] == "InteractionDeleted" else ("pager", "lake")


def _is_of_an_agent(line: Mapping[str, Any]) -> bool:
    return str(line["type"]).startswith("Agent")


def placed(arrivals: Iterable[Arrival], published: Sequence[Sent]) -> list[Arrival]:
    """Arrivals with the simulator's own word on interaction and sequence, which no payload has."""
    known = {one.id: one for one in published}
    return [
        replace(one, interaction=known[one.id].interaction, sequence=known[one.id].sequence)
        if one.id in known
        else one
        for one in arrivals
    ]


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
        event = json.loads(text)
        demo = find_demo(event) or {}
        arrivals.append(
            Arrival(
                destination="lake",
                at=call["at"],
                id=find_id(event),
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
        reason = letter["reason"]
        found.append(
            Dead(
                reason["destination"],
                id_in(envelope),
                f"{reason['class']}: {reason['message']}",
            )
        )
    return found


def id_in(envelope: Mapping[str, Any]) -> str:
    """The sender's own id of what an envelope carries, normalised or as it came."""
    return find_id(envelope.get("event")) or find_id(_raw(envelope))


def _raw(envelope: Mapping[str, Any]) -> Any:
    try:
        return json.loads(envelope["raw"]["body"])
    except (KeyError, TypeError, ValueError):
        return None


def find_id(value: Any) -> str:
    """The sender's own id of an event, wherever the product put it; empty where there is none."""
    if demo := find_demo(value):
        return str(demo["id"])
    info = _find(value, "msgInfo", "instanceId")
    return "" if info is None else message_name(info)


def find_demo(value: Any) -> Mapping[str, Any] | None:
    """What the sender wrote under `demo`, wherever the product put it."""
    return _find(value, "demo", "id")


def _find(value: Any, key: str, field: str) -> Mapping[str, Any] | None:
    if isinstance(value, dict):
        found = value.get(key)
        if isinstance(found, dict) and field in found:
            return found
        value = list(value.values())
    if isinstance(value, list):
        return next((found for one in value if (found := _find(one, key, field))), None)
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
