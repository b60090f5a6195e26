"""What the mapping looks up for a batch is read together, before the first of it is delivered.

A cold batch costs one request for reference data instead of one for each event. Nothing is decided
here: what could not be read, or was not foreseen, is read when its event is mapped, and a failure
is that delivery's alone.
"""

from collections.abc import Iterator

from switchboard.delivery import Execution, Ports, Time
from switchboard.drain import Work
from switchboard.envelope import decode
from switchboard.errors import SwitchboardError
from switchboard.event import Event
from switchboard.loop import Batch


class Prefetching:
    """`work` on batches whose reference data was read ahead."""

    def __init__(self, ports: Ports, work: Work) -> None:
        self._ports = ports
        self._work = work

    def deliver(self, batch: Batch, execution: Execution, time: Time) -> None:
        """Deliver what can be delivered of a batch; the rest is put back in it."""
        self._prefetch(batch)
        self._work(batch, execution, time)

    def _prefetch(self, batch: Batch) -> None:
        """For the mapping that serves and for the one on trial; both may be used in a batch."""
        try:
            good = self._ports.configured()
        except SwitchboardError:
            return
        candidate = None if good.candidate is None else good.candidate.prefetch
        wanted = [one for one in (good.prefetch, candidate) if one is not None]
        events = list(_events(batch)) if wanted else []
        if len(events) > 1:
            for prefetch in wanted:
                prefetch(events)


def _events(batch: Batch) -> Iterator[Event]:
    """Those that travel in their messages; one that waits in S3 is read once, for its delivery."""
    for record in batch.live():
        try:
            event = decode(record.body).event
        except SwitchboardError:
            continue
        if event is not None:
            yield event
