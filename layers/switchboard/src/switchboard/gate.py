"""The gate before a destination: whether it may be called, and what each call teaches it."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from switchboard.breaker import (
    BESIDE_A_PROBE,
    Breaker,
    DestinationState,
    Sign,
    Streak,
    closed,
    limited,
    opened,
    probing,
    sign_of,
    unprobed,
)
from switchboard.destination import Quota
from switchboard.errors import ConfigurationError, RateLimited, SwitchboardError
from switchboard.throttle import Throttle, quickened, slowed, without_bulk

READ_EVERY_SECONDS = 5.0
RACES = 3
BLAMED_GROUPS = 100


class Gate(Protocol):
    """One sandbox's view of whether a destination may be called. Times are epoch seconds."""

    def admit(self, now: float) -> float:
        """Seconds for which nobody may be called; 0: the next delivery may go.

        Asked before a delivery is claimed, so that no attempt is counted for what waits here.
        """
        ...

    def pace(self, per_second: float | None, now: float) -> float:
        """Seconds until this sandbox's next turn; 0: it is now, perhaps after a short sleep.

        `per_second` is the destination's limit for all sandboxes together.
        """
        ...

    def told(self, quota: Quota, now: float) -> None:
        """The vendor told how much of its quota is used."""
        ...

    def unused(self, now: float) -> None:
        """The delivery that was admitted called nobody: whoever comes next may be the probe."""
        ...

    def took(self, now: float) -> None:
        """The destination took a delivery."""
        ...

    def failed(self, error: Exception, group: str, now: float) -> None:
        """A delivery of `group` failed."""
        ...

    def holds(self, now: float) -> float:
        """Seconds after which a delivery that just failed comes back while the breaker is open.

        It comes after the next probe, which is thereby another's: one that fails alone must not
        be the probe each time. 0: the breaker is closed.
        """
        ...

    def held_seconds(self, now: float) -> float:
        """For how long in its life the destination was paused or its breaker not closed."""
        ...


class StateStore(Protocol):
    """Where state items are kept."""

    def read(self, destination: str) -> DestinationState:
        """The destination's item as it is now, or the default one where there is none.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def write(self, destination: str, state: DestinationState) -> bool:
        """Write `state` over the revision before it; False: there is another one.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


def change_state(
    store: StateStore,
    destination: str,
    change: Callable[[DestinationState], DestinationState | None],
) -> DestinationState:
    """Make `change` of whatever the item is, until no other write comes between; what it is then.

    Raises:
        Unavailable: the store cannot be reached.
    """
    while True:
        state = store.read(destination)
        after = change(state)
        if after is None:
            return state
        if store.write(destination, after):
            return after


