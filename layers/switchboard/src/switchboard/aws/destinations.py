"""The wiring of a destination: its documents, its code and the delivery core around them."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from switchboard.arrival import LEASE_MARGIN
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.draining import drains
from switchboard.aws.gap_table import GapTable
from switchboard.aws.guard_table import EventRecords, GuardTable
from switchboard.aws.ledger_table import LedgerTable
from switchboard.aws.parameters import NamedParameters
from switchboard.aws.queues import SqsOutbox, SqsVisibility, queue_url
from switchboard.aws.reference_table import ReferenceTable
from switchboard.aws.runtime import Handle, Invocation, LambdaContext, handler
from switchboard.aws.secrets import StageSecrets
from switchboard.aws.state_table import StateTable
from switchboard.aws.trial_table import TrialTable
from switchboard.candidates import Candidates
from switchboard.compaction import Compaction
from switchboard.configuration import LastGood, Parameters
from switchboard.deliveries import Deliveries
from switchboard.delivery import Execution, Ports, Time
from switchboard.destination import Destination, DestinationSpec, Mode, ParcelSpec
from switchboard.destination_documents import DestinationDocuments
from switchboard.drain import DrainOrder, Work
from switchboard.errors import ConfigurationError
from switchboard.gate import StateGate
from switchboard.gathering import Gather, Gathering, nothing_to_gather
from switchboard.loop import Batch, read_records, report
from switchboard.parcels import Parcels
from switchboard.prefetching import Prefetching
from switchboard.reference import Lookups
from switchboard.secrets import mapping_key
from switchboard.settings import AlarmSettings, DestinationSettings
from switchboard.telemetry import InvocationTelemetry
from switchboard.throttle import Throttle
from switchboard.trials import Trials

SPARE_SECONDS = 5.0

Secrets = Callable[[], tuple[Mapping[str, str], ...]]
Make = Callable[[Any, Secrets, Any], Destination]


def probe_seconds(vendor_timeout: float) -> float:
    """How long a probe may take: to look, to send, and our own requests around it."""
    return 2 * vendor_timeout + LEASE_MARGIN


class DestinationHandler:
    """The Lambda handler of a destination. With `make` the desk makes what it delivers with."""

    def __init__(self, spec: DestinationSpec, make: Make) -> None:
        self.make = make
        self._handle = handler(DestinationSettings, partial(_wire, spec, make))

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        return self._handle(event, context)


def destination_handler(spec: DestinationSpec, make: Make) -> DestinationHandler:
    """The Lambda handler of a destination: for batches of its queue, and for orders to drain it.

    `make` takes the document (of `spec.document`), a callable for the accepted secrets (newest
    first) and the deploy-time entry (of `spec.deploy_time`); it is called once per version of the
    document.
    """
    return DestinationHandler(spec, make)


def configured_documents(
    spec: DestinationSpec,
    make: Make,
    settings: DestinationSettings | AlarmSettings,
    telemetry: InvocationTelemetry,
    gather: Gather = nothing_to_gather,
) -> DestinationDocuments:
    """What a destination's documents say now, and its code made from them.

    Without `gather` they are not for mapping events.
    """
    secrets = StageSecrets(settings.stage, time.time)
    deploy_time = spec.deploy_time.model_validate(settings.deploy_time)
    judgements = ConfigurationTable(settings.configuration_table)
    last_good = LastGood(judgements, telemetry, destination=settings.destination)
    name = f"destinations/{settings.destination}"

    def key() -> str:
        return mapping_key(name, secrets.accepted(name))

    return DestinationDocuments(
        spec,
        settings.destination,
        parameters=Parameters(NamedParameters(settings.stage), time.time),
        candidates=Candidates(judgements, last_good, time.time),
        make=lambda document: make(document, lambda: secrets.accepted(name), deploy_time),
        key=key,
        gather=gather,
    )


def _wire(
    spec: DestinationSpec,
    make: Make,
    settings: DestinationSettings,
    telemetry: InvocationTelemetry,
) -> Handle:
    if settings.mode is Mode.BATCHED:
        spec = for_parcels(spec)
    claims = ArchiveBucket(settings.archive_bucket)
    lookups = Lookups(ReferenceTable(settings.reference_table), time.time)
    gather = Gathering(lookups, claims.read)
    documents = configured_documents(spec, make, settings, telemetry, gather)
    ports = Ports(
        name=settings.destination,
        ledger=LedgerTable(settings.ledger_table, settings.ledger_days, time.time),
        gaps=GapTable(settings.ledger_table, settings.ledger_days, time.time),
        guards=GuardTable(settings.ledger_table, settings.ledger_days, time.time),
        records=EventRecords(settings.events_table, claims),
        dead_letters=SqsOutbox(settings.dead_queue_url),
        claims=claims,
        configured=documents.configuration,
        trials=Trials(
            settings.destination,
            store=TrialTable(settings.state_table),
            judgements=ConfigurationTable(settings.configuration_table),
            telemetry=telemetry,
            clock=time.time,
        ),
        gate=StateGate(
            StateTable(settings.state_table),
            settings.destination,
            sandbox=uuid.uuid4().hex,
            probe_seconds=probe_seconds(spec.vendor_timeout_seconds),
            throttle=Throttle(settings.concurrency),
        ),
        telemetry=telemetry,
        clock=time.time,
        jitter=random.random,
    )
    needed = spec.vendor_timeout_seconds + SPARE_SECONDS
    work = Prefetching(ports, _work(ports, spec, settings.mode)).deliver
    run_drain = drains(settings, ports, telemetry, work)

    def handle(event: dict[str, Any], invocation: Invocation) -> dict[str, Any]:
        execution = Execution(invocation.request_id, invocation.deadline(time.time()))
        left = Time(invocation.remaining, needed)
        if "drain" in event:
            order = DrainOrder.model_validate(event["drain"])
            return run_drain(order, execution, left).model_dump(mode="json")
        records = read_records(event)
        batch = Batch(records)
        work(batch, execution, left)
        url = queue_url(records[0].queue_arn, settings.queue_url, settings.urgent_queue_url)
        return report(batch, SqsVisibility(url, telemetry))

    return handle


def _work(ports: Ports, spec: DestinationSpec, mode: Mode) -> Work:
    """What is done with a batch, in this mode and for this kind."""
    if mode is Mode.BATCHED:
        return Parcels(ports, _parcel_spec(spec), ordered=False).deliver
    if spec.parcels is not None and spec.parcels.coalesces:
        return Parcels(ports, spec.parcels, ordered=True).deliver
    return _one_by_one(ports)


def _one_by_one(ports: Ports) -> Work:
    """One request for each delivery, or for what was compacted to one, in order of its group."""
    return Compaction(ports, Deliveries(ports)).deliver


def for_parcels(spec: DestinationSpec) -> DestinationSpec:
    """`spec` with what may follow the unknown outcome of a parcel."""
    return replace(spec, repeat=_parcel_spec(spec).repeat)


def _parcel_spec(spec: DestinationSpec) -> ParcelSpec:
    if spec.parcels is None:
        raise ConfigurationError(
            f"a destination of kind {spec.kind} takes one delivery at a time; set its mode to"
            " ordered in cdk.json and deploy it again"
        )
    return spec.parcels
