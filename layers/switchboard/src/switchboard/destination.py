"""What a destination is: its spec (plain data), its documents, and the protocol its code keeps.

Infrastructure, documentation, the desk and the contract suite read specs; nothing here does I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from switchboard.event import Event
from switchboard.policy import FieldPath


class Repeat(StrEnum):
    """What may follow an unknown outcome (the ledger's `unknown`)."""

    NATIVE = "native"
    """The vendor's key makes a repeated send safe."""
    READ_BACK = "read_back"
    """The destination can look whether the delivery is there (`find`)."""
    AT_MOST_ONCE = "at_most_once"
    """Never repeat: dead-letter it as "outcome unknown"."""
    AT_LEAST_ONCE = "at_least_once"
    """Repeat, and count a possible duplicate."""


class Lane(StrEnum):
    """Separate queues for destinations that ask for both."""

    URGENT = "urgent"
    NORMAL = "normal"


class AfterDeadLetter(StrEnum):
    """What becomes of the deliveries of a group behind a dead letter."""

    CONTINUE = "continue"
    """They go on; the timeline shows which came after the gap."""
    HOLD = "hold"
    """They are held until the dead letter is replayed or discarded, and then sent in order."""


class LanePer(StrEnum):
    """What a lane is chosen for."""

    EVENT = "event"
    """Each event by itself: deliveries that are independent of each other."""
    INTERACTION = "interaction"
    """The group's first event chooses for all of them, so that they stay in order."""


class Mode(StrEnum):
    """How a destination is fed: decided when it is deployed."""

    ORDERED = "ordered"
    """A FIFO queue, one delivery after the other within a group."""
    BATCHED = "batched"
    """A standard queue and a window: many deliveries in one request, order by their version."""
    SCHEDULED = "scheduled"
    """A FIFO queue that nobody polls; it is drained on a schedule."""


class Records(StrEnum):
    """Whether a kind sends whole records, each under its delivery's group."""

    NEVER = "never"
    BY_DOCUMENT = "by_document"
    """Where its document says `record: true`."""
    ALWAYS = "always"


class DestinationDocument(BaseModel):
    """What every destination's run-time document holds; each kind adds its own fields.

    `when` is the route: a JMESPath predicate over the event; `urgent_when` is another, for
    destinations that are deployed with `lanes`. `mapping` names a document under
    `mappings/`; without one the whole event is delivered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str = Field(default="`true`", description="JMESPath predicate: which events it takes.")
    urgent_when: str | None = Field(
        default=None,
        description="JMESPath predicate: which events take the urgent lane, where there is one.",
    )
    mapping: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="Name of the mapping document; without one the whole event is sent.",
    )
    after_dead_letter: AfterDeadLetter = Field(
        default=AfterDeadLetter.CONTINUE,
        description="hold: what follows a dead letter in its group waits until it is settled.",
    )
    compact_seconds: int = Field(
        default=0,
        ge=0,
        le=900,
        description="Changes of one group within so many seconds become one delivery, the newest.",
    )
    requests_per_second: float | None = Field(
        default=None,
        gt=0,
        le=10_000,
        description="How often it is called at most, by all executions together; none: no limit.",
    )
    sensitive: frozenset[FieldPath] = Field(
        default=frozenset(),
        description="What it is allowed to get of that which `policies/fields` calls sensitive.",
    )
    shadow: bool = Field(
        default=False, description="Map, build and record each delivery, and send none."
    )

    @property
    def predicates(self) -> tuple[str, ...]:
        """Every predicate that is evaluated on each event."""
        return (self.when,) if self.urgent_when is None else (self.when, self.urgent_when)

    @property
    def expressions(self) -> Mapping[str, str]:
        """The document's own expressions whose values are sent, by their fields."""
        return {}

    def repeats(self) -> tuple[Repeat, ...]:
        """What may follow an unknown outcome, its default first, where this document decides it.

        Empty: the spec says.
        """
        return ()

    def continues(self) -> bool:
        """Whether a delivery is told what became of the first one of its group."""
        return False


class DeployTime(BaseModel):
    """A kind's own keys of its cdk.json entry; a kind with none uses this."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM statement of a destination's role.

    `resource` is an ARN with `{partition}`, `{region}`, `{account}` and any field of the
    deploy-time entry, for example `arn:{partition}:s3:::{bucket}/{prefix}*`.
    """

    actions: tuple[str, ...]
    resource: str


@dataclass(frozen=True, slots=True)
class ParcelSpec:
    """That a kind takes several deliveries in one request, a parcel (see ParcelDestination).

    `repeat` is what may follow an unknown outcome of one: a key that is made from a parcel's
    content is no guard once the next try holds other deliveries. `largest_count` and
    `largest_bytes` (of outputs, as JSON) bound a parcel; `permissions` are those that only parcels
    need. A kind that `coalesces` sends what waits together in one request whatever its mode is.
    """

    repeat: Repeat
    largest_count: int
    largest_bytes: int
    permissions: tuple[Permission, ...] = ()
    coalesces: bool = False


@dataclass(frozen=True, slots=True)
class DestinationSpec:
    """A destination kind, as data.

    `vendor_timeout_seconds` bounds one request; `clean_statuses` are HTTP statuses among 500, 502
    and 504 after which this vendor certainly stored nothing; `repeat_choices` are what a document
    may set `repeat` to (empty: the spec decides). `lane_per` says what a lane is chosen for. With
    `parcels` its code is a ParcelDestination. `secret_fields` are what it needs of its secret,
    which may hold a key for its mapping too; where `secret_alternatives` is set, one of them is
    enough. `alarms` is the module of its folder whose handler tells the stage's alarms, if it has
    one. Where `records` are sent whole, each one's key is its group, and the version guard keeps an
    older fact from overwriting a newer one.
    """

    kind: str
    folder: str
    summary: str
    documentation: str
    document: type[DestinationDocument]
    repeat: Repeat
    deploy_time: type[DeployTime] = DeployTime
    repeat_choices: tuple[Repeat, ...] = ()
    lane_per: LanePer = LanePer.INTERACTION
    records: Records = Records.NEVER
    secret_fields: tuple[str, ...] = ()
    secret_alternatives: bool = False
    permissions: tuple[Permission, ...] = ()
    clean_statuses: frozenset[int] = frozenset()
    vendor_timeout_seconds: int = 10
    timeout_seconds: int = 60
    memory_mb: int = 512
    parcels: ParcelSpec | None = None
    alarms: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to one destination, ready to be sent.

    `key` is the vendor's idempotency key: the same on every attempt, another for each generation.
    `output` is what the mapping made of the event (the event itself without a mapping).
    `reference` is what `find` looks for, recorded in the ledger before the send. `first` is the
    vendor's name for what became of the first delivery of its group here, where the document asks.
    """

    event: Event
    group: str
    destination: str
    key: str
    attempt: int
    output: Mapping[str, Any]
    reference: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of what the vendor allows is used, and when it begins anew, in epoch seconds."""

    used: float
    total: float
    resets: float

    @property
    def share(self) -> float:
        """How much of it is used: 0 to 1."""
        return self.used / self.total if self.total > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The vendor took it. `remote_id` is the vendor's own name for the record, if it gave one.

    `quota` is what the answer told of it.
    """

    remote_id: str = ""
    quota: Quota | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


class Destination(Protocol):
    """A destination's code: made per configuration version, used for many deliveries.

    `send` returns a receipt or raises one of switchboard.errors; it never retries by itself.
    `reference` names what `find` would look for (an object's key, a load job's id) before the send.
    `find` is asked only where `repeat` is `read_back`: None means "certainly not there".
    `check` builds and checks what `send` would send, sends nothing, and raises what `send` would
    raise before its request; the bytes are the request's, without what differs on each attempt.
    """

    def check(self, delivery: Delivery) -> bytes: ...

    def reference(self, delivery: Delivery) -> str: ...

    def send(self, delivery: Delivery) -> Receipt: ...

    def find(self, delivery: Delivery) -> Receipt | None: ...


ParcelAnswer = Receipt | Sequence[Receipt | Exception]
"""One receipt for all of a parcel, or what became of each delivery, in the parcel's order."""


class ParcelDestination(Destination, Protocol):
    """A destination that can also take several deliveries in one request.

    `address` is where a delivery goes (a channel, a partition): only those of one address travel
    together. `parcel_reference` names what `find` would look for, for each that was in the parcel.
    `send_parcel` raises what became of all, or answers for all or for each.
    """

    def address(self, delivery: Delivery) -> str: ...

    def parcel_reference(self, deliveries: Sequence[Delivery]) -> str: ...

    def send_parcel(self, deliveries: Sequence[Delivery]) -> ParcelAnswer: ...
