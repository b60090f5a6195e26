"""How a waiting delivery ends without being sent: discarded, redirected, or for its age."""

from dataclasses import replace

from switchboard.arrival import WAITED_TOO_LONG, fresh_entry, unreadable_entry
from switchboard.claims import check_out
from switchboard.closing import conclude
from switchboard.delivery import Execution, Ports, Time
from switchboard.drain import Drain, DrainOrder
from switchboard.envelope import DeliveryOrder, Envelope, decode, encode
from switchboard.errors import EventError, ReasonClass, SwitchboardError, Unavailable
from switchboard.event import Event, digest, queue_safe
from switchboard.holding import with_gaps
from switchboard.ledger import Entry, State
from switchboard.loop import Batch, Record
from switchboard.outcomes import set_aside
from switchboard.queue import Outbox, Outgoing
from switchboard.retry import LONGEST_IN_QUEUE_SECONDS
from switchboard.settlement import LOST_RACE_SECONDS, Settlement

UNCERTAIN = frozenset({State.SENDING, State.UNKNOWN})


class Endings:
    """What a drain does with batches where nothing is delivered; see drain.Work.

    `through` is the way to another destination. What stays is hidden until the drain ends, so that
    it is not received again and again.
    """

    def __init__(self, ports: Ports, order: DrainOrder, through: Outbox | None) -> None:
        ports = with_gaps(ports)
        self._ports = ports
        self._order = order
        self._through = through
        self._settlement = Settlement(ports)

    def work(self, batch: Batch, execution: Execution, time: Time) -> None:
        """End each record of a batch, in its order."""
        for record in batch.live():
            if not time.has(1):
                batch.put_all_back(0.0)
                return
            seconds = self._end(record, execution)
            if seconds is None:
                batch.done(record)
            else:
                batch.put_back(record, seconds)

    def _end(self, record: Record, execution: Execution) -> float | None:
        now = self._ports.clock()
        hidden = max(LOST_RACE_SECONDS, execution.deadline - now)
        if now - record.sent_at < self._age:
            return hidden
        try:
            return self._ended(record, execution, now)
        except SwitchboardError as error:
            self._ports.telemetry.warn(
                "a delivery stays in its queue", why=str(error), message_id=record.message_id
            )
            return hidden

    @property
    def _age(self) -> float:
        order = self._order
        return LONGEST_IN_QUEUE_SECONDS if order.kind is Drain.EXPIRE else order.older_than_seconds

    def _ended(self, record: Record, execution: Execution, now: float) -> float | None:
        ports, kind = self._ports, self._order.kind
        try:
            envelope = decode(record.body)
            event, _ = check_out(envelope, ports.claims)
        except EventError as error:
            fresh = unreadable_entry(record, ports.name, execution, now)
            if kind is Drain.DISCARD:
                return self._discard(record.body, fresh)
            return self._settlement.end(record.body, fresh, ReasonClass.EVENT, str(error))
        fresh = fresh_entry(envelope, event, ports.name, execution, now)
        if kind is Drain.DISCARD:
            return self._discard(envelope, fresh)
        if kind is Drain.REDIRECT:
            return self._redirect(envelope, event, fresh)
        return self._settlement.end(envelope, fresh, ReasonClass.UNAVAILABLE, WAITED_TOO_LONG)

    def _discard(self, envelope: Envelope | str, fresh: Entry) -> float | None:
        def discarded(entry: Entry) -> Entry:
            self._refuse_if_sending(entry, fresh)
            return set_aside(entry, State.DISCARDED, self._reason(entry, fresh), fresh.updated_at)

        ended = conclude(self._ports.ledger, fresh, stored=False, ending=discarded)
        if ended is None:
            return LOST_RACE_SECONDS
        entry, written = ended
        if not written:
            return self._settlement.dropped(envelope, entry)
        self._ports.telemetry.count("discarded", destination=self._ports.name)
        return None

    def _redirect(self, envelope: Envelope, event: Event, fresh: Entry) -> float | None:
        """Take it over, send it on, write it down.

        What is final here goes nowhere, unless a new replay asks for it. A crash after it was sent
        on sends it on once more: to the same delivery over there.
        """

        def taken_over(entry: Entry) -> Entry:
            self._refuse_if_sending(entry, fresh)
            reason = self._reason(entry, fresh)
            if entry is fresh:
                return replace(fresh, reason=reason)
            return replace(
                entry,
                state=State.SENDING,
                revision=entry.revision + 1,
                owner=fresh.owner,
                lease_until=fresh.lease_until,
                reason=reason,
            )

        taken = conclude(self._ports.ledger, fresh, stored=False, ending=taken_over)
        if taken is None:
            return LOST_RACE_SECONDS
        entry, written = taken
        if not written:
            if fresh.replay in (None, entry.replay):
                return self._settlement.dropped(envelope, entry)
            again = replace(taken_over(fresh), revision=entry.revision + 1, attempt=entry.attempt)
            if self._ports.ledger.put(again, expected=entry.revision) is not None:
                return LOST_RACE_SECONDS
            entry = again
        self._send_on(envelope, event)
        redirected = set_aside(entry, State.REDIRECTED, entry.reason, self._ports.clock())
        if self._ports.ledger.put(redirected, expected=entry.revision) is not None:
            return LOST_RACE_SECONDS
        self._ports.telemetry.count("redirected", destination=self._ports.name)
        return None

    def _send_on(self, envelope: Envelope, event: Event) -> None:
        order = self._order
        if self._through is None or not order.to:
            raise Unavailable("redirecting: the order names no way to another destination")
        mine = envelope.delivery or DeliveryOrder(only=order.to)
        onward = mine.model_copy(update={"only": order.to})
        message = Outgoing(
            body=encode(envelope.model_copy(update={"delivery": onward})),
            group=queue_safe(envelope.group),
            deduplication_id=digest(event.id, order.to, mine.replay or "", "redirected"),
        )
        (refused,) = self._through.send([message])
        if refused is not None:
            raise Unavailable(f"redirecting: {refused}")

    def _refuse_if_sending(self, entry: Entry, fresh: Entry) -> None:
        if entry.state is not State.SENDING or entry.owner == fresh.owner:
            return
        if entry.lease_until > fresh.updated_at:
            raise Unavailable("another execution is sending it; its lease comes first")
        self._settlement.doubt(entry)

    def _reason(self, entry: Entry, fresh: Entry) -> str:
        order = self._order
        target = f" to {order.to}" if order.kind is Drain.REDIRECT else ""
        why = f": {order.why}" if order.why else ""
        is_doubtful = entry.owner != fresh.owner and entry.state in UNCERTAIN
        doubt = "; an earlier attempt may be stored" if is_doubtful else ""
        return f"{order.kind}ed{target} by {order.by}{why}{doubt}"
