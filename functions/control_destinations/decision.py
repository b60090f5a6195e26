"""What ought to be polled now. Pure.

A destination that is paused, or whose breaker is open for minutes, is not polled: its messages
would only be received and given back, which costs requests and receive counts. A little before
its probe is due it is polled again. The wanted state follows from nothing but the state item and
the time, so that it is asserted anew each minute, whatever a deploy or a hand has changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from switchboard.breaker import Breaker, DestinationState
from switchboard.destination import Lane, Mode

OPEN_SECONDS = 5 * 60.0
AHEAD_SECONDS = 90.0
"""A mapping takes up to a minute to be enabled, and this function comes once a minute."""


class Deployed(BaseModel):
    """What a destination's stack says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Mode = Mode.ORDERED
    queues: Mapping[Lane, str]
    mapping_ids: Mapping[Lane, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one destination's mappings ought to be."""

    destination: str
    polled: bool
    mapping_ids: tuple[str, ...]


def wanted(
    deployed: Mapping[str, Deployed], states: Mapping[str, DestinationState], now: float
) -> list[Wanted]:
    """What every deployed destination's mappings ought to be; without a state it is polled."""
    return [
        Wanted(
            destination=name,
            polled=is_polled(found.mode, states.get(name, DestinationState()), now),
            mapping_ids=tuple(found.mapping_ids[lane] for lane in sorted(found.mapping_ids)),
        )
        for name, found in sorted(deployed.items())
    ]


def is_polled(mode: Mode, state: DestinationState, now: float) -> bool:
    """Whether anything could be sent, now or soon. A schedule polls for itself."""
    if state.paused or mode is Mode.SCHEDULED:
        return False
    if state.breaker is not Breaker.OPEN or now - state.opened_at < OPEN_SECONDS:
        return True
    return state.until - now <= AHEAD_SECONDS
