"""Events whose shape is what it always was, with all that floats in them; and stores of shapes."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from switchboard.drift_watch import DriftWatch
from switchboard.event import Event
from switchboard.shape import Finding
from switchboard.testing.shape_store import MemoryShapes
from switchboard.testing.stores import Clock, RecordingTelemetry

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
TYPES = [f"interaction.number{number}" for number in range(8)] + ["agent.status.changed"]
# How often a field is there, and what it may be: 8x8 documents the first ones only.
FIELDS: tuple[tuple[str, float, tuple[Any, ...]], ...] = (
    ("interactionGUID", 1.0, ("int-1", "int-2")),
    ("dispositionCode", 0.5, (1000, "SALE", "0042")),
    ("isQueued", 0.97, (True, "true", "false", False)),
    ("participatingAgents", 0.9, ("ag1,ag2", "ag1;ag2", 77)),
    ("callingSince", 1.0, (1788250530, "soon", 1.5)),
    ("deskId", 0.97, ("0123", 5551234567)),
    ("isVip", 0.1, (True, "yes", None)),
    ("seldom", 0.03, ("x", 7)),
    ("ivr", 0.5, ({"menu": 1, "path": "1>2"}, {"menu": "2", "path": 7})),
    ("skills", 0.5, ([1, "two"], ["three"], [])),
)
ATTACHED = ("tok", "phoneNum", "customThing", "que")


def clean(
    kind: str,
    dice: random.Random,
    count: int,
    *,
    renamed: Mapping[str, str] = {},
    more: Mapping[str, Any] = {},
) -> Iterator[tuple[str, Event]]:
    """So many events, of sources of this kind, as the router observes them."""
    for _ in range(count):
        name = dice.choice(TYPES)
        details = {
            renamed.get(field, field): dice.choice(values)
            for field, often, values in FIELDS
            if dice.random() < often
        }
        details.update(more)
        details["msgInfo"] = dice.choice([{}, {"sequenceId": 7}, {"sequenceId": "8"}])
        attached = {key: "0123" for key in ATTACHED if dice.random() < 0.8}
        details["attachedData"] = dice.choice([{"attachedDatum": []}, {"attachedDatum": {}}, []])
        yield kind, event(name, {"details": details, "attached": attached})


def event(name: str, data: Any) -> Event:
    return Event.model_construct(
        id="e", source="cc", type=name, time=AT, sourceeventid="e", data=data
    )


def told(details: dict[str, Any], name: str = "interaction.queued") -> Event:
    return event(name, {"details": details, "attached": {}})


@dataclass
class Stage:
    """Sandboxes over one store of shapes."""

    sandboxes: int = 1
    clock: Clock = field(default_factory=Clock)
    shapes: MemoryShapes = field(default_factory=MemoryShapes)
    telemetry: RecordingTelemetry = field(default_factory=RecordingTelemetry)

    def __post_init__(self) -> None:
        self.watches = [
            DriftWatch(self.shapes, self.clock, self.telemetry) for _ in range(self.sandboxes)
        ]

    def see(self, kind: str, make: Callable[[int], Event], count: int) -> None:
        """So many events, to one sandbox after another."""
        for number in range(count):
            watch = self.watches[number % len(self.watches)]
            watch.observe(kind, make(number))
            watch.settle()

    def play(self, events: Iterator[tuple[str, Event]], batch: int = 10) -> None:
        """Events in batches, to one sandbox after another."""
        for number, (kind, one) in enumerate(events):
            watch = self.watches[number // batch % len(self.watches)]
            watch.observe(kind, one)
            if number % batch == batch - 1:
                watch.settle()

    @property
    def findings(self) -> list[Finding]:
        return [one for shape in self.shapes.stored.values() for one in shape.findings]
