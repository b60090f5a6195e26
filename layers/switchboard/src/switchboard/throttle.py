"""How fast a destination is called: its own limit, what a 429 makes of it, and its daily quota.

A sandbox's limit is the document's `requests_per_second` by the factor, shared by how many
sandboxes may run at once, so that all of them together keep to it and none waits for another. The
factor is in the destination's state item: halved by a 429, at most once a second, and raised by a
tenth after each quiet minute. Both are writes on a change, whoever of the sandboxes makes it.

A vendor that tells its quota is believed: from 80 % on, what is left of it is spread over what is
left of its time; from 95 % on, bulk waits until it begins anew.
"""

import time
from collections.abc import Callable

from switchboard.breaker import DestinationState, changed
from switchboard.destination import Quota

SLEPT_SECONDS = 1.0
"""A shorter pause is slept within the invocation; a longer one is the message's visibility."""

LOWERED_EVERY = 1.0
QUIET_SECONDS = 60.0
LEAST_FACTOR = 1 / 64
LEAST_PAUSE = 15 * 60.0
"""Where nothing is left of a quota: one request each so often finds out that there is again."""

SLOW_SHARE = 0.8
BULK_SHARE = 0.95


def slowed(state: DestinationState, now: float) -> DestinationState | None:
    """Half as fast; None: it was slowed within the last second, or is as slow as it gets."""
    if state.factor <= LEAST_FACTOR or now - state.factor_at < LOWERED_EVERY:
        return None
    return changed(state, now, factor=max(LEAST_FACTOR, state.factor / 2), factor_at=now)


def quickened(state: DestinationState, now: float) -> DestinationState | None:
    """A tenth faster; None: it is at its limit, or the last minute was not quiet."""
    if state.factor >= 1.0 or now - state.factor_at < QUIET_SECONDS:
        return None
    return changed(state, now, factor=min(1.0, state.factor * 1.1), factor_at=now)


def without_bulk(state: DestinationState, now: float, quota: Quota) -> DestinationState | None:
    """Bulk waits until the quota begins anew; None: there is room for it, or it waits already."""
    if quota.share < BULK_SHARE or quota.resets <= max(now, state.bulk_not_before + 1.0):
        return None
    return changed(state, now, bulk_not_before=quota.resets)


def spread(quota: Quota, now: float) -> float | None:
    """Requests a second of a quota that is almost used; None: there is enough of it."""
    if quota.share < SLOW_SHARE or quota.resets <= now:
        return None
    return max(0.0, quota.total - quota.used) / (quota.resets - now)


class Throttle:
    """When one sandbox may call next. `concurrency` is how many sandboxes may run at once."""

    def __init__(self, concurrency: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._concurrency = concurrency
        self._sleep = sleep
        self._next = float("-inf")
        self._spread: float | None = None
        self._spread_until = 0.0

    def told(self, quota: Quota, now: float) -> None:
        """The vendor told its quota."""
        self._spread, self._spread_until = spread(quota, now), quota.resets

    def wait(self, now: float, per_second: float | None, factor: float) -> float:
        """Take the next turn, after a short pause if need be; else the seconds until it comes.

        What is not taken is not reserved: whoever asks then is served.
        """
        rate = self._rate(now, per_second, factor)
        if rate is None:
            return 0.0
        pause = self._next - now
        if pause >= SLEPT_SECONDS:
            return pause
        if pause > 0:
            self._sleep(pause)
        self._next = max(now, self._next) + min(LEAST_PAUSE, 1 / rate if rate else LEAST_PAUSE)
        return 0.0

    def _rate(self, now: float, per_second: float | None, factor: float) -> float | None:
        """Requests a second of this sandbox; None: as fast as it can."""
        limits = [] if per_second is None else [per_second * factor]
        if self._spread is not None and now < self._spread_until:
            limits.append(self._spread)
        return min(limits) / self._concurrency if limits else None
