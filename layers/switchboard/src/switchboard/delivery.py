"""What a delivery is made with: one version of its documents, and the ports that it touches."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from switchboard.claims import ClaimStore
from switchboard.destination import Delivery, Destination, Repeat
from switchboard.envelope import RawRef
from switchboard.errors import EventError
from switchboard.event import Event, digest
from switchboard.gaps import GapStore
from switchboard.gate import Gate
from switchboard.guards import GuardStore, RecordSource
from switchboard.ledger import Entry, Ledger
from switchboard.queue import Outbox
from switchboard.retry import Jitter
from switchboard.telemetry import Telemetry
from switchboard.trial import OnTrial
from switchboard.trials import Trials


class Mapped(Protocol):
    """Makes an event's output, whose payload is at `raw_ref`; raises EventError, OurOwn."""

    def __call__(self, event: Event, raw_ref: RawRef | None = None, /) -> Mapping[str, Any]: ...


def no_other_version(version: int) -> Mapped:
    """Where only the current mapping is known."""
    raise EventError(
        f"mapping: version {version} is not kept; replay it with the current one (--mapping new)"
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a delivery is made with: one version of the destination's documents, ready to use.

    `mapping_of` finds the mapping of another version. It raises EventError where there is none,
    and Unavailable. Where it `holds`, what follows a dead letter of its group is held; where each
    delivery is a whole `record`, the version guard keeps it from being overwritten by an older one.
    `candidate` is made with the versions on trial, if any are; its `trial` says which.
    Where it `continues`, a delivery is told what became of the first one of its group.
    `prefetch` reads together what the mapping asks for on several events, and never fails; None: it
    looks nothing up.
    `compact_seconds` is the window in which the changes of a group become one delivery;
    `requests_per_second` is the limit of all executions together.
    """

    destination: Destination
    mapped: Mapped
    repeat: Repeat
    mapping_version: int | None
    holds: bool = False
    record: bool = False
    mapping_of: Callable[[int], Mapped] = no_other_version
    document_version: int | None = None
    shadow: bool = False
    compact_seconds: int = 0
    requests_per_second: float | None = None
    trial: OnTrial | None = None
    candidate: "Configuration | None" = None
    continues: bool = False
    prefetch: Callable[[Sequence[Event]], None] | None = None

    def pinned(self, version: int | None) -> "Configuration":
        """This one with the mapping of `version`, looked up when an event is mapped."""
        if version is None:
            return self
        if version == self.mapping_version:
            return replace(self, candidate=None)

        def mapped(event: Event, raw_ref: RawRef | None = None) -> Mapping[str, Any]:
            return self.mapping_of(version)(event, raw_ref)

        return replace(self, mapping_version=version, mapped=mapped, candidate=None)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a delivery touches. `configured` raises ConfigurationError while it is broken."""

    name: str
    ledger: Ledger
    gaps: GapStore
    guards: GuardStore
    records: RecordSource
    dead_letters: Outbox
    claims: ClaimStore
    configured: Callable[[], Configuration]
    gate: Gate
    trials: Trials
    telemetry: Telemetry
    clock: Callable[[], float]
    jitter: Jitter


@dataclass(frozen=True, slots=True)
class Execution:
    """One invocation: a name for its writes, and when it ends, in epoch seconds."""

    owner: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Time:
    """What is left of an invocation, and what one request needs to end, in seconds."""

    remaining: Callable[[], float]
    needed: float

    def has(self, requests: int) -> bool:
        """Whether so many requests could still end."""
        return self.remaining() > requests * self.needed


def delivery_key(event_id: str, destination: str, generation: int) -> str:
    """The vendor's idempotency key: the same on every attempt, free of dots."""
    return "dlv_" + digest(event_id, destination, str(generation))


def prepared(
    event: Event, raw_ref: RawRef | None, configuration: Configuration, entry: Entry
) -> Delivery:
    """The delivery of a claim.

    Raises:
        EventError: the mapping cannot take the event.
        OurOwn: what the mapping asks for beside it cannot be read.
    """
    return Delivery(
        event=event,
        group=entry.group,
        destination=entry.destination,
        key=delivery_key(event.id, entry.destination, entry.generation),
        attempt=entry.attempt,
        output=configuration.mapped(event, raw_ref),
        reference=entry.reference,
    )
