"""How fast `ingest-bulk` feeds a destination: at most `FED_BELOW` messages ever wait there for it.

A live event is behind no more of what is late by nature. What cannot be fed goes back, and its
group with it. A destination that is paused or open is fed freely: nothing is on its way there, and
what waits in its queue is not behind it. So is one that is batched or scheduled: its messages wait
for their window or their time, and not for each other.

The queue is counted once for each batch that feeds it; one that is full, again after five seconds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from functions.route_events.routes import Network
from functions.route_events.spec import BULK_BATCH, BULK_CONCURRENCY
from switchboard.breaker import DestinationState
from switchboard.destination import Lane
from switchboard.errors import SwitchboardError
from switchboard.loop import Record
from switchboard.routing import Choice
from switchboard.telemetry import Telemetry

FED_BELOW = 200
READ_EVERY_SECONDS = 5.0
SHORTEST_WAIT = 5.0
LONGEST_WAIT = 20 * 60.0
PART_OF_AGE = 20
UNDER_WAY = (BULK_CONCURRENCY - 1) * BULK_BATCH
"""What the other executions may be sending while this one counts."""

Place = tuple[str, Lane]


@dataclass(frozen=True, slots=True)
class Pace:
    """A sandbox's pace: which queues it found full, and when.

    `state_of` reads the state of a destination.
    """

    state_of: Callable[[str], DestinationState]
    clock: Callable[[], float]
    telemetry: Telemetry
    full: dict[Place, float] = field(default_factory=dict)

    @property
    def is_slowed(self) -> bool:
        """Whether a queue was full a moment ago."""
        now = self.clock()
        return any(now < again for again in self.full.values())

    def begin(self, network: Network) -> "Feeding":
        """The pace of one batch."""
        return Feeding(self, network)


class Feeding:
    """What one batch may still feed."""

    def __init__(self, pace: Pace, network: Network) -> None:
        self._pace = pace
        self._network = network
        self._room: dict[Place, float] = {}

    def take(self, record: Record, choices: Iterable[Choice]) -> float | None:
        """Take room for `record` at each of its destinations; seconds to wait where one is full.

        A wait grows with the record's age, so that waiting for days is no thousand receives.
        """
        wanted = [(choice.name, self._lane(choice)) for choice in choices]
        full = [place for place in wanted if self._room_at(place) < 1]
        for name, _ in full:
            self._pace.telemetry.count("bulk_waits", destination=name)
        if full:
            age = self._pace.clock() - record.sent_at
            return min(LONGEST_WAIT, max(SHORTEST_WAIT, age / PART_OF_AGE))
        for place in wanted:
            self._room[place] -= 1
        return None

    def _lane(self, choice: Choice) -> Lane:
        lanes = self._network.outboxes.get(choice.name, {})
        return choice.lane if choice.lane in lanes else Lane.NORMAL

    def _room_at(self, place: Place) -> float:
        if place not in self._room:
            self._room[place] = self._counted(place)
        return self._room[place]

    def _counted(self, place: Place) -> float:
        pace, now = self._pace, self._pace.clock()
        if now < pace.full.get(place, now):
            return 0
        name, lane = place
        outbox = self._network.outbox(name, lane)
        if outbox is None or name in self._network.gathering:
            return float("inf")
        try:
            room = FED_BELOW - UNDER_WAY - outbox.waiting()
        except SwitchboardError as error:
            # A trouble of ours stops nobody: the destination's own stack may be an older one.
            pace.telemetry.warn("a destination is fed unpaced", destination=name, why=str(error))
            return float("inf")
        state = pace.state_of(name)
        if state.bulk_not_before <= now:
            if room >= 1:
                return room
            if state.is_held:
                return float("inf")
        pace.full[place] = now + READ_EVERY_SECONDS
        return 0
