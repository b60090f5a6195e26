"""The firing with its adapters to AWS."""

import time
from typing import Any

from functions.fire_timers.firing import Firing
from functions.fire_timers.ports import Ports
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.group_events import GroupEvents
from switchboard.aws.parameters import StageParameters
from switchboard.aws.queues import SqsOutbox
from switchboard.aws.runtime import Handle, Invocation
from switchboard.aws.timer_table import TimerTable
from switchboard.configuration import LastGood, Parameters
from switchboard.settings import TimerSettings
from switchboard.telemetry import InvocationTelemetry
from switchboard.timer_documents import FOLDER, read_timers
from switchboard.timers import HOUR, Waits

PART_OF_TIME = 0.8


def wire(settings: TimerSettings, telemetry: InvocationTelemetry) -> Handle:
    """The firing of one sandbox."""
    parameters = Parameters(StageParameters(settings.stage, FOLDER), time.time)
    last_good = LastGood(ConfigurationTable(settings.configuration_table), telemetry)
    archive = ArchiveBucket(settings.archive_bucket)
    firing = Firing(
        Ports(
            timers=TimerTable(settings.timers_table),
            groups=GroupEvents(settings.events_table, archive),
            ingest=SqsOutbox(settings.ingest_queue_url),
            claims=archive,
            rules=lambda: read_timers(parameters.everything(), last_good, telemetry),
            waits=Waits(settings.grace_seconds, settings.lost_end_hours * HOUR),
            telemetry=telemetry,
            clock=time.time,
        )
    )

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:  # noqa: ARG001
        until = time.time() + PART_OF_TIME * invocation.remaining()
        return firing.fire(until)

    return handle
