"""One delivery: claim it in the ledger, send it, write how it ended.

The order of writes is the promise: `sending` is in the ledger before the vendor is called, the
outcome before the message is deleted, and a dead letter is in the ledger first and in its queue
second, so that a crash between any two leaves a trace from which the next execution goes on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from switchboard.claims import ClaimStore, check_out
from switchboard.dead_letters import bury
from switchboard.destination import Delivery, Destination, Receipt, Repeat
from switchboard.envelope import DeliveryOrder, Envelope, decode
from switchboard.errors import (
    ConfigurationError,
    EventError,
    ReasonClass,
    SwitchboardError,
    Unavailable,
)
from switchboard.event import Event, digest
from switchboard.ledger import (
    Bury,
    Drop,
    Entry,
    Ledger,
    Order,
    Send,
    State,
    Wait,
    claim,
    close,
    conclude,
)
from switchboard.loop import Record
from switchboard.outcomes import Circumstances, dead, delivered, failed
from switchboard.queue import Outbox
from switchboard.retry import CONFIGURATION_WAIT, LONGEST_IN_QUEUE_SECONDS, Jitter, back_off
from switchboard.telemetry import Telemetry

LEASE_MARGIN = 30.0
LOST_RACE_SECONDS = 1.0
WAITED_TOO_LONG = "waited 12 days in the queue"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a delivery is made with: one version of the destination's documents, ready to use.

    `mapped` makes an event's output and raises EventError.
    """

    destination: Destination
    mapped: Callable[[Event], Mapping[str, Any]]
    repeat: Repeat
    mapping_version: int | None


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a delivery touches. `configured` raises ConfigurationError while it is broken."""

    name: str
    ledger: Ledger
    dead_letters: Outbox
    claims: ClaimStore
    configured: Callable[[], Configuration]
    telemetry: Telemetry
    clock: Callable[[], float]
    jitter: Jitter


@dataclass(frozen=True, slots=True)
class Execution:
    """One invocation: a name for its writes, and when it ends, in epoch seconds."""

    owner: str
    deadline: float


def delivery_key(event_id: str, destination: str, generation: int) -> str:
    """The vendor's idempotency key: the same on every attempt, free of dots."""
    return "dlv_" + digest(event_id, destination, str(generation))


