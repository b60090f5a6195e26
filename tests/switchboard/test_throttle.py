"""How fast a destination is called, by one sandbox and by many."""

import pytest

from switchboard.breaker import DestinationState
from switchboard.destination import Quota
from switchboard.errors import RateLimited
from switchboard.gate import StateGate
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import Clock
from switchboard.throttle import LEAST_FACTOR, Throttle, quickened, slowed, spread, without_bulk

NOW = 1_790_000_000.0
HOUR = 3600.0


class Sandbox:
    """A gate whose short pauses move a clock of its own."""

    def __init__(self, store: MemoryStates, number: int, concurrency: int) -> None:
        self.clock = Clock(NOW)
        self.slept = 0.0
        self.calls: list[float] = []
        self.gate = StateGate(
            store,
            "crm",
            sandbox=f"sandbox-{number}",
            probe_seconds=50,
            throttle=Throttle(concurrency, self.sleep),
        )

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.clock.forward(seconds)

    def run(self, until: float, per_second: float | None, most: int = 10_000) -> None:
        """Call as often as it may."""
        while self.clock() < until and len(self.calls) < most:
            wait = self.gate.admit(self.clock()) or self.gate.pace(per_second, self.clock())
            if wait > 0:
                self.clock.forward(wait)
                continue
            self.calls.append(self.clock())
            self.gate.took(self.clock())


@pytest.mark.parametrize(("per_second", "concurrency"), [(50.0, 5), (10.0, 2), (1.0, 4)])
def test_all_sandboxes_together_keep_to_the_limit_and_each_has_its_share(
    per_second: float, concurrency: int
) -> None:
    store = MemoryStates()
    sandboxes = [Sandbox(store, number, concurrency) for number in range(concurrency)]
    for sandbox in sandboxes:
        sandbox.run(NOW + 60, per_second)
    counts = [len(sandbox.calls) for sandbox in sandboxes]
    # Each begins with one call, and sums of floats are no more exact than that.
    assert per_second * 60 * 0.95 <= sum(counts) <= per_second * 60 + 2 * concurrency
    assert max(counts) - min(counts) <= 1
    assert store.writes == 0


def test_without_a_limit_nobody_waits() -> None:
    sandbox = Sandbox(MemoryStates(), 1, 5)
    sandbox.run(NOW + 1, None, most=1000)
    assert len(sandbox.calls) == 1000
    assert sandbox.slept == 0


def test_a_short_pause_is_slept_and_a_long_one_is_told() -> None:
    sandbox = Sandbox(MemoryStates(), 1, 1)
    assert sandbox.gate.pace(2.0, NOW) == 0
    assert sandbox.gate.pace(2.0, NOW) == 0
    assert sandbox.slept == 0.5
    slow = Sandbox(MemoryStates(), 2, 1)
    assert slow.gate.pace(0.1, NOW) == 0
    assert slow.gate.pace(0.1, NOW) == 10
    assert slow.gate.pace(0.1, NOW + 4) == 6
    assert slow.gate.pace(0.1, NOW + 10) == 0
    assert slow.slept == 0


def test_a_pause_counts_no_attempt() -> None:
    destination = ScriptedDestination()
    bench = DeliveryBench(destination)
    bench.limit(0.1)
    first, second = (make_record(make_event(n), group=f"interaction:{n}") for n in (1, 2))
    assert bench.deliver(first, second) == {second.message_id: 10}
    assert len(bench.ledger.entries) == 1
    bench.clock.forward(10)
    assert bench.deliver(second) == {}


def test_a_429_halves_the_speed_once_a_second_and_a_quiet_minute_gives_a_tenth_back() -> None:
    state = DestinationState()
    state = slowed(state, NOW) or state
    assert state.factor == 0.5
    assert slowed(state, NOW + 0.9) is None
    state = slowed(state, NOW + 1) or state
    assert state.factor == 0.25
    assert quickened(state, NOW + 60) is None
    state = quickened(state, NOW + 61) or state
    assert state.factor == pytest.approx(0.275)
    for second in range(100):
        state = slowed(state, NOW + 100 + second) or state
    assert state.factor == LEAST_FACTOR
    for minute in range(100):
        state = quickened(state, NOW + 1000 + 61 * minute) or state
    assert state.factor == 1.0


def test_a_storm_of_429_is_no_storm_of_writes() -> None:
    store = MemoryStates()
    sandboxes = [Sandbox(store, number, 10) for number in range(10)]
    for tenth in range(100):
        now = NOW + tenth / 10
        for sandbox in sandboxes:
            sandbox.gate.pace(100.0, now)
            sandbox.gate.failed(RateLimited("429", retry_after=None), "group", now)
    # Ten seconds, a thousand answers, one write a second at the most.
    assert store.writes <= 11
    assert store.states["crm"].factor == LEAST_FACTOR
    assert store.reads < 200


def test_the_factor_is_read_by_every_sandbox() -> None:
    store = MemoryStates()
    store.states["crm"] = DestinationState(factor=0.5, factor_at=NOW)
    sandbox = Sandbox(store, 1, 1)
    sandbox.run(NOW + 10, 10.0)
    assert 48 <= len(sandbox.calls) <= 51


def test_what_is_left_of_a_quota_is_spread_over_what_is_left_of_its_time() -> None:
    assert spread(Quota(used=79, total=100, resets=NOW + HOUR), NOW) is None
    assert spread(Quota(used=80, total=100, resets=NOW + 20), NOW) == 1.0
    assert spread(Quota(used=100, total=100, resets=NOW - 1), NOW) is None
    sandbox = Sandbox(MemoryStates(), 1, 1)
    sandbox.gate.told(Quota(used=900, total=1000, resets=NOW + 1000), NOW)
    sandbox.run(NOW + 999, None)
    assert 95 <= len(sandbox.calls) <= 101


def test_a_used_up_quota_is_asked_for_again_now_and_then() -> None:
    sandbox = Sandbox(MemoryStates(), 1, 1)
    sandbox.gate.told(Quota(used=100, total=100, resets=NOW + HOUR), NOW)
    sandbox.run(NOW + HOUR - 1, None)
    assert len(sandbox.calls) == 4


def test_bulk_waits_for_a_new_quota_and_it_is_written_once() -> None:
    store = MemoryStates()
    sandbox = Sandbox(store, 1, 1)
    sandbox.gate.told(Quota(used=94, total=100, resets=NOW + HOUR), NOW)
    assert store.writes == 0
    for used in range(95, 100):
        sandbox.gate.told(Quota(used=used, total=100, resets=NOW + HOUR), NOW + used)
    assert store.writes == 1
    assert store.states["crm"].bulk_not_before == NOW + HOUR
    assert without_bulk(DestinationState(), NOW, Quota(99, 100, NOW - 1)) is None
