"""From a message to a claim: read it, and take its delivery in the ledger before it is sent."""

import json
from dataclasses import dataclass, replace

from switchboard.claiming import Bury, Decision, Drop, Hold, Order, Send, Wait, claim
from switchboard.claims import check_out
from switchboard.delivery import Configuration, Execution, Ports
from switchboard.envelope import DeliveryOrder, Envelope, RawRef, decode
from switchboard.errors import ConfigurationError, EventError, ReasonClass
from switchboard.event import Event
from switchboard.gaps import Gap
from switchboard.guards import Due, Fact, look
from switchboard.holding import Holding
from switchboard.ledger import Entry, State
from switchboard.loop import Record
from switchboard.retry import LONGEST_IN_QUEUE_SECONDS
from switchboard.settlement import Settlement
from switchboard.shadow import show
from switchboard.version import Version

LEASE_MARGIN = 30.0
WAITED_TOO_LONG = "waited 12 days in the queue"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this execution's to make, under the claim in `send`.

    `event` is the one that is sent, its payload at `raw_ref`: for a whole record it may be a newer
    one than what arrived.
    `gap` is the open gap of its group, if there is one.
    """

    envelope: Envelope
    event: Event
    configuration: Configuration
    send: Send
    gap: Gap | None = None
    raw_ref: RawRef | None = None


def waited_too_long(record: Record, now: float) -> bool:
    """Whether it ends now, whatever the destination's state is: no vendor is called for that."""
    return now - record.sent_at > LONGEST_IN_QUEUE_SECONDS


