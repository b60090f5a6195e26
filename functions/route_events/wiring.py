"""The router with its adapters to AWS."""

import random
import time
from typing import Any

from functions.route_events.attempts import Attempts
from functions.route_events.pacing import Pace
from functions.route_events.router import Ports, Router
from functions.route_events.routes import NetworkReader
from functions.route_events.timing import Timing
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.events_table import EventsTable
from switchboard.aws.ledger_table import LedgerTable
from switchboard.aws.parameters import StageParameters
from switchboard.aws.queues import SqsOutbox, SqsVisibility, is_same_queue, queue_url
from switchboard.aws.reference_table import ReferenceTable
from switchboard.aws.runtime import Handle, Invocation
from switchboard.aws.shape_table import ShapeTable
from switchboard.aws.state_table import StateTable
from switchboard.aws.timer_table import TimerTable
from switchboard.configuration import LastGood, Parameters
from switchboard.delivery import Execution
from switchboard.drift_watch import DriftWatch
from switchboard.gathering import Gathering
from switchboard.loop import Batch, read_records, report
from switchboard.reference import Lookups
from switchboard.settings import RouterSettings
from switchboard.source_state import SourceStateReader
from switchboard.telemetry import InvocationTelemetry
from switchboard.timers import HOUR, Waits


def wire(settings: RouterSettings, telemetry: InvocationTelemetry) -> Handle:
    """The router of one sandbox."""
    bucket = ArchiveBucket(settings.archive_bucket)
    lookups = Lookups(ReferenceTable(settings.reference_table), time.time)
    network = NetworkReader(
        Parameters(StageParameters(settings.stage), time.time),
        LastGood(ConfigurationTable(settings.configuration_table), telemetry),
        SqsOutbox,
        telemetry,
        Gathering(lookups, bucket.read),
    )
    attempts = Attempts(
        ledger=LedgerTable(settings.ledger_table, settings.ledger_days, time.time),
        dead_letters=SqsOutbox(settings.ingest_dead_queue_url),
        telemetry=telemetry,
        clock=time.time,
        jitter=random.random,
    )
    state = StateTable(settings.state_table)
    waits = Waits(settings.grace_seconds, settings.lost_end_hours * HOUR)
    router = Router(
        Ports(
            events=EventsTable(settings.events_table, settings.ledger_days, time.time),
            archive=bucket,
            claims=bucket,
            network=network.read,
            sources=SourceStateReader(state),
            pace=Pace(state.read, time.time, telemetry),
            attempts=attempts,
            drift=DriftWatch(ShapeTable(settings.state_table), time.time, telemetry),
            timing=Timing(TimerTable(settings.timers_table), waits, time.time),
            telemetry=telemetry,
            is_bulk=lambda arn: is_same_queue(arn, settings.ingest_bulk_queue_url),
        )
    )

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        records = read_records(event)
        batch = Batch(records)
        router.route(batch, Execution(invocation.request_id, invocation.deadline(time.time())))
        urls = (settings.ingest_queue_url, settings.ingest_bulk_queue_url)
        return report(batch, SqsVisibility(queue_url(records[0].queue_arn, *urls), telemetry))

    return handle
