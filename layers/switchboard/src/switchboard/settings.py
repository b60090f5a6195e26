"""The one reader of the environment. Names are set by infrastructure, never computed here."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Json, ValidationError

from switchboard.destination import Mode
from switchboard.errors import ConfigurationError

PREFIX = "SWITCHBOARD_"


class Settings(BaseModel):
    """What every function is told. A field `x` is the variable `SWITCHBOARD_X`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str
    state_table: str
    configuration_table: str
    archive_bucket: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read this class's variables.

        Raises:
            ConfigurationError: one is missing or cannot be read; it is named.
        """
        given = {
            name: environment[PREFIX + name.upper()]
            for name in cls.model_fields
            if PREFIX + name.upper() in environment
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            variable = PREFIX + str(first["loc"][0]).upper()
            raise ConfigurationError(
                f"reading the settings: {variable}: {first['msg']}; deploy the stack again"
            ) from None


class ReceiverSettings(Settings):
    """Settings of `receive_webhook`. `sources` maps a configured source's name to its kind."""

    ingest_queue_url: str
    sources: Json[dict[str, str]]
    body_limit_bytes: int = 1_000_000


class RouterSettings(Settings):
    """Settings of `route_events`; destinations come from parameters, not from here."""

    ingest_queue_url: str
    ingest_bulk_queue_url: str
    ingest_dead_queue_url: str
    events_table: str
    timers_table: str
    ledger_table: str
    ledger_days: int = 90
    reference_table: str
    grace_seconds: int = 60
    lost_end_hours: int = 24


class TimerSettings(Settings):
    """Settings of `fire_timers`.

    An interaction is closed `grace_seconds` after its last end, and one whose end was not seen
    `lost_end_hours` after its last event.
    """

    ingest_queue_url: str
    events_table: str
    timers_table: str
    grace_seconds: int = 60
    lost_end_hours: int = 24


class ReplaySettings(Settings):
    """Settings of `replay_events`."""

    ingest_bulk_queue_url: str
    events_table: str


class ReaderSettings(Settings):
    """Settings of `stream_reader`. `sources` maps a configured stream's name to its kind."""

    ingest_queue_url: str
    ingest_bulk_queue_url: str
    events_table: str
    sources: Json[dict[str, str]]
    health_file: Path = Path("/tmp/stream-reader-health")  # noqa: S108 - the task's own volume


class AlarmSettings(Settings):
    """Settings of what tells alarms through one destination, as its document says."""

    ledger_table: str
    events_table: str
    destination: str
    deploy_time: Json[dict[str, Any]]


class DestinationSettings(Settings):
    """Settings of one destination. `deploy_time` is the kind's part of its cdk.json entry.

    `events_table` is there for kinds that may send whole records.
    """

    destination: str
    mode: Mode = Mode.ORDERED
    queue_url: str
    urgent_queue_url: str | None = None
    dead_queue_url: str
    ledger_table: str
    ledger_days: int = 90
    concurrency: int = 1
    events_table: str = ""
    reference_table: str
    deploy_time: Json[dict[str, Any]]
