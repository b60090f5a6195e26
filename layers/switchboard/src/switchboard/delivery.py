"""What a delivery is made with: one version of its documents, and the ports that it touches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from switchboard.claims import ClaimStore
from switchboard.destination import Destination, Repeat
from switchboard.event import Event, digest
from switchboard.gate import Gate
from switchboard.ledger import Ledger
from switchboard.queue import Outbox
from switchboard.retry import Jitter
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a delivery is made with: one version of the destination's documents, ready to use.

    `mapped` makes an event's output and raises EventError.
    """

    destination: Destination
    mapped: Callable[[Event], Mapping[str, Any]]
    repeat: Repeat
    mapping_version: int | None


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a delivery touches. `configured` raises ConfigurationError while it is broken."""

    name: str
    ledger: Ledger
    dead_letters: Outbox
    claims: ClaimStore
    configured: Callable[[], Configuration]
    gate: Gate
    telemetry: Telemetry
    clock: Callable[[], float]
    jitter: Jitter


@dataclass(frozen=True, slots=True)
class Execution:
    """One invocation: a name for its writes, and when it ends, in epoch seconds."""

    owner: str
    deadline: float


def delivery_key(event_id: str, destination: str, generation: int) -> str:
    """The vendor's idempotency key: the same on every attempt, free of dots."""
    return "dlv_" + digest(event_id, destination, str(generation))
