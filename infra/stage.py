"""A stage as `cdk.json` describes it: what is decided when it is deployed.

What is decided at run time — routes, mappings, addresses — is in SSM and not here.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from math import ceil
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from infra.catalogue import destination_kinds
from infra.reading import Network, PublicNetwork, Reader
from switchboard.destination import DeployTime, DestinationSpec, Mode
from switchboard.drain import TIME_SHARE
from switchboard.event import OWN_SOURCE
from switchboard.sources import KINDS, WEBHOOK_KINDS

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")]


SPARE_SECONDS = 10
"""Of a function's time-out, beyond the vendor's: the loop begins no send without it."""


class StageError(Exception):
    """cdk.json says something that cannot be deployed; the message says what."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceEntry(_Entry):
    """A source. `edge_allow` becomes the API's resource policy (a document's `allow` does not).

    All keys but `kind` are those of a webhook source's route.
    """

    kind: str
    requests_per_second: int = Field(default=50, ge=1, le=10_000)
    edge_allow: tuple[IPv4Network | IPv6Network, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind not in KINDS:
            raise ValueError(f"no source is of kind {self.kind!r}; there are {', '.join(KINDS)}")
        of_routes = sorted(self.model_fields_set - {"kind"})
        if of_routes and not self.is_webhook:
            raise ValueError(f"{of_routes[0]} is for webhooks; a {self.kind} source has no route")
        return self

    @property
    def is_webhook(self) -> bool:
        """Whether it comes through the API."""
        return self.kind in WEBHOOK_KINDS


ORDERED_BATCH = 10
"""What Lambda takes of a FIFO queue, and of any queue without a window."""

BATCHED_BATCH = 500
BATCHED_WINDOW = 30
DRAIN_TIMEOUT = 300

Every = Annotated[
    str,
    StringConstraints(pattern=r"^(1 (minute|hour|day)|([2-9]|[1-9]\d{1,2}) (minutes|hours|days))$"),
]
"""As EventBridge writes a rate, singular and plural included."""


class DestinationEntry(BaseModel):
    """A destination. All keys but these are its kind's own (`deploy_time` of its spec)."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str
    concurrency: int = Field(default=5, ge=2, le=1000)
    lanes: bool = False
    alarms: bool = False
    mode: Mode = Mode.ORDERED
    batch_size: int | None = Field(default=None, ge=1, le=10_000)
    window_seconds: int | None = Field(default=None, ge=1, le=300)
    every: Every | None = None
    timeout_seconds: int | None = Field(default=None, ge=1, le=900)

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        kinds = destination_kinds()
        if self.kind not in kinds:
            raise ValueError(
                f"no destination is of kind {self.kind!r}; there are {', '.join(sorted(kinds))}"
            )
        if self.alarms and self.spec.alarms is None:
            raise ValueError(f"alarms: a destination of kind {self.kind} tells none")
        kinds[self.kind].deploy_time.model_validate(self.model_extra or {})
        shortest = self.spec.vendor_timeout_seconds + SPARE_SECONDS
        if self.timeout < shortest:
            raise ValueError(f"timeout_seconds must be at least {shortest} for one send to end")
        return self

    @model_validator(mode="after")
    def _of_its_mode(self) -> Self:
        if (self.every is None) == (self.mode is Mode.SCHEDULED):
            raise ValueError('every ("15 minutes") belongs to mode scheduled, and only there')
        if self.mode is not Mode.ORDERED and self.lanes:
            raise ValueError(f"lanes are for mode ordered; {self.mode} has one queue")
        parcels = self.spec.parcels
        coalesces = parcels is not None and parcels.coalesces
        if (self.mode is not Mode.ORDERED or coalesces) and self.timeout < self._shortest:
            raise ValueError(
                f"timeout_seconds must be at least {self._shortest} for a {self.mode} {self.kind}"
            )
        if self.mode is Mode.BATCHED:
            if parcels is None or coalesces:
                raise ValueError(
                    f"mode batched is not for kind {self.kind}: it has an order to keep"
                )
            return self
        if self.window_seconds is not None:
            raise ValueError("window_seconds is for mode batched: FIFO queues have no window")
        if self.batch > ORDERED_BATCH:
            raise ValueError("batch_size is at most 10 for a FIFO queue; mode batched takes more")
        return self

    @property
    def _shortest(self) -> int:
        """Seconds for two requests; a drain ends with its share of the time."""
        two = 2 * (self.spec.vendor_timeout_seconds + SPARE_SECONDS)
        return ceil(two / TIME_SHARE) if self.mode is Mode.SCHEDULED else two

    @property
    def batch(self) -> int:
        """How many messages an invocation gets at most."""
        usual = BATCHED_BATCH if self.mode is Mode.BATCHED else ORDERED_BATCH
        return self.batch_size or usual

    @property
    def window(self) -> int:
        """Seconds for which Lambda gathers a batch."""
        return (self.window_seconds or BATCHED_WINDOW) if self.mode is Mode.BATCHED else 0

    @property
    def spec(self) -> DestinationSpec:
        """Its kind."""
        return destination_kinds()[self.kind]

    @property
    def timeout(self) -> int:
        """Its function's time-out: its own, or its kind's, or what a drain does much in."""
        usual = DRAIN_TIMEOUT if self.mode is Mode.SCHEDULED else self.spec.timeout_seconds
        return self.timeout_seconds or usual

    @property
    def sandboxes(self) -> int:
        """How many may run at once: each lane is polled by itself, and a schedule by one."""
        if self.mode is Mode.SCHEDULED:
            return 1
        return self.concurrency * (2 if self.lanes else 1)

    @property
    def deploy_time(self) -> DeployTime:
        """Its kind's own keys."""
        return self.spec.deploy_time.model_validate(self.model_extra or {})


class Stage(_Entry):
    """One deployment. `retain` keeps tables, queues and the archive when a stack is deleted.

    Raw payloads are kept for `raw_days`, the events that were made of them for `modelled_days`;
    what references point into, for as long as the ledger.
    `anomaly_alarms` hold each source and destination against its own past: five alarms each.
    `grace_seconds` after its last end an interaction is told as closed; one whose end was lost,
    `lost_end_hours` after its last event.
    """

    name: Name
    sources: Mapping[Name, SourceEntry]
    destinations: Mapping[Name, DestinationEntry]
    cpu: Literal["arm64", "x86_64"] = "arm64"
    retain: bool = True
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 180, 365] = 30
    ledger_days: int = Field(default=90, ge=15, le=3650)
    raw_days: int = Field(default=400, ge=15, le=3650)
    modelled_days: int = Field(default=800, ge=15, le=3650)
    grace_seconds: int = Field(default=60, ge=1, le=3600)
    lost_end_hours: int = Field(default=24, ge=1, le=168)
    body_limit_bytes: int = Field(default=1_000_000, ge=1000, le=4_500_000)
    alarm_email: str | None = None
    anomaly_alarms: bool = True
    api_account_role: Literal["create", "exists"] = "create"
    reader: Reader = Reader()
    network: Network = PublicNetwork()

    @model_validator(mode="after")
    def _has_facts_of_its_own(self) -> Self:
        if OWN_SOURCE in self.sources:
            raise ValueError(f"sources: {OWN_SOURCE!r} is the source of its own facts; rename it")
        return self

    @model_validator(mode="after")
    def _archive_outlives_the_ledger(self) -> Self:
        if self.raw_days < self.ledger_days:
            raise ValueError("raw_days must be at least ledger_days: replays read the archive")
        return self

    @property
    def webhooks(self) -> Mapping[Name, SourceEntry]:
        """The sources that come through the API."""
        return {name: entry for name, entry in self.sources.items() if entry.is_webhook}

    @property
    def streams(self) -> Mapping[Name, SourceEntry]:
        """The sources that the stream reader reads. Without any there is no network and no task."""
        return {name: entry for name, entry in self.sources.items() if not entry.is_webhook}


def read_stage(name: str, stages: Mapping[str, Any]) -> Stage:
    """The stage `name` of cdk.json's context.

    Raises:
        StageError: it is missing, or a key of it is wrong; the key is named.
    """
    if name not in stages:
        raise StageError(f"cdk.json has no stage {name!r}; it has {', '.join(sorted(stages))}")
    try:
        return Stage.model_validate({"name": name, **stages[name]})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StageError(f"cdk.json, stage {name}: {where}: {first['msg']}") from None
