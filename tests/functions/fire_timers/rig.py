"""A router and the firing over the same memory, with a clock that is moved."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.fire_timers.firing import Firing
from functions.fire_timers.ports import Ports
from switchboard.claims import check_out
from switchboard.envelope import Envelope, decode
from switchboard.event import Event
from switchboard.loop import Record
from switchboard.testing.stores import MemoryOutbox
from switchboard.timers import Timer, TimerStore, Waits, compile_timer
from tests.functions.route_events.bench import Bench, record
from tests.switchboard.interactions.stories import BEGAN, golden

WAITS = Waits(grace=60, lost_end=60 * 60)


def messages(name: str, *, before: int = 10**6) -> list[Record]:
    """A golden's events as they arrive, those of its first seconds."""
    events = [e for e in golden(name)[0] if e.time.timestamp() < BEGAN + before]
    group = f"interaction:{events[0].subject}"
    return [record(Envelope(event=event, group=group), event) for event in events]


@dataclass
class Rig:
    """A router and the firing over the same stores."""

    rules: list[Timer] = field(default_factory=list)
    ingest: MemoryOutbox = field(default_factory=MemoryOutbox)
    failing: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bench = Bench()
        self.bench.clock.now = float(BEGAN)
        self.timers = self.bench.timers

    def rule(self, name: str, text: str) -> None:
        self.rules.append(compile_timer(name, text))
        self.bench.parameters.set(f"timers/{name}", text)

    def arrive(self, records: Sequence[Record]) -> None:
        """What arrives is routed when it happens."""
        for one in records:
            event, _ = check_out(decode(one.body), self.bench.bucket)
            self.bench.clock.now = max(self.bench.clock.now, event.time.timestamp())
            assert self.bench.route(one) == {}

    def of_group(self, group: str) -> Sequence[Event]:
        if group in self.failing:
            raise self.failing[group]
        return [one.event for (name, _), one in self.bench.events.kept.items() if name == group]

    def round(self, *, timers: TimerStore | None = None, seconds: float = 1000) -> dict[str, int]:
        """One round; what it told is routed."""
        firing = Firing(
            Ports(
                timers=timers or self.timers,
                groups=self,
                ingest=self.ingest,
                claims=self.bench.bucket,
                rules=lambda: self.rules,
                waits=WAITS,
                telemetry=self.bench.telemetry,
                clock=self.bench.clock,
            )
        )
        return firing.fire(self.bench.clock() + seconds)

    def route_facts(self) -> list[str]:
        """Route what was told; the types that are new to the events table."""
        new: list[str] = []
        for message in self.ingest.taken:
            envelope = decode(message.body)
            assert envelope.event is not None
            key = (envelope.group, envelope.event.id)
            if key not in self.bench.events.kept:
                new.append(envelope.event.type)
            assert self.bench.route(record(envelope, envelope.event)) == {}
        self.ingest.taken.clear()
        return new

    def minutes(self, number: int) -> list[str]:
        """That many rounds, one a minute; the types of what they told."""
        found: list[str] = []
        for _ in range(number):
            self.bench.clock.forward(60)
            self.round()
            found += self.route_facts()
        return found
