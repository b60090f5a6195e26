"""A destination's state: is it called, is it paused, when is it asked again. Pure.

    closed ─(5 failures in a row from 3 groups, or refused credentials)─▶ open until t
    open ─(t has come: one execution takes the probe, under a lease)─▶ half-open
    half-open ─(the probe was answered)─▶ closed
    half-open ─(it failed)─▶ open, since the same outage; (its lease ran out)─▶ another probe

A probe comes after a quarter of the outage so far, between 5 seconds and 15 minutes, so that a
recovery is noticed in proportion. What a failure says of the destination is its sign: an answer,
were it a refusal, says that it is well; a broken event or a bug of ours says nothing.

One item holds it for every sandbox. Each change is a new revision, written only over the one that
it was made from.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from switchboard.errors import (
    ConfigurationError,
    OurOwn,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.lease import CLOCK_MARGIN
from switchboard.retry import LONGEST_RETRY_AFTER

FAILURES = 5
GROUPS = 3
SOONEST = 5.0
LATEST = 15 * 60.0
BESIDE_A_PROBE = 5.0
LIMIT_WITHOUT_A_TIME = 1.0
LIMIT_GRAIN = 1.0
"""A rate limit that ends less than this later than the known one is not worth a write."""

LONGEST_REASON = 200


class Breaker(StrEnum):
    """Whether the destination is called at all."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class DestinationState(BaseModel):
    """One destination's item. Times are epoch seconds; 0: never.

    `until` is when the next probe may be taken (open) or when its lease ends (half-open), `probe`
    the sandbox that holds it, `not_before` the end of a rate limit. `factor` is what rate limits
    left of its speed, `bulk_not_before` when a quota that is almost used begins anew.
    `held_seconds` is how long the destination was paused or not closed in its life, without what
    began at `held_since`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    revision: int = 0
    breaker: Breaker = Breaker.CLOSED
    until: float = 0.0
    opened_at: float = 0.0
    reason: str = ""
    probe: str = ""
    paused: bool = False
    paused_at: float = 0.0
    paused_by: str = ""
    not_before: float = 0.0
    factor: float = 1.0
    factor_at: float = 0.0
    bulk_not_before: float = 0.0
    held_seconds: float = 0.0
    held_since: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether it is paused, or its breaker is not closed."""
        return self.paused or self.breaker is not Breaker.CLOSED

    def holds_for(self, now: float, sandbox: str = "") -> float:
        """Seconds for which `sandbox` may call nobody; 0: it may, as a probe where one is due."""
        holds = [0.0, self.not_before - now, self.until_probe(now, sandbox)]
        if self.paused:
            holds.append(in_proportion(now - self.paused_at))
        return max(holds)

    def until_probe(self, now: float, sandbox: str = "") -> float:
        """Seconds until `sandbox` may be the probe, or asks again; 0: now, or none is needed."""
        if self.breaker is Breaker.OPEN:
            return max(0.0, self.until - now)
        if self.breaker is Breaker.CLOSED or self.is_probed_by(sandbox, now):
            return 0.0
        return BESIDE_A_PROBE if now < self.until + CLOCK_MARGIN else 0.0

    def is_probed_by(self, sandbox: str, now: float) -> bool:
        """Whether `sandbox` holds the probe, and its lease is live."""
        return self.breaker is Breaker.HALF_OPEN and self.probe == sandbox and now < self.until

    def held_until(self, now: float) -> float:
        """Seconds of its life for which it was held, up to `now`."""
        return self.held_seconds + (max(0.0, now - self.held_since) if self.held_since else 0.0)


class Sign(StrEnum):
    """What a failure says of the destination."""

    WELL = "well"
    FAILING = "failing"
    REFUSING = "refusing"
    NOTHING = "nothing"


def sign_of(error: Exception) -> Sign:
    """What `error` says of the destination, whatever it means for its delivery."""
    if isinstance(error, Rejected | RateLimited):
        return Sign.WELL
    if isinstance(error, ConfigurationError):
        return Sign.REFUSING
    if isinstance(error, Unavailable) and not isinstance(error, OurOwn):
        return Sign.FAILING
    return Sign.NOTHING


@dataclass(frozen=True, slots=True)
class Streak:
    """Failures in a row, as one sandbox sees them. One bad event alone never makes it long."""

    failures: int = 0
    groups: frozenset[str] = frozenset()

    def and_one_of(self, group: str) -> "Streak":
        """The streak after one more failure."""
        return Streak(self.failures + 1, self.groups | {group})

    @property
    def opens(self) -> bool:
        """Whether it opens the breaker."""
        return self.failures >= FAILURES and len(self.groups) >= GROUPS


def in_proportion(elapsed: float) -> float:
    """Seconds until the next look at something that lasts since `elapsed` seconds."""
    return min(LATEST, max(SOONEST, elapsed / 4))


def opened(state: DestinationState, now: float, reason: str) -> DestinationState:
    """Nobody is called before the next probe; an outage that goes on keeps its beginning."""
    began = now if state.breaker is Breaker.CLOSED else state.opened_at
    return changed(
        state,
        now,
        breaker=Breaker.OPEN,
        opened_at=began,
        until=now + in_proportion(now - began),
        probe="",
        reason=reason[:LONGEST_REASON],
    )


def probing(state: DestinationState, now: float, sandbox: str, seconds: float) -> DestinationState:
    """`sandbox` may call the destination for `seconds`, and nobody else."""
    return changed(state, now, breaker=Breaker.HALF_OPEN, probe=sandbox, until=now + seconds)


def unprobed(state: DestinationState, now: float) -> DestinationState:
    """The probe found out nothing: whoever comes next may take it."""
    return changed(state, now, breaker=Breaker.OPEN, probe="", until=now)


def closed(state: DestinationState, now: float) -> DestinationState:
    """The destination is well."""
    return changed(
        state, now, breaker=Breaker.CLOSED, opened_at=0.0, until=0.0, probe="", reason=""
    )


def limited(state: DestinationState, now: float, seconds: float | None) -> DestinationState | None:
    """Nobody is called before the vendor's time has passed; None: the item says so already."""
    wait = LIMIT_WITHOUT_A_TIME if seconds is None else min(LONGEST_RETRY_AFTER, seconds)
    known = state.not_before > now and now + wait <= state.not_before + LIMIT_GRAIN
    if wait <= 0 or known:
        return None
    return changed(state, now, not_before=now + wait)


def paused(state: DestinationState, now: float, by: str) -> DestinationState | None:
    """Nobody is called until it is resumed; None: it is paused already."""
    if state.paused:
        return None
    return changed(state, now, paused=True, paused_at=now, paused_by=by)


def resumed(state: DestinationState, now: float) -> DestinationState | None:
    """It goes on as its breaker says; None: it is not paused."""
    if not state.paused:
        return None
    return changed(state, now, paused=False, paused_at=0.0, paused_by="")


def changed(state: DestinationState, now: float, **changes: Any) -> DestinationState:
    """The next revision, which counts the time for which the destination was held."""
    after = state.model_copy(update={**changes, "revision": state.revision + 1})
    if after.is_held == state.is_held:
        return after
    if after.is_held:
        return after.model_copy(update={"held_since": now})
    return after.model_copy(update={"held_seconds": state.held_until(now), "held_since": 0.0})
