"""Many small changes of one interaction become one delivery, where the document asks for it.

The newest event of a group's consecutive messages is sent; those before it are `delivered` by it.
The window is realised in the queue: a head that is younger goes back for the rest of it, with no
attempt counted, so that followers gather behind it. The newest is in the ledger as delivered before
the others are written down, so that a crash between leaves messages that come again, find it
delivered, and end the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from switchboard.arrival import fresh_entry
from switchboard.claims import check_out
from switchboard.closing import conclude
from switchboard.deliveries import Deliveries
from switchboard.delivery import Execution, Ports, Time
from switchboard.destination import Lane, Receipt
from switchboard.envelope import Envelope, decode
from switchboard.errors import SwitchboardError
from switchboard.event import Event
from switchboard.ledger import Entry, State
from switchboard.loop import Batch, Record
from switchboard.outcomes import delivered
from switchboard.retry import back_off
from switchboard.version import Version


@dataclass(frozen=True, slots=True)
class Change:
    """A message that may be delivered by a later one."""

    record: Record
    envelope: Envelope
    event: Event


class Compaction:
    """A sandbox's deliveries to a destination whose document may ask for compaction."""

    def __init__(self, ports: Ports, deliveries: Deliveries) -> None:
        self._ports = ports
        self._deliveries = deliveries

    def deliver(self, batch: Batch, execution: Execution, time: Time) -> None:
        """Deliver a batch; without `compact_seconds` in the document, one by one."""
        window = self._window()
        for record in batch.live():
            if not time.has(1):
                batch.put_all_back(0.0)
                return
            changes = self._changes(batch, record) if window else []
            if changes:
                self._compact(batch, changes, execution, window)
            else:
                self._one(batch, record, execution)

    def _window(self) -> float:
        try:
            return self._ports.configured().compact_seconds
        except SwitchboardError:
            return 0.0

    def _one(self, batch: Batch, record: Record, execution: Execution) -> None:
        seconds = self._deliveries.handle(record, execution)
        if seconds is None:
            batch.done(record)
        else:
            batch.put_back(record, seconds)

    def _changes(self, batch: Batch, head: Record) -> Sequence[Change]:
        """The head of a group and what follows it, up to the first that must go by itself."""
        changes: list[Change] = []
        for record in batch.from_here(head):
            change = self._change(record)
            if change is None:
                break
            changes.append(change)
        return changes

    def _change(self, record: Record) -> Change | None:
        """None: it is a replay, urgent, or cannot be read."""
        try:
            envelope = decode(record.body)
            event, _ = check_out(envelope, self._ports.claims)
        except SwitchboardError:
            return None
        order = envelope.delivery
        is_plain = order is None or (
            order.replay is None and order.generation == 0 and order.lane is Lane.NORMAL
        )
        return Change(record, envelope, event) if is_plain else None

    def _compact(
        self, batch: Batch, changes: Sequence[Change], execution: Execution, window: float
    ) -> None:
        head = changes[0].record
        age = self._ports.clock() - head.sent_at
        if age < window:
            batch.put_back(head, min(window, window - age))
            return
        newest = max(changes, key=lambda change: Version.of(change.event))
        seconds = self._deliveries.handle(newest.record, execution)
        if seconds is not None:
            batch.put_back(head, seconds)
            return
        batch.done(newest.record)
        earlier = [change for change in changes if change is not newest]
        try:
            self._collapse(batch, earlier, newest, execution)
        except SwitchboardError as error:
            self._ports.telemetry.warn("deliveries wait", why=str(error))
            self._put_back(batch, earlier, back_off(1, self._ports.jitter))

    def _collapse(
        self, batch: Batch, earlier: Sequence[Change], newest: Change, execution: Execution
    ) -> None:
        """End the earlier ones by the newest; where it is not delivered, they go without it."""
        by = self._stored(newest, execution)
        if by is None or by.state is not State.DELIVERED:
            self._put_back(batch, earlier, 0.0)
            return
        for change in earlier:
            fresh = self._fresh(change, execution)
            ended = conclude(
                self._ports.ledger,
                fresh,
                stored=False,
                ending=lambda entry: replace(
                    delivered(entry, Receipt(by.remote_id), self._ports.clock()),
                    reason=f"delivered by {by.event_id}",
                ),
            )
            if ended is None:
                self._put_back(batch, [change], 1.0)
                return
            self._ports.telemetry.count("compacted", destination=self._ports.name)
            batch.done(change.record)

    def _stored(self, change: Change, execution: Execution) -> Entry | None:
        """What the ledger has of a delivery that was just handled: a claim of it must fail."""
        return self._ports.ledger.put(self._fresh(change, execution), expected=None)

    def _fresh(self, change: Change, execution: Execution) -> Entry:
        return fresh_entry(
            change.envelope, change.event, self._ports.name, execution, self._ports.clock()
        )

    def _put_back(self, batch: Batch, changes: Sequence[Change], seconds: float) -> None:
        for change in changes[:1]:
            batch.put_back(change.record, seconds)
