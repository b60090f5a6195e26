"""When what goes wrong in a drill, in seconds since the first delivery."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from desk.demo.documents import STREAM
from desk.demo.plan import Loss, Plan
from desk.demo.stream import StreamPlan

EVENTS_A_SECOND = 8
LONGEST_OUTAGE = 30.0
DOWN, FLOODED = "crm", "pager"
BEGINS = 5.0
FLOOD_AFTER = 10.0
FLOODED_WITH = 6
"""So many times what a second's stream is, for each of its seconds while it is slow."""

RETRY_AFTER = 20
SLOWNESS = 0.2


@dataclass(frozen=True, slots=True)
class DrillPlan(Plan):
    """A run of the demo's product with the drill's troubles.

    `crm` answers 503 for `outage` seconds. Meanwhile `pager` is flooded and slow, an execution of
    the router and one of the receiver are killed, and an answer of the router's is lost. When `crm`
    has had time to recover, an execution of its own is killed; then it asks for `RETRY_AFTER`
    seconds, and leaves a delivery that it stored unanswered. Nothing is done to `lake` and `chat`.
    """

    slow: tuple[float, float] = (FLOOD_AFTER, FLOOD_AFTER + 20.0)
    flood: int = 300

    @property
    def down(self) -> tuple[float, float]:
        """From when until when `crm` answers 503."""
        return BEGINS, BEGINS + self.outage

    @property
    def faults(self) -> Mapping[str, Any]:
        """See Plan."""
        return {
            DOWN: {
                "down": list(self.down),
                "limited_at": round(0.85 * self.events),
                "retry_after": RETRY_AFTER,
                "silent_at": round(0.95 * self.events),
            },
            FLOODED: {"slow": list(self.slow), "slow_seconds": SLOWNESS},
        }

    @property
    def losses(self) -> Collection[Loss]:
        """See Plan."""
        _, well = self.down
        left = self.events / EVENTS_A_SECOND - well
        return (
            Loss("route-events", "lost", after=0.4 * well),
            Loss("route-events", "killed", after=0.6 * well),
            Loss("receive-webhook", "killed", after=0.7 * well, least_records=0),
            Loss("to-crm", "killed", after=well + 0.6 * left, least_records=1),
        )

    @property
    def stream(self) -> StreamPlan:
        """A short one: the streams have their own trials."""
        return StreamPlan(interactions=8, seed=self.seed, seconds=30.0, kills=0, drops=0)

    @property
    def due(self) -> Mapping[str, Collection[str]]:
        """See Plan."""
        return {
            DOWN: {"503", "429", "unanswered", "killed"},
            FLOODED: {"slow"},
            "route-events": {"lost", "killed"},
            "receive-webhook": {"killed"},
            "SQS": {"refused"},
            STREAM: self.stream.due,
        }


def drill_plan(seconds: int, seed: int) -> DrillPlan:
    """A drill whose stream lasts about so many seconds."""
    outage = min(LONGEST_OUTAGE, seconds / 2)
    at_once = 8
    return DrillPlan(
        events=seconds * EVENTS_A_SECOND,
        seed=seed,
        outage=outage,
        at_once=at_once,
        pause=at_once / EVENTS_A_SECOND,
        undelayed=(),
        slow=(FLOOD_AFTER, FLOOD_AFTER + 2 * outage / 3),
        flood=round(FLOODED_WITH * EVENTS_A_SECOND * outage / 5),
    )
