"""The reader with its adapters to AWS, from start to a clean stop."""

import asyncio
import signal
import time
import uuid
from collections.abc import Sequence

from functions.stream_reader.health import show_progress
from functions.stream_reader.ports import Ports
from functions.stream_reader.source_reader import SourceReader
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.async_sqs import AsyncSqs
from switchboard.aws.bulk_progress import SqsBulkProgress
from switchboard.aws.checkpoint_table import CheckpointTable
from switchboard.aws.clients import client
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.lease_table import LeaseTable
from switchboard.aws.parameters import NamedParameters
from switchboard.aws.secrets import StageSecrets
from switchboard.configuration import LastGood, Parameters
from switchboard.settings import ReaderSettings
from switchboard.telemetry import InvocationTelemetry

TELL_EVERY_SECONDS = 60.0


def ports_of(settings: ReaderSettings, telemetry: InvocationTelemetry, sender: AsyncSqs) -> Ports:
    """The ports of every source's reader."""
    return Ports(
        sender=sender,
        ingest_url=settings.ingest_queue_url,
        bulk_url=settings.ingest_bulk_queue_url,
        claims=ArchiveBucket(settings.archive_bucket),
        parameters=Parameters(NamedParameters(settings.stage), time.time),
        last_good=LastGood(ConfigurationTable(settings.configuration_table), telemetry),
        secrets=StageSecrets(settings.stage, time.time),
        leases=LeaseTable(settings.state_table),
        checkpoints=CheckpointTable(settings.state_table),
        bulk_progress=SqsBulkProgress(settings.events_table, settings.ingest_bulk_queue_url),
        telemetry=telemetry,
        owner=str(uuid.uuid4()),
    )


async def read_all(settings: ReaderSettings, telemetry: InvocationTelemetry) -> None:
    """Read every source of the stage until SIGTERM or SIGINT, then stop cleanly."""
    sqs = client("sqs").meta
    sender = AsyncSqs(sqs.region_name, sqs.endpoint_url)
    ports = ports_of(settings, telemetry, sender)
    readers = [SourceReader(name, kind, ports) for name, kind in settings.sources.items()]
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, _stop, readers)
    beside = [
        asyncio.create_task(show_progress(settings.health_file)),
        asyncio.create_task(_tell(readers, telemetry)),
    ]
    try:
        await asyncio.gather(*(reader.run() for reader in readers))
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await sender.close()
        _gather(readers, telemetry)


def _stop(readers: Sequence[SourceReader]) -> None:
    for reader in readers:
        reader.stop()


async def _tell(readers: Sequence[SourceReader], telemetry: InvocationTelemetry) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY_SECONDS)
        _gather(readers, telemetry)


def _gather(readers: Sequence[SourceReader], telemetry: InvocationTelemetry) -> None:
    for reader in readers:
        reader.measures.gather()
    telemetry.flush()
