"""The receiver with its adapters to AWS."""

import time
from typing import Any

from functions.receive_webhook.receiver import Ports, Receiver
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.parameters import NamedParameters
from switchboard.aws.queues import SqsOutbox
from switchboard.aws.runtime import Handle, Invocation
from switchboard.aws.secrets import StageSecrets
from switchboard.aws.state_table import StateTable
from switchboard.configuration import LastGood, Parameters
from switchboard.settings import ReceiverSettings
from switchboard.source_state import SourceStateReader
from switchboard.telemetry import InvocationTelemetry


def wire(settings: ReceiverSettings, telemetry: InvocationTelemetry) -> Handle:
    """The receiver of one sandbox."""
    receiver = Receiver(
        settings.sources,
        settings.body_limit_bytes,
        Ports(
            ingest=SqsOutbox(settings.ingest_queue_url),
            claims=ArchiveBucket(settings.archive_bucket),
            parameters=Parameters(NamedParameters(settings.stage), time.time),
            last_good=LastGood(ConfigurationTable(settings.configuration_table), telemetry),
            secrets=StageSecrets(settings.stage, time.time),
            states=SourceStateReader(StateTable(settings.state_table)),
            telemetry=telemetry,
            clock=time.time,
        ),
    )

    def handle(event: dict[str, Any], _: Invocation) -> dict[str, Any]:
        return receiver.answer(event).as_proxy_answer()

    return handle
