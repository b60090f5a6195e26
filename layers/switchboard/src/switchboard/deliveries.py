"""One destination's deliveries: claim each in the ledger, send it, write how it ended.

The order of writes is the promise: `sending` is in the ledger before the vendor is called, the
outcome before the message is deleted, and a dead letter is in the ledger first and in its queue
second, so that a crash between any two leaves a trace from which the next execution goes on.
"""

from switchboard.arrival import Arrivals, Claimed, waited_too_long
from switchboard.attempt import Attempts
from switchboard.delivery import Execution, Ports
from switchboard.errors import SwitchboardError
from switchboard.holding import Holding, with_gaps
from switchboard.loop import Record
from switchboard.retry import back_off
from switchboard.settlement import Settlement


class Deliveries:
    """A sandbox's deliveries to one destination."""

    def __init__(self, ports: Ports) -> None:
        ports = with_gaps(ports)
        settlement = Settlement(ports)
        self._ports = ports
        self._holding = Holding(ports)
        self._arrivals = Arrivals(ports, settlement, paced=True)
        self._attempts = Attempts(ports, settlement)

    def handle(self, record: Record, execution: Execution) -> float | None:
        """Deliver one message: None when it is done with, else the seconds for which it goes back.

        Never raises what a later try could cure: a store that cannot be reached is a wait. If that
        happened after the send, the entry stays `sending`; its lease runs out, and `repeat` decides
        as after any crash.
        """
        try:
            return self._handle(record, execution)
        except SwitchboardError as error:
            self._ports.gate.unused(self._ports.clock())
            self._ports.telemetry.warn(
                "a delivery waits", why=str(error), message_id=record.message_id
            )
            return back_off(min(record.receive_count, 6), self._ports.jitter)

    def _handle(self, record: Record, execution: Execution) -> float | None:
        now = self._ports.clock()
        if not waited_too_long(record, now) and (held := self._ports.gate.admit(now)) > 0:
            return held
        arrived = self._arrivals.claim(record, execution)
        if not isinstance(arrived, Claimed):
            self._ports.gate.unused(self._ports.clock())
            return arrived
        seconds = self._attempts.make(arrived)
        self._holding.settle(arrived.gap)
        return seconds
