"""A cell of the deliveries' matrix: a kind and a mode, ten thousand deliveries, every trouble."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.config import Config

from desk.emulator.queues import Queue
from desk.emulator.standard_queues import StandardQueue
from switchboard.aws.ledger_table import LedgerTable
from switchboard.compaction import Compaction
from switchboard.deliveries import Deliveries
from switchboard.delivery import Configuration, Ports
from switchboard.destination import Destination, Mode, ParcelSpec, Repeat
from switchboard.drain import Work
from switchboard.event import Event
from switchboard.parcels import Parcels
from switchboard.testing.deliveries import DeliveryBench, ScriptedDestination
from switchboard.testing.stores import Clock
from tests.faults.deliveries.drains import ScheduledWorld
from tests.faults.deliveries.mishaps import FaultyLedger, Mishap
from tests.faults.deliveries.tables import LEDGER, entries, ledger_table
from tests.faults.deliveries.vendor import Shop, Trouble, Vendor
from tests.faults.deliveries.verdict import Evidence, Verdict, judge
from tests.faults.deliveries.world import (
    VISIBILITY,
    Mishaps,
    World,
    outgoing,
)

LEAST = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind in a mode. `shop` makes its vendor, `make` its destination at the vendor's address.

    With `parcels` its deliveries travel together. `window` is for how long messages gather before
    they are received, or a drain is started. `scale` multiplies the shares of every trouble: a
    parcel is one request for many deliveries.
    """

    name: str
    repeat: Repeat
    shop: Callable[[Clock], Shop]
    make: Callable[[str, Clock], Destination]
    parcels: ParcelSpec | None = None
    mode: Mode = Mode.ORDERED
    batch_size: int = 10
    window: float = 1.0
    scale: float = 1.0
    deliveries: int = LEAST


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a cell."""

    cell: Cell
    seed: int
    verdict: Verdict
    seconds: float
    cpu: float


def run(cell: Cell, seed: int) -> Result:
    """Play a cell to its end."""
    began, cpu = time.monotonic(), time.process_time()
    bench = DeliveryBench(ScriptedDestination(), cell.repeat)
    clock = bench.clock
    with ledger_table(), Vendor(cell.shop(clock), seed, cell.scale) as vendor:
        in_order = cell.mode is not Mode.BATCHED
        queue = (Queue if in_order else StandardQueue)(
            f"faults-{seed}", clock=clock, visibility=VISIBILITY
        )
        world = (ScheduledWorld if cell.mode is Mode.SCHEDULED else World)(
            seed,
            queue,
            clock,
            cell.scale,
            cell.repeat is Repeat.NATIVE,
            batch_size=cell.batch_size,
            window=cell.window,
        )
        ledger = FaultyLedger(LedgerTable(LEDGER, 90, clock), seed, world.injected)
        configuration = Configuration(
            destination=Mishaps(cell.make(vendor.url, clock), world),
            mapped=mapped,
            repeat=cell.repeat,
            mapping_version=1,
        )
        bench.configuration = lambda: configuration
        ports = replace(bench.ports, ledger=ledger)
        world.work = lambda sandbox: _work(cell, ports, bench, world, sandbox)
        sent = [outgoing(number) for number in range(cell.deliveries)]
        world.feed = iter(sent)
        world.run()
        evidence = Evidence(
            expected=[(message.deduplication_id, message.group) for message in sent],
            stored=vendor.stored,
            entries=entries(),
            in_doubt=set(vendor.in_doubt) | world.injected.in_doubt,
            injected={
                **{str(trouble): vendor.injected[trouble] for trouble in Trouble},
                **{
                    str(mishap): world.injected.counts[mishap]
                    for mishap in Mishap
                    if mishap is not Mishap.ZOMBIE or world.zombies
                },
            },
            repeat=cell.repeat,
            ordered=in_order,
        )
        verdict = judge(evidence)
        verdict = replace(verdict, problems=(*world.problems, *verdict.problems))
    seconds = time.monotonic() - began
    return Result(cell, seed, verdict, seconds, time.process_time() - cpu)


def mapped(event: Event, _: object = None, /) -> Mapping[str, Any]:
    """What a vendor gets of an event: enough to know it again, and its place."""
    record = {"event": event.id, **event.data}
    # Slack shows a text; the others pass it over.
    return {**record, "text": f"record {event.id} {record['group']} {record['number']}"}


def _work(cell: Cell, ports: Ports, bench: DeliveryBench, world: World, sandbox: int) -> Work:
    """One sandbox: its own memory, and its own idea of the time."""
    skewed = world.SKEWS[sandbox]
    mine = replace(
        ports,
        clock=lambda: world.clock() + skewed,
        gate=bench._gate(),
        trials=bench._trials(),
    )
    if cell.parcels is not None:
        return Parcels(mine, cell.parcels, ordered=cell.mode is not Mode.BATCHED).deliver
    return Compaction(mine, Deliveries(mine)).deliver


def s3_client(url: str, seconds: float) -> Any:
    """A client of the vendor's, which gives up soon."""
    return boto3.client(
        "s3",
        endpoint_url=url,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=seconds,
            s3={"addressing_style": "path"},
        ),
    )