class Arrivals:
    """What arrives in a destination's queue; `paced` where each is a request of its own."""

    def __init__(self, ports: Ports, settlement: Settlement, *, paced: bool) -> None:
        self._ports = ports
        self._settlement = settlement
        self._holding = Holding(ports)
        self._paced = paced

    def claim(self, record: Record, execution: Execution) -> Claimed | float | None:
        """The claimed delivery of a message.

        Returns:
            The claim; None where the message is done with; else the seconds for which it goes back.

        Raises:
            Unavailable: a store cannot be reached.
        """
        ports = self._ports
        try:
            envelope = decode(record.body)
            event, _ = check_out(envelope, ports.claims)
        except EventError as error:
            return self._unreadable(record, execution, error)
        now = ports.clock()
        fresh = fresh_entry(envelope, event, ports.name, execution, now)
        if waited_too_long(record, now):
            return self._settlement.end(envelope, fresh, ReasonClass.UNAVAILABLE, WAITED_TOO_LONG)
        return self._take(envelope, event, fresh)

    def _take(self, envelope: Envelope, event: Event, fresh: Entry) -> Claimed | float | None:
        ports = self._ports
        try:
            configuration = ports.configured()
        except ConfigurationError as error:
            return self._settlement.misconfigured(error, fresh.group)
        if self._paced:
            pause = ports.gate.pace(configuration.requests_per_second, fresh.updated_at)
            if pause > 0:
                return pause
        if envelope.delivery is not None:
            configuration = configuration.pinned(envelope.delivery.mapping_version)
        fresh = replace(
            _made_with(fresh, configuration),
            held_before=ports.gate.held_seconds(fresh.updated_at),
        )
        return self._decided(envelope, event, configuration, fresh)

    def _decided(
        self, envelope: Envelope, event: Event, configuration: Configuration, fresh: Entry
    ) -> Claimed | float | None:
        arrived = Fact(event, envelope.raw_ref)
        due = self._due(configuration, arrived, fresh)
        if configuration.record and due.fact is not None:
            fresh = replace(fresh, version=Version.of(due.fact.event).text)
        gap = self._holding.gap(configuration, fresh)
        behind = gap is not None and gap.holds(fresh)
        decision = claim(
            self._ports.ledger, Order(fresh, configuration.repeat, fresh.updated_at, behind)
        )
        self._doubt_lapsed(decision)
        match decision:
            case Wait(seconds):
                return seconds
            case Hold(entry):
                return self._holding.kept(entry, gap)
            case Drop(entry):
                return self._dropped(envelope, entry, configuration, gap)
            case Bury(entry):
                return self._settlement.bury(envelope, entry)
            case Send(entry) if due.fact is None and due.written is not None:
                return self._overtaken(entry, due.written, gap)
            case Send() as send:
                return self._shown(
                    self._begun(envelope, due.fact or arrived, configuration, send, gap)
                )

    def _due(self, configuration: Configuration, arrived: Fact, fresh: Entry) -> Due:
        if not configuration.record:
            return Due(arrived)
        return look(self._ports.guards, self._ports.records, arrived, fresh)

    def _dropped(
        self, envelope: Envelope, entry: Entry, configuration: Configuration, gap: Gap | None
    ) -> float | None:
        if entry.state is State.HELD and configuration.holds:
            return self._holding.kept(entry, gap)
        self._holding.settle(gap)
        return self._settlement.dropped(envelope, entry)

    def _overtaken(self, entry: Entry, written: Version, gap: Gap | None) -> float | None:
        seconds = self._settlement.overtaken(entry, written)
        self._holding.settle(gap)
        return seconds

    def _begun(
        self,
        envelope: Envelope,
        fact: Fact,
        configuration: Configuration,
        send: Send,
        gap: Gap | None,
    ) -> Claimed:
        """The claim, with the versions that it goes out under: the good ones, or those on trial."""
        candidate = configuration.candidate
        if candidate is not None and candidate.trial is not None:
            on_trial = self._ports.trials.takes(candidate.trial, send)
            configuration = candidate if on_trial else configuration
        entry = _made_with(send.entry, configuration)
        taken = replace(send, entry=entry)
        return Claimed(envelope, fact.event, configuration, taken, gap, fact.raw_ref)

    def _doubt_lapsed(self, decision: Decision) -> None:
        """What an execution sent that ended before it could say so may be stored."""
        match decision:
            case Send(entry) | Bury(entry) if entry.lapses:
                self._settlement.doubt(entry)
            case Drop(entry) if entry.lapses and entry.state is State.DEAD:
                self._settlement.doubt(entry)

    def _shown(self, claimed: Claimed) -> Claimed | float | None:
        """A delivery to a shadow is done with here; any other is the caller's to make."""
        configuration, entry = claimed.configuration, claimed.send.entry
        if not configuration.shadow:
            return claimed
        fact = Fact(claimed.event, claimed.raw_ref)
        shown = show(self._settlement, claimed.envelope, fact, configuration, entry)
        self._holding.settle(claimed.gap)
        return shown

    def _unreadable(self, record: Record, execution: Execution, error: EventError) -> float | None:
        """No event can be read: the dead letter holds the message's own body."""
        entry = unreadable_entry(record, self._ports.name, execution, self._ports.clock())
        return self._settlement.end(record.body, entry, ReasonClass.EVENT, str(error))


def _made_with(entry: Entry, configuration: Configuration) -> Entry:
    return replace(
        entry,
        document_version=configuration.document_version,
        mapping_version=configuration.mapping_version,
    )


def fresh_entry(
    envelope: Envelope, event: Event, destination: str, execution: Execution, now: float
) -> Entry:
    """The claim with which a delivery that nobody has seen begins."""
    order = envelope.delivery or DeliveryOrder(only=destination)
    ref = envelope.raw_ref or envelope.event_ref
    return Entry(
        group=envelope.group,
        event_id=event.id,
        destination=destination,
        state=State.SENDING,
        owner=execution.owner,
        generation=order.generation,
        replay=order.replay,
        lane=order.lane,
        lease_until=execution.deadline + LEASE_MARGIN,
        happened_at=event.time.timestamp(),
        first_attempt_at=now,
        updated_at=now,
        payload=json.dumps(ref.model_dump(mode="json")) if ref else "",
    )


def unreadable_entry(record: Record, destination: str, execution: Execution, now: float) -> Entry:
    """The entry of a message that no event can be read from."""
    return Entry(
        group=record.group,
        event_id=f"message:{record.message_id}",
        destination=destination,
        state=State.SENDING,
        owner=execution.owner,
        first_attempt_at=now,
        updated_at=now,
    )
