"""In-memory stores that keep the ports' promises; each can be told to fail."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from switchboard.archive import RawLine, decode_line, encode_lines, object_key
from switchboard.configuration import Judged, Parameter, Status
from switchboard.envelope import ObjectRef, Raw, RawRef
from switchboard.errors import EventError, SwitchboardError, Unavailable
from switchboard.gaps import Gap
from switchboard.ledger import GONE, Entry, State, first_of
from switchboard.queue import Outgoing, send_in_order


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


class Failing:
    """Something that raises `failure` as long as it is set."""

    failure: SwitchboardError | None = None

    def check(self) -> None:
        """Raise the failure, if there is one."""
        if self.failure is not None:
            raise self.failure


class MemoryLedger(Failing):
    """See Ledger and DeadLetterReader.

    `before_put` runs before each write: the place for another execution's.
    """

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str, str], Entry] = {}
        self.history: list[Entry] = []
        self.before_put: Callable[[Entry], None] | None = None

    def put(self, entry: Entry, *, expected: int | None) -> Entry | None:
        """See Ledger."""
        self.check()
        if self.before_put is not None:
            self.before_put(entry)
        key = (entry.group, entry.event_id, entry.destination)
        found = self.entries.get(key)
        if found is None and expected is not None:
            raise Unavailable(GONE)
        if (None if found is None else found.revision) != expected:
            return None if found == entry else found
        self.entries[key] = entry
        self.history.append(entry)
        return None

    def first_delivered(self, group: str, destination: str) -> Entry | None:
        """See Ledger."""
        self.check()
        return first_of((e for e in self.entries.values() if e.group == group), destination)

    def newest(self, destination: str) -> Entry | None:
        """See DeadLetterReader."""
        self.check()
        dead = [
            entry
            for entry in self.entries.values()
            if entry.destination == destination and entry.state is State.DEAD
        ]
        return max(dead, key=lambda entry: entry.updated_at, default=None)

    def of(self, event_id: str, destination: str) -> Entry:
        """The one entry of a delivery."""
        (entry,) = (
            entry
            for (_, event, name), entry in self.entries.items()
            if event == event_id and name == destination
        )
        return entry


class MemoryGaps(Failing):
    """See GapStore. Held deliveries are those of `ledger`."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.gaps: dict[tuple[str, str], Gap] = {}
        self.reads = 0

    def read(self, group: str, destination: str) -> Gap | None:
        """See GapStore."""
        self.reads += 1
        self.check()
        return self.gaps.get((group, destination))

    def write(self, gap: Gap, *, expected: int | None) -> bool:
        """See GapStore."""
        self.check()
        found = self.gaps.get((gap.group, gap.destination))
        if (None if found is None else found.revision) != expected:
            return False
        self.gaps[gap.group, gap.destination] = gap
        return True

    def entries(self, group: str, destination: str) -> Sequence[Entry]:
        """See GapStore."""
        self.check()
        return [
            entry
            for (of_group, _, name), entry in self._ledger.entries.items()
            if (of_group, name) == (group, destination)
        ]


