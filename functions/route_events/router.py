"""A batch of ingested events on its way to the destinations.

    read → keep pace → normalise → archive raw → detect drift
        → choose destinations and append to `events`
        → set timers → fan out → mark

What came through bulk waits where a destination has enough, and is marked in `events` as routed:
only then does its sender go back to live.

Each phase goes over the records that are still live. One that fails goes back alone with the later
records of its group, and finds on its next try what it left behind: the archive and the events
table take the same event twice without harm, the recorded choice of destinations is used again,
and the destinations' queues and ledgers know a repeated fan-out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from functions.route_events.attempts import Attempts
from functions.route_events.choosing import Choosing
from functions.route_events.journeys import Journey, Journeys
from functions.route_events.pacing import Feeding, Pace
from functions.route_events.routes import Network
from functions.route_events.timing import Timing
from switchboard.archive import RawArchive, RawLine
from switchboard.arrival import fresh_entry, unreadable_entry
from switchboard.claiming import Send
from switchboard.claims import ClaimStore, check_in, check_out
from switchboard.delivery import Execution
from switchboard.drift_watch import DriftWatch
from switchboard.envelope import DeliveryOrder, Envelope, decode
from switchboard.errors import EventError, SwitchboardError, Unavailable
from switchboard.event import digest, queue_safe
from switchboard.events import EventStore
from switchboard.held import ROUTE
from switchboard.loop import Batch, Record
from switchboard.queue import Outbox, Outgoing
from switchboard.routing import Choice
from switchboard.source_state import SourceStateReader
from switchboard.sources import normalised
from switchboard.sources.delivering import delivers
from switchboard.telemetry import Telemetry

UNCLAIMED_RECEIVES = 2
UNKNOWN_TYPE = "8x8.unknown."


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the router touches. `network` raises Unavailable if it was never read.

    `is_bulk` says of a queue's ARN whether it is that of `ingest-bulk`.
    """

    events: EventStore
    archive: RawArchive
    claims: ClaimStore
    network: Callable[[], Network]
    sources: SourceStateReader
    pace: Pace
    attempts: Attempts
    drift: DriftWatch
    timing: Timing
    telemetry: Telemetry
    is_bulk: Callable[[str], bool]


