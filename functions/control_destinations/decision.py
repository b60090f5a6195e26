"""What ought to be polled now. Pure.

A destination that is paused, or whose breaker is open for minutes, is not polled: its messages
would only be received and given back, which costs requests and receive counts. A little before
its probe is due it is polled again. The wanted state follows from nothing but the state item and
the time, so that it is asserted anew each minute, whatever a deploy or a hand has changed.

Where nobody polls, a drain may be due: the rest of one whose time was used, and once a day the look
for what waited twelve days, so that nothing dies silently with SQS's fourteen.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from switchboard.breaker import Breaker, DestinationState
from switchboard.destination import Lane, Mode
from switchboard.drain import Drain, Drained, DrainOrder

OPEN_SECONDS = 5 * 60.0
EXPIRE_EVERY_SECONDS = 24 * 60 * 60.0
AHEAD_SECONDS = 90.0
"""A mapping takes up to a minute to be enabled, and this function comes once a minute."""


class Deployed(BaseModel):
    """What a destination's stack says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mode: Mode = Mode.ORDERED
    queues: Mapping[Lane, str]
    mapping_ids: Mapping[Lane, str]
    function: str = ""
    """Empty: its stack is of a version before this one, and starts no drain."""


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


def next_drain(
    mode: Mode, state: DestinationState, last: Drained | None, waiting: int, now: float
) -> DrainOrder | None:
    """The drain that is due at a destination which nobody polls; None: none is.

    `last` is what the one before it recorded, `waiting` how many messages there are.
    """
    if last is not None and last.rest and _goes_on(mode, state, last, now):
        return last.order.model_copy(update={"seconds": None})
    # A schedule's own drain ends what waited too long, whatever the state is.
    if mode is Mode.SCHEDULED or not waiting:
        return None
    looked_at = _off_since(state)
    if last is not None and last.order.kind is Drain.EXPIRE:
        looked_at = last.at
    if now - looked_at < EXPIRE_EVERY_SECONDS:
        return None
    return DrainOrder(kind=Drain.EXPIRE, by="the twelve-day rule")


def _goes_on(mode: Mode, state: DestinationState, last: Drained, now: float) -> bool:
    """Whether the rest is still to be drained: a command is void once its messages were polled."""
    match last.order.kind:
        case Drain.DELIVER:
            return mode is Mode.SCHEDULED and state.holds_for(now) <= 0
        case Drain.EXPIRE:
            return mode is not Mode.SCHEDULED
        case Drain.DISCARD | Drain.REDIRECT:
            return mode is Mode.SCHEDULED or last.at >= _off_since(state)


def _off_since(state: DestinationState) -> float:
    """Since when nobody polls: since it was paused, or its outage began."""
    return state.paused_at if state.paused else state.opened_at
