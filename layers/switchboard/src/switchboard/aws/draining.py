"""What a destination's function does with a drain order instead of records."""

import time as time_module
from collections.abc import Callable

from switchboard.aws.drained_queue import DrainTable, SqsDrainedQueue
from switchboard.aws.lease_table import LeaseTable
from switchboard.aws.queues import SqsOutbox
from switchboard.delivery import Execution, Ports, Time
from switchboard.drain import Drain, Drainage, Drained, DrainOrder, Work, ahead_of, drain
from switchboard.endings import Endings
from switchboard.settings import DestinationSettings
from switchboard.telemetry import Telemetry

Drains = Callable[[DrainOrder, Execution, Time], Drained]


def drains(
    settings: DestinationSettings, ports: Ports, telemetry: Telemetry, deliver: Work
) -> Drains:
    """Drains of one destination; `deliver` is what its function does with any batch."""
    urls = [settings.urgent_queue_url, settings.queue_url]
    drainage = Drainage(
        name=settings.destination,
        queues=[SqsDrainedQueue(url, telemetry) for url in urls if url is not None],
        leases=LeaseTable(settings.state_table),
        store=DrainTable(settings.state_table),
        clock=time_module.time,
    )

    def run(order: DrainOrder, execution: Execution, time: Time) -> Drained:
        order = ahead_of(order, drainage.store.read(settings.destination))
        if order.kind is Drain.DELIVER:
            return drain(drainage, order, deliver, execution, time)
        through = SqsOutbox(order.through) if order.through else None
        return drain(drainage, order, Endings(ports, order, through).work, execution, time)

    return run