class Router:
    """Routes batches; holds nothing between them."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._choosing = Choosing(
            ports.events, ports.claims, ports.sources, ports.attempts, ports.telemetry
        )

    def route(self, batch: Batch, execution: Execution) -> None:
        """Route what can be routed; the rest is put back in `batch`, or dead-lettered."""
        journeys = Journeys(batch, self._ports.attempts)
        self._travel(journeys, batch, execution)
        journeys.give_back()

    def _travel(self, journeys: Journeys, batch: Batch, execution: Execution) -> None:
        for record in batch.live():
            self._begin(journeys, record, execution)
        try:
            network = self._ports.network()
        except SwitchboardError as error:
            journeys.stop_all([*journeys.live()], error)
            return
        feeding = self._ports.pace.begin(network)
        if self._ports.pace.is_slowed:
            # Before it is claimed: what only waits for its turn leaves no entry.
            journeys.each(lambda journey: self._keep_pace(journeys, network, feeding, journey))
        journeys.each(lambda journey: self._claim(journeys, journey))
        journeys.each(partial(self._normalise, network))
        network.prefetch([one.event for one in journeys.live() if one.order is None])
        journeys.each(lambda journey: self._keep_pace(journeys, network, feeding, journey))
        self._archive(journeys)
        self._watch_drift(journeys)
        journeys.each(partial(self._choosing.choose, network))
        self._ports.timing.set(journeys, network)
        self._fan_out(journeys, network)
        journeys.each(self._mark)
        journeys.each(lambda journey: self._finish(journeys, journey))

    def _begin(self, journeys: Journeys, record: Record, execution: Execution) -> None:
        """Read the envelope; what is none of ours is dead-lettered as it came."""
        attempts = self._ports.attempts
        try:
            envelope = decode(record.body)
            event, whole = check_out(envelope, self._ports.claims)
        except EventError as error:
            fresh = unreadable_entry(record, ROUTE, execution, attempts.clock())
            refusal = error
            journeys.settle(record, lambda: attempts.refuse(None, fresh, record.body, refusal))
        except SwitchboardError as error:
            passing = error
            journeys.settle(record, lambda: attempts.wait(None, record, passing))
        else:
            fresh = fresh_entry(whole, event, ROUTE, execution, attempts.clock())
            journeys.begin(Journey(record, envelope, whole, event, fresh))

    def _claim(self, journeys: Journeys, journey: Journey) -> None:
        """Claim what came back often, so that a record which kills the process is found."""
        if journey.record.receive_count <= UNCLAIMED_RECEIVES:
            return
        attempts = self._ports.attempts
        decision = attempts.claim(journey.fresh)
        if isinstance(decision, Send):
            journey.claimed = decision.entry
        else:
            journeys.settle(journey.record, lambda: attempts.end(decision, journey.envelope))

    def _normalise(self, network: Network, journey: Journey) -> None:
        journey.raw_ref = ref = journey.whole.raw_ref
        raw = journey.whole.raw
        if journey.is_anew and ref is not None:
            raw = self._ports.archive.read(ref)
        if raw is None:
            return
        journey.event = normalised(journey.event, raw, network.tenant(journey.event.source))
        if journey.event.type.startswith(UNKNOWN_TYPE):
            self._ports.telemetry.count(
                "unknown_type", source=journey.event.source, type=journey.event.type
            )

    def _keep_pace(
        self, journeys: Journeys, network: Network, feeding: Feeding, journey: Journey
    ) -> None:
        """Let what came through bulk wait as long as one of its destinations has enough."""
        if journey.is_fed or not self._ports.is_bulk(journey.record.queue_arn):
            return
        wait = feeding.take(journey.record, _wanted(network, journey))
        if wait is None:
            journey.is_fed = True
        else:
            journeys.wait_for_room(journey, wait)

    def _archive(self, journeys: Journeys) -> None:
        """Keep what arrives with a payload, and what is our own, in one object."""
        arrived = [journey for journey in journeys.live() if journey.is_to_be_archived]
        if not arrived:
            return
        events = [(journey.event, journey.whole.raw) for journey in arrived]
        lines = [RawLine(one.id, one.source, one.time, raw, one) for one, raw in events]
        try:
            refs = self._ports.archive.write(lines)
        except SwitchboardError as error:
            journeys.stop_all(arrived, error)
        else:
            for journey in arrived:
                if journey.whole.raw is not None:
                    journey.raw_ref = refs[journey.event.id]

    def _watch_drift(self, journeys: Journeys) -> None:
        """Hold what is new against the shape of its type; no event waits for that, or ends."""
        drift = self._ports.drift
        try:
            for journey in journeys.live():
                if journey.is_news and journey.whole.raw is not None:
                    drift.observe(journey.whole.raw.kind, journey.event)
            drift.settle()
        except Exception as error:  # noqa: BLE001 - a bug in what only watches
            self._ports.telemetry.count("bugs", destination=ROUTE)
            self._ports.telemetry.warn("drift is not watched", why=type(error).__name__)

    def _fan_out(self, journeys: Journeys, network: Network) -> None:
        """One message per event and destination, queue by queue, in the order of each group.

        Every queue is tried before what one of them refused is put back: it delays no other.
        """
        outgoing: defaultdict[Outbox, list[tuple[Journey, Outgoing]]] = defaultdict(list)

        def collect(journey: Journey) -> None:
            messages = [
                (outbox, self._message(journey, choice))
                for choice in journey.choices
                if (outbox := self._outbox(network, choice)) is not None
            ]
            for outbox, message in messages:
                outgoing[outbox].append((journey, message))

        journeys.each(collect)
        refused = {
            journey.record.message_id: why
            for outbox, messages in outgoing.items()
            for journey, why in _refused(outbox, messages)
        }
        for journey in journeys.live():
            if (why := refused.get(journey.record.message_id)) is not None:
                journeys.stop(journey, Unavailable(f"fanning out: {why}"))

    def _outbox(self, network: Network, choice: Choice) -> Outbox | None:
        outbox = network.outbox(choice.name, choice.lane)
        if outbox is None:
            self._ports.telemetry.count("skipped", destination=choice.name)
        return outbox

    def _message(self, journey: Journey, choice: Choice) -> Outgoing:
        order = journey.passed_on or DeliveryOrder(only=choice.name, lane=choice.lane)
        envelope = Envelope(
            event=journey.event,
            group=journey.whole.group,
            tenant=journey.whole.tenant,
            raw_ref=journey.raw_ref,
            delivery=order,
        )
        replay = [order.replay] if order.replay else []
        return Outgoing(
            body=check_in(envelope, self._ports.claims),
            group=queue_safe(journey.whole.group),
            deduplication_id=digest(journey.event.id, choice.name, *replay),
        )

    def _mark(self, journey: Journey) -> None:
        """Tell who sent it to bulk that no later event of its group can overtake it any more."""
        group, event_id = journey.whole.group, journey.event.id
        if journey.is_release and not journey.is_held:
            self._ports.events.mark_released(group, event_id)
        elif journey.order is None and self._ports.is_bulk(journey.record.queue_arn):
            self._ports.events.mark_routed(group, event_id)

    def _finish(self, journeys: Journeys, journey: Journey) -> None:
        if journey.claimed is not None:
            self._ports.attempts.routed(journey.claimed)
        self._tell_routed(journey)
        journeys.settle(journey.record, lambda: None)

    def _tell_routed(self, journey: Journey) -> None:
        """Count it, and how long after its event. What comes through bulk is late by nature."""
        ports, source = self._ports, journey.event.source
        ports.telemetry.count("held" if journey.is_held else "routed", source=source)
        if not journey.is_held and not ports.is_bulk(journey.record.queue_arn):
            seconds = max(0.0, ports.attempts.clock() - journey.event.time.timestamp())
            ports.telemetry.took_seconds("routing_seconds", seconds, source=source)


def _wanted(network: Network, journey: Journey) -> Sequence[Choice]:
    """Where an event will go as documents stand; nowhere if that cannot be said of it."""
    if journey.order is not None:
        return [Choice(name=journey.order.only, lane=journey.order.lane, version=0)]
    event, raw = journey.event, journey.whole.raw
    try:
        if raw is not None:
            event = normalised(event, raw, network.tenant(event.source))
    except EventError:
        return ()
    if not delivers(network.rules, event.source, event.time):
        return ()
    return network.decide(event).choices


def _refused(
    outbox: Outbox, messages: Sequence[tuple[Journey, Outgoing]]
) -> Iterator[tuple[Journey, str]]:
    """Send `messages`; those that the queue did not take, and why."""
    try:
        answers = outbox.send([message for _, message in messages])
    except SwitchboardError as error:
        answers = [str(error)] * len(messages)
    for (journey, _), why in zip(messages, answers, strict=True):
        if why is not None:
            yield journey, why