class MemoryOutbox(Failing):
    """See Outbox. `refuse` answers why a message is refused, or None."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []
        self.refuse: Callable[[Outgoing], str | None] = lambda _: None
        self.delivered = 0

    def waiting(self) -> int:
        """See DestinationQueue: what was taken, without the first `delivered`."""
        self.check()
        return len(self.taken) - self.delivered

    def send(self, messages: Sequence[Outgoing]) -> list[str | None]:
        """See Outbox."""
        self.check()
        return send_in_order(messages, self._send_batch)

    def _send_batch(self, batch: Sequence[Outgoing]) -> Sequence[str | None]:
        answers = [self.refuse(message) for message in batch]
        self.taken.extend(
            message for message, answer in zip(batch, answers, strict=True) if answer is None
        )
        return answers


class MemoryBucket(Failing):
    """See RawArchive and ClaimStore."""

    name = "archive"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def write(self, lines: Sequence[RawLine]) -> Mapping[str, RawRef]:
        """See RawArchive."""
        self.check()
        key = object_key(lines)
        self.objects[key] = encode_lines(lines)
        return {
            line.event_id: RawRef(bucket=self.name, key=key, line=number)
            for number, line in enumerate(lines)
        }

    def read(self, ref: RawRef) -> Raw:
        """See RawArchive."""
        self.check()
        return decode_line(self.objects.get(ref.key, b""), ref)

    def store(self, name: str, body: str) -> ObjectRef:
        """See ClaimStore."""
        self.check()
        self.objects[f"claims/{name}"] = body.encode("ascii")
        return ObjectRef(bucket=self.name, key=f"claims/{name}")

    def load(self, ref: ObjectRef) -> str:
        """See ClaimStore."""
        self.check()
        if ref.key not in self.objects:
            raise EventError(f"reading the claim {ref.key}: it is gone")
        return self.objects[ref.key].decode("ascii")


class MemoryParameters(Failing):
    """See ParameterSource. Setting a text raises its version, as SSM does."""

    def __init__(self, **texts: str) -> None:
        self.parameters: dict[str, Parameter] = {}
        self.fetches: list[Collection[str]] = []
        for name, text in texts.items():
            self.set(name, text)

    def set(self, name: str, text: str) -> None:
        """Write a parameter."""
        before = self.parameters.get(name)
        self.parameters[name] = Parameter(text, 1 if before is None else before.version + 1)

    def fetch(self, names: Collection[str]) -> Mapping[str, Parameter]:
        """See ParameterSource; every parameter where no name is asked for."""
        self.fetches.append(names)
        self.check()
        wanted = names or self.parameters
        return {name: self.parameters[name] for name in wanted if name in self.parameters}


class MemoryConfiguration(Failing):
    """See ConfigurationStore."""

    def __init__(self) -> None:
        self.judged: dict[tuple[str, int], Judged] = {}

    def record(self, judged: Judged) -> Judged | None:
        """See ConfigurationStore."""
        self.check()
        kept = self.judged.setdefault((judged.name, judged.version), judged)
        return None if kept is judged else kept

    def decide(
        self, name: str, version: int, status: Status, *, trial: str = "", reason: str = ""
    ) -> bool:
        """See ConfigurationStore."""
        self.check()
        kept = self.judged.get((name, version))
        if kept is None or kept.status is Status.GOOD or kept.trial:
            return False
        self.judged[name, version] = replace(kept, status=status, trial=trial, reason=reason)
        return True

    def last_good(self, name: str) -> Judged | None:
        """See ConfigurationStore."""
        self.check()
        good = [
            judged
            for (kept, _), judged in self.judged.items()
            if kept == name and judged.status is Status.GOOD
        ]
        return max(good, key=lambda judged: judged.version, default=None)

    def version(self, name: str, version: int) -> Judged | None:
        """See ConfigurationStore."""
        self.check()
        return self.judged.get((name, version))


class RecordingTelemetry:
    """See Telemetry: `counts` by (name, source or destination), durations, and every warning."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], float] = {}
        self.seconds: dict[tuple[str, str], list[float]] = {}
        self.warnings: list[tuple[str, dict[str, Any]]] = []

    def count(
        self,
        name: str,
        value: float = 1,
        *,
        source: str | None = None,
        destination: str | None = None,
        **properties: str,  # noqa: ARG002
    ) -> None:
        """See Telemetry."""
        key = (name, source or destination or "none")
        self.counts[key] = self.counts.get(key, 0) + value

    def observe(self, name: str, value: float, *, source: str) -> None:
        """See Telemetry."""
        key = (name, source)
        self.counts[key] = max(self.counts.get(key, 0.0), value)

    def took_seconds(
        self,
        name: str,
        seconds: float,
        *,
        source: str | None = None,
        destination: str | None = None,
    ) -> None:
        """See Telemetry."""
        self.seconds.setdefault((name, source or destination or "none"), []).append(seconds)

    def warn(self, message: str, **fields: Any) -> None:
        """See Telemetry."""
        self.warnings.append((message, fields))