class StateGate:
    """See Gate: what the destination's item says, and the failures in a row that are seen here.

    The item is read at most every five seconds and written only on a change; one that cannot be
    read counts as closed, so that a trouble of ours stops nobody. `sandbox` is a name of its own,
    `probe_seconds` more than one delivery takes.
    """

    def __init__(
        self,
        store: StateStore,
        destination: str,
        *,
        sandbox: str,
        probe_seconds: float,
        throttle: Throttle | None = None,
    ) -> None:
        self._store = store
        self._destination = destination
        self._sandbox = sandbox
        self._probe_seconds = probe_seconds
        self._throttle = throttle or Throttle(concurrency=1)
        self._is_paced = False
        self._state = DestinationState()
        self._read_at = float("-inf")
        self._streak = Streak()
        self._taken_at = float("-inf")
        self._refused: OrderedDict[str, float] = OrderedDict()

    def admit(self, now: float) -> float:
        """See Gate."""
        for _ in range(RACES):
            state = self._read(now)
            wait = state.holds_for(now, self._sandbox)
            free = state.breaker is Breaker.CLOSED or state.is_probed_by(self._sandbox, now)
            if wait > 0 or free:
                return wait
            self._write(probing(state, now, self._sandbox, self._probe_seconds), now)
        return BESIDE_A_PROBE

    def pace(self, per_second: float | None, now: float) -> float:
        """See Gate."""
        self._is_paced = per_second is not None
        return self._throttle.wait(now, per_second, self._read(now).factor)

    def told(self, quota: Quota, now: float) -> None:
        """See Gate."""
        self._throttle.told(quota, now)
        self._change(now, lambda state: without_bulk(state, now, quota))

    def unused(self, now: float) -> None:
        """See Gate."""
        self._end_probe(now, lambda state: unprobed(state, now))

    def took(self, now: float) -> None:
        """See Gate."""
        self._taken_at = now
        self._well(now)
        if self._is_paced:
            self._change(now, lambda state: quickened(state, now))

    def failed(self, error: Exception, group: str, now: float) -> None:
        """See Gate."""
        match self._sign(error, group, now):
            case Sign.WELL:
                self._well(now)
            case Sign.NOTHING:
                self.unused(now)
            case Sign.FAILING | Sign.REFUSING as sign:
                self._unwell(sign, str(error), group, now)
        if isinstance(error, RateLimited):
            self._change(now, lambda state: self._limited(state, error.retry_after, now))

    def holds(self, now: float) -> float:
        """See Gate."""
        if self._state.breaker is Breaker.CLOSED:
            return 0.0
        return self._state.until_probe(now, self._sandbox) + BESIDE_A_PROBE

    def held_seconds(self, now: float) -> float:
        """See Gate."""
        return self._state.held_until(now)

    def _sign(self, error: Exception, group: str, now: float) -> Sign:
        """A refusal of what was refused before, while others are taken, says nothing of them."""
        sign = sign_of(error)
        if not isinstance(error, ConfigurationError):
            return sign
        before = self._refused.get(group)
        self._refused[group] = now
        self._refused.move_to_end(group)
        if len(self._refused) > BLAMED_GROUPS:
            self._refused.popitem(last=False)
        return Sign.NOTHING if before is not None and before < self._taken_at else sign

    def _limited(
        self, state: DestinationState, seconds: float | None, now: float
    ) -> DestinationState | None:
        """Hold it for the vendor's time, and be slower then; one write for both."""
        held = limited(state, now, seconds)
        if not self._is_paced:
            return held
        if held is None and state.not_before > now:
            return None
        slower = slowed(state, now)
        if held is None or slower is None:
            return held or slower
        return held.model_copy(update={"factor": slower.factor, "factor_at": now})

    def _well(self, now: float) -> None:
        self._streak = Streak()
        self._end_probe(now, lambda state: closed(state, now))

    def _unwell(self, sign: Sign, why: str, group: str, now: float) -> None:
        if self._end_probe(now, lambda state: opened(state, now, why)):
            return
        self._streak = self._streak.and_one_of(group)
        if sign is Sign.REFUSING or self._streak.opens:
            self._streak = Streak()
            self._change(
                now,
                lambda state: opened(state, now, why) if state.breaker is Breaker.CLOSED else None,
            )

    def _end_probe(self, now: float, end: Callable[[DestinationState], DestinationState]) -> bool:
        """End the probe that this sandbox holds; False: it holds none."""
        if not self._state.is_probed_by(self._sandbox, now):
            return False
        self._change(
            now, lambda state: end(state) if state.is_probed_by(self._sandbox, now) else None
        )
        return True

    def _change(
        self, now: float, change: Callable[[DestinationState], DestinationState | None]
    ) -> None:
        """Make `change` of the item, as far as the store lets us."""
        for _ in range(RACES):
            after = change(self._read(now))
            if after is None or self._write(after, now):
                return

    def _read(self, now: float) -> DestinationState:
        """The state, at most five seconds old."""
        if now - self._read_at >= READ_EVERY_SECONDS:
            self._read_at = now
            try:
                self._state = self._store.read(self._destination)
            except SwitchboardError:
                self._state = DestinationState()
            if self._state.breaker is not Breaker.CLOSED:
                self._streak = Streak()
        return self._state

    def _write(self, after: DestinationState, now: float) -> bool:
        """Whether it was written; a lost race, or a store that is away, is read again."""
        try:
            written = self._store.write(self._destination, after)
        except SwitchboardError:
            written = False
        if written:
            self._state, self._read_at = after, now
        else:
            self._read_at = float("-inf")
        return written
