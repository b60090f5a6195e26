"""Where an event goes, recorded with it: to the destinations that take it, or nowhere yet.

An event of a paused source is held, and so is a fact of ours that would overtake one. What was
held comes back through `ingest-bulk` as an order to `route`: it is released to the destinations
that take it now. What was ordered to a destination goes there and is recorded nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.route_events.attempts import Attempts
from functions.route_events.journeys import Journey
from functions.route_events.routes import Network
from switchboard.claims import ClaimStore, keep_event
from switchboard.envelope import ObjectRef
from switchboard.errors import EventError, Unavailable
from switchboard.event import OWN_SOURCE
from switchboard.events import EventStore, GroupSoFar, Recorded, is_small
from switchboard.interactions.steps import PREFIX
from switchboard.routing import Choice, Undecided, keep_lanes
from switchboard.source_state import SourceStateReader
from switchboard.sources.delivering import delivers
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Choosing:
    """Chooses destinations for one event after another."""

    events: EventStore
    claims: ClaimStore
    sources: SourceStateReader
    attempts: Attempts
    telemetry: Telemetry

    def choose(self, network: Network, journey: Journey) -> None:
        """Record the event with its destinations, which become the journey's choices."""
        if journey.is_release:
            self._release(network, journey)
        elif journey.order is not None:
            order = journey.order
            if network.outbox(order.only, order.lane) is None:
                raise EventError(f"replaying: no destination {order.only!r} is deployed")
            journey.choices = [Choice(name=order.only, lane=order.lane, version=0)]
        elif (holder := self._holder(journey)) is not None:
            self._append(journey, (), held_by=holder)
        else:
            self._append(journey, self._choices(network, journey))

    def _holder(self, journey: Journey) -> str | None:
        """The source that holds it: its own, or the one whose held events a fact of ours follows.

        It does while it is paused, and as long as the group holds an earlier one.
        """
        now = self.attempts.clock()
        source = journey.event.source
        state = self.sources.read(source, now)
        if source == OWN_SOURCE:
            follows = state.follows and journey.event.type.startswith(PREFIX)
            return min(self._so_far(journey).held, default=None) if follows else None
        if state.holds(now) or (state.paused and source in self._so_far(journey).held):
            return source
        return None

    def _release(self, network: Network, journey: Journey) -> None:
        group, event_id = journey.whole.group, journey.event.id
        other = self._other_holder(journey) if journey.event.source == OWN_SOURCE else None
        if other is not None:
            self.events.hold_for(group, event_id, other)
            journey.is_held = True
            return
        chosen = self.events.choose_held(group, event_id, self._choices(network, journey))
        journey.choices = chosen or ()

    def _other_holder(self, journey: Journey) -> str | None:
        """Another source that holds events which a fact follows: it is released with the last."""
        held = self._so_far(journey).held
        others = (source for source, ids in held.items() if journey.event.id not in ids)
        return min(others, default=None)

    def _append(self, journey: Journey, choices: Sequence[Choice], held_by: str = "") -> None:
        raw = journey.whole.raw
        kept = self.events.append(
            Recorded(
                group=journey.whole.group,
                event=journey.event,
                received_at=raw.received_at if raw else "",
                raw_ref=journey.raw_ref,
                event_ref=self._event_ref(journey),
                destinations=choices,
                held_order=journey.record.order if held_by else "",
                held_by=held_by,
            )
        )
        journey.is_held = kept.held
        journey.choices = () if kept.held else kept.destinations

    def _event_ref(self, journey: Journey) -> ObjectRef | None:
        """Where the canonical event is kept that is too large for its item.

        Never the claim with which it may have arrived: that one holds it as it came.
        """
        return None if is_small(journey.event) else keep_event(journey.event, self.claims)

    def _choices(self, network: Network, journey: Journey) -> Sequence[Choice]:
        """Those that take the event now; one that cannot decide has a dead letter of its own."""
        if not delivers(network.rules, journey.event.source, journey.event.time):
            self.telemetry.count("recorded_only", source=journey.event.source)
            return ()
        decision = network.decide(journey.event)
        for one in decision.undecided:
            self._refuse_for(journey, one)
        for one in decision.laneless:
            self.telemetry.count("laneless", destination=one.destination)
            self.telemetry.warn("an event takes the normal lane", why=str(one.error))
        once = network.once
        if not any(choice.name in once for choice in decision.choices):
            return decision.choices
        return keep_lanes(decision.choices, once, self._so_far(journey).lanes)

    def _so_far(self, journey: Journey) -> GroupSoFar:
        return self.events.group_so_far(journey.whole.group)

    def _refuse_for(self, journey: Journey, one: Undecided) -> None:
        """A predicate that fails on this event: a dead letter for that destination alone."""
        fresh = replace(journey.fresh, destination=one.destination)
        wait = self.attempts.refuse(None, fresh, journey.envelope, one.error)
        if wait is not None:
            raise Unavailable(f"dead-lettering an event that {one.destination} cannot decide on")
