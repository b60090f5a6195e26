"""Everything that the reader of a source touches."""

from dataclasses import dataclass, field

from functions.stream_reader.forwarder import BatchSender
from functions.stream_reader.pace import Pace
from switchboard.bulk_progress import BulkProgress
from switchboard.checkpoints import CheckpointStore
from switchboard.claims import ClaimStore
from switchboard.configuration import LastGood, Parameters
from switchboard.lease import LeaseStore
from switchboard.secrets import SecretStore
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Ports:
    """`owner` names this task among those that contend for a lease."""

    sender: BatchSender
    ingest_url: str
    bulk_url: str
    claims: ClaimStore
    parameters: Parameters
    last_good: LastGood
    secrets: SecretStore
    leases: LeaseStore
    checkpoints: CheckpointStore
    bulk_progress: BulkProgress
    telemetry: Telemetry
    owner: str
    pace: Pace = field(default_factory=Pace)
