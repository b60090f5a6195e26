"""`replay_events` with its adapters to AWS."""

import time
from typing import Any

from functions.replay_events.asking import Asked
from functions.replay_events.sending import Ports, Sending
from switchboard.aws.lease_table import LeaseTable
from switchboard.aws.parallel import ParallelOutbox
from switchboard.aws.queues import SqsOutbox
from switchboard.aws.recorded_events import RecordedEvents
from switchboard.aws.replay_chunks import ReplayChunks
from switchboard.aws.replay_table import ReplayTable
from switchboard.aws.runtime import Handle, Invocation
from switchboard.settings import ReplaySettings
from switchboard.telemetry import InvocationTelemetry

WIDTH = 8
"""Requests to SQS at once: one after the other, they would not make a thousand a second."""


def wire(settings: ReplaySettings, telemetry: InvocationTelemetry) -> Handle:
    """The sending of one sandbox."""
    sending = Sending(
        Ports(
            replays=ReplayTable(settings.state_table),
            chunks=ReplayChunks(settings.archive_bucket),
            events=RecordedEvents(settings.events_table),
            bulk=ParallelOutbox(SqsOutbox(settings.ingest_bulk_queue_url), WIDTH),
            leases=LeaseTable(settings.state_table),
            telemetry=telemetry,
            clock=time.time,
            sleep=time.sleep,
        )
    )

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        asked = Asked.read(event)
        now = time.time()
        until = asked.until(now, invocation.deadline(now))
        replays = sending.send(asked.replay, invocation.request_id, until)
        return {"replays": [replay.model_dump(mode="json") for replay in replays]}

    return handle