class Deliveries:
    """A sandbox's deliveries to one destination."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._taken_at = float("-inf")

    def handle(self, record: Record, execution: Execution) -> float | None:
        """Deliver one message: None when it is done with, else the seconds for which it goes back.

        Never raises what a later try could cure: a store that cannot be reached is a wait. If that
        happened after the send, the entry stays `sending`; its lease runs out, and `repeat` decides
        as after any crash.
        """
        try:
            return self._handle(record, execution)
        except SwitchboardError as error:
            self._ports.telemetry.warn(
                "a delivery waits", why=str(error), message_id=record.message_id
            )
            return back_off(min(record.receive_count, 6), self._ports.jitter)

    def _handle(self, record: Record, execution: Execution) -> float | None:
        ports = self._ports
        try:
            envelope = decode(record.body)
            event, _ = check_out(envelope, ports.claims)
        except EventError as error:
            return self._unreadable(record, execution, error)
        now = ports.clock()
        fresh = fresh_entry(envelope, event, ports.name, execution, now)
        if now - record.sent_at > LONGEST_IN_QUEUE_SECONDS:
            return self._end(envelope, fresh, ReasonClass.UNAVAILABLE, WAITED_TOO_LONG)
        try:
            configuration = ports.configured()
        except ConfigurationError as error:
            self._misconfigured(error)
            return CONFIGURATION_WAIT
        fresh = replace(fresh, mapping_version=configuration.mapping_version)
        return self._claimed(
            envelope, event, configuration, Order(fresh, configuration.repeat, now)
        )

    def _claimed(
        self, envelope: Envelope, event: Event, configuration: Configuration, order: Order
    ) -> float | None:
        match claim(self._ports.ledger, order):
            case Wait(seconds):
                return seconds
            case Drop(entry):
                return self._dropped(envelope, entry)
            case Bury(entry):
                return self._bury(envelope, entry)
            case Send() as send:
                return self._attempt(envelope, event, configuration, send)

    def _attempt(
        self, envelope: Envelope, event: Event, configuration: Configuration, send: Send
    ) -> float | None:
        entry = send.entry
        if send.may_duplicate:
            self._possible_duplicate(entry)
        destination = configuration.destination
        try:
            delivery = _prepared(event, configuration, entry)
            entry = self._referenced(entry, destination.reference(delivery))
            receipt = destination.find(delivery) if send.look_first else None
            if receipt is None:
                receipt = destination.send(replace(delivery, reference=entry.reference))
        except Exception as error:  # noqa: BLE001 - whatever a destination raises has its treatment
            return self._failed(envelope, entry, error, configuration.repeat)
        self._delivered(entry, receipt)
        return None

    def _referenced(self, entry: Entry, reference: str) -> Entry:
        """Record what `find` would look for, before the send; most kinds have nothing new."""
        if reference == entry.reference:
            return entry
        named = replace(entry, reference=reference, revision=entry.revision + 1)
        if self._ports.ledger.put(named, expected=entry.revision) is not None:
            raise Unavailable("recording the reference: another execution took the delivery over")
        return named

    def _delivered(self, entry: Entry, receipt: Receipt) -> None:
        ports = self._ports
        self._taken_at = ports.clock()
        ports.telemetry.count("delivered", destination=ports.name, lane=entry.lane)
        closed = delivered(entry, receipt, self._taken_at)
        close(ports.ledger, entry, closed, late=lambda: self._possible_duplicate(entry))

    def _failed(
        self, envelope: Envelope, entry: Entry, error: Exception, repeat: Repeat
    ) -> float | None:
        ports = self._ports
        if isinstance(error, ConfigurationError):
            self._misconfigured(error)
        now = ports.clock()
        ended = failed(entry, error, Circumstances(now, self._taken_at, repeat, ports.jitter))
        if ended.reason_class is ReasonClass.BUG:
            ports.telemetry.count("bugs", destination=ports.name, error=type(error).__name__)
        written = close(ports.ledger, entry, ended, late=_never)
        if not written:
            return LOST_RACE_SECONDS
        if ended.state is State.DEAD:
            return self._bury(envelope, ended)
        ports.telemetry.count("retried", destination=ports.name, reason=str(ended.reason_class))
        return ended.until - now

    def _end(
        self, envelope: Envelope | str, fresh: Entry, reason_class: ReasonClass, reason: str
    ) -> float | None:
        """Dead-letter what was never claimed here, over whatever open entry there is."""
        now = self._ports.clock()
        ended = conclude(
            self._ports.ledger,
            fresh,
            stored=False,
            ending=lambda entry: dead(entry, reason_class, reason, now),
        )
        if ended is None:
            return LOST_RACE_SECONDS
        entry, written = ended
        return self._bury(envelope, entry) if written else self._dropped(envelope, entry)

    def _unreadable(self, record: Record, execution: Execution, error: EventError) -> float | None:
        """No event can be read: the dead letter holds the message's own body."""
        entry = unreadable_entry(record, self._ports.name, execution, self._ports.clock())
        return self._end(record.body, entry, ReasonClass.EVENT, str(error))

    def _bury(self, envelope: Envelope | str, entry: Entry) -> float | None:
        ports = self._ports
        ports.telemetry.count(
            "dead_lettered", destination=ports.name, reason=str(entry.reason_class)
        )
        return bury(ports.dead_letters, entry, envelope)

    def _dropped(self, envelope: Envelope | str, entry: Entry) -> float | None:
        """A final state. A dead one may have crashed before its queue took it: send it again."""
        if entry.state is State.DEAD:
            return bury(self._ports.dead_letters, entry, envelope)
        return None

    def _misconfigured(self, error: ConfigurationError) -> None:
        self._ports.telemetry.count("configuration_errors", destination=self._ports.name)
        self._ports.telemetry.warn("the destination waits for its configuration", why=str(error))

    def _possible_duplicate(self, entry: Entry) -> None:
        self._ports.telemetry.count("possible_duplicates", destination=self._ports.name)
        self._ports.telemetry.warn(
            "a possible duplicate", event=entry.event_id, destination=entry.destination
        )


def _never() -> None:
    """Only `delivered` can come late and be accepted."""


def _prepared(event: Event, configuration: Configuration, entry: Entry) -> Delivery:
    return Delivery(
        event=event,
        group=entry.group,
        destination=entry.destination,
        key=delivery_key(entry.event_id, entry.destination, entry.generation),
        attempt=entry.attempt,
        output=configuration.mapped(event),
        reference=entry.reference,
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
