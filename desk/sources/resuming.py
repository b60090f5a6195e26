"""Letting go of what a paused source holds: in the order of each group, and never overtaken.

While a source is resuming, the router holds an event as long as its group holds an earlier one, so
that what is sent here through `ingest-bulk` stays before it. When nothing is held any more and
every router has seen that the source is resuming, it runs as before. Facts of ours that followed
held events are held, released and dropped with them. Nothing is noted between a
send and its end: what is sent twice finds itself released, and does nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.route_events.spec import SPEC
from switchboard.envelope import Envelope, encode
from switchboard.event import digest, queue_safe
from switchboard.events import EventReader, Kept
from switchboard.held import ROUTE, release_order
from switchboard.queue import Outbox, Outgoing
from switchboard.source_state import NOTICE_SECONDS, READ_EVERY_SECONDS, SourceState

STEP = 100
LOOK_EVERY_SECONDS = 2.0
LOOK_SOON_SECONDS = 0.25
FEW = 100
"""Where few are held, a look comes soon: a busy group must find a moment without any."""
WHOLE_EVERY_SECONDS = 30.0
STALLED_SECONDS = 600.0
SETTLED_SECONDS = READ_EVERY_SECONDS + SPEC.timeout_seconds + 5
"""After the change to resuming no router still holds all of a source: its view, and one batch."""

Progress = Callable[[int, int], None]
"""Is told how many events were sent, and how many are held."""


@dataclass(frozen=True, slots=True)
class Place:
    """A held event, and its place in its group: `order` sorts as text."""

    order: str
    event_id: str


class HeldEvents(Protocol):
    """The held events of a stage."""

    def groups(self, source: str) -> Iterator[str]:
        """The groups of which `source` holds events, read page by page; one may be missing yet."""
        ...

    def places(self, source: str, group: str) -> Sequence[Place]:
        """Every event of a group that `source` holds now, in its order."""
        ...

    def count(self, source: str) -> int:
        """How many events `source` holds."""
        ...

    def discard(self, group: str, event_id: str) -> bool:
        """Record that a held event is dropped; False: it is not held any more."""
        ...


class SourceStates(Protocol):
    """The state items of sources, for who writes them."""

    def read_source(self, source: str) -> SourceState:
        """See SourceStateStore."""
        ...

    def write(self, source: str, state: SourceState) -> None:
        """Write all of an item but its count of what was discarded."""
        ...

    def let_facts_follow(self, source: str, follow: bool) -> None:
        """Let facts of ours follow the events that `source` holds, or not any more."""
        ...

    def count_discarded(self, source: str, number: int) -> None:
        """Add to the count of what was discarded."""
        ...


@dataclass(frozen=True, slots=True)
class SourceControl:
    """What an operator does with a source."""

    states: SourceStates
    held: HeldEvents
    events: EventReader
    bulk: Outbox
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def pause(self, source: str, *, refuse: bool) -> SourceState:
        """Hold, or refuse at the edge, what comes from now on; holding begins in some seconds."""
        before = self.states.read_source(source)
        keeps = before.paused and not before.resuming
        begins = before.holds_from if keeps else self.clock() + NOTICE_SECONDS
        state = SourceState(paused=True, holds_from=begins, refuse=refuse)
        self.states.let_facts_follow(source, True)
        self.states.write(source, state)
        return state

    def discard(self, source: str) -> int:
        """Drop what is held now. Whether the source goes on holding stays as it is."""
        dropped = 0
        for group in self.held.groups(source):
            places = self.held.places(source, group)
            number = sum(self.held.discard(group, place.event_id) for place in places)
            self.states.count_discarded(source, number)
            dropped += number
        return dropped

    def resume(self, source: str, run: str, progress: Progress) -> int:
        """Release what is held until nothing is; `run` is a replay id.

        Returns:
            How many are still held: 0, or those that did not move for ten minutes.
        """
        self.states.write(source, SourceState(paused=True, resuming=True))
        began = moved_at = self.clock()
        release = _Release(self.held, self.events, self.bulk, source, run)
        left, before, swept_at = 0, (-1, -1), began
        while True:
            whole = left <= FEW or self.clock() - swept_at >= WHOLE_EVERY_SECONDS
            swept_at = self.clock() if whole else swept_at
            release.sweep(whole=whole)
            left, now = self.held.count(source), self.clock()
            progress(release.sent, left)
            if (left, release.sent) != before:
                before, moved_at = (left, release.sent), now
            if left == 0 and not release.reached and now - began >= SETTLED_SECONDS:
                self.states.write(source, SourceState())
                self.states.let_facts_follow(source, False)
                return 0
            if left > 0 and now - moved_at >= STALLED_SECONDS:
                return left
            self.sleep(LOOK_SOON_SECONDS if 0 < left <= FEW else LOOK_EVERY_SECONDS)


class _Release:
    """One run of `resume`. `reached` is the last place that was sent of each group."""

    def __init__(
        self, held: HeldEvents, events: EventReader, bulk: Outbox, source: str, run: str
    ) -> None:
        self._held = held
        self._events = events
        self._bulk = bulk
        self._source = source
        self._run = run
        self._refused: set[str] = set()
        self.reached: dict[str, str] = {}
        self.sent = 0

    def sweep(self, *, whole: bool) -> None:
        """Send what each group holds beyond what was sent of it; groups without any are forgotten.

        A group that something was sent of is looked at again only in a `whole` sweep.

        The index of held events may be late: only a group's own items say what it holds, and in
        which order.
        """
        before, self.reached = self.reached, {}
        self._refused = set()
        waiting: list[tuple[str, Place]] = []
        for group in self._held.groups(self._source):
            reached = self.reached[group] = before.get(group, "")
            if reached and not whole:
                continue
            places = self._held.places(self._source, group)
            waiting += [(group, place) for place in places if place.order > reached]
            while len(waiting) >= STEP:
                self._send(waiting[:STEP])
                waiting = waiting[STEP:]
        self._send(waiting)

    def _send(self, some: Sequence[tuple[str, Place]]) -> None:
        """Send these; of a group that was refused one, no later one."""
        wanted = [(group, place) for group, place in some if group not in self._refused]
        kept = self._events.read([(group, place.event_id) for group, place in wanted])
        there = [one for one in wanted if (one[0], one[1].event_id) in kept]
        messages = [
            self._message(group, place.event_id, kept[group, place.event_id])
            for group, place in there
        ]
        if not messages:
            return
        for (group, place), refusal in zip(there, self._bulk.send(messages), strict=True):
            if refusal is None:
                self.reached[group] = place.order
                self.sent += 1
            else:
                self._refused.add(group)

    def _message(self, group: str, event_id: str, kept: Kept) -> Outgoing:
        envelope = Envelope(
            event=kept.event,
            event_ref=None if kept.event is not None else kept.event_ref,
            group=group,
            raw_ref=kept.raw_ref,
            delivery=release_order(self._run),
        )
        return Outgoing(
            body=encode(envelope),
            group=queue_safe(group),
            deduplication_id=digest(event_id, ROUTE, self._run),
        )
