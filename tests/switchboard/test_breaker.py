"""The pure states of a destination, and one sandbox's gate over them."""

from itertools import pairwise

import pytest

from switchboard.breaker import (
    LATEST,
    Breaker,
    DestinationState,
    Sign,
    closed,
    limited,
    opened,
    paused,
    probing,
    resumed,
    sign_of,
    unprobed,
)
from switchboard.errors import (
    ConfigurationError,
    EventError,
    OurOwn,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.gate import StateGate
from switchboard.testing.state_store import MemoryStates

NOW = 1_790_000_000.0
DOWN = Unavailable("503")


def gate(store: MemoryStates, sandbox: str = "one") -> StateGate:
    return StateGate(store, "crm", sandbox=sandbox, probe_seconds=50)


def open_it(one: StateGate, now: float = NOW) -> None:
    for number in range(5):
        one.failed(DOWN, f"group-{number % 3}", now)


def test_the_item_is_read_at_most_every_five_seconds() -> None:
    store = MemoryStates()
    one = gate(store)
    for second in range(11):
        one.admit(NOW + second)
        one.took(NOW + second)
    assert (store.reads, store.writes) == (3, 0)


def test_an_item_that_cannot_be_read_counts_as_closed() -> None:
    store = MemoryStates()
    store.states["crm"] = DestinationState(paused=True, paused_at=NOW)
    one = gate(store)
    assert one.admit(NOW) > 0
    store.failure = Unavailable("throttled")
    assert one.admit(NOW + 10) == 0
    open_it(one, NOW + 10)
    assert one.admit(NOW + 11) == 0


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (DestinationState(), 0),
        (DestinationState(paused=True, paused_at=80.0), 5),
        (DestinationState(paused=True, paused_at=60.0), 10),
        (DestinationState(paused=True), 25),
        (DestinationState(paused=True, paused_at=-10_000.0), LATEST),
        (DestinationState(breaker=Breaker.OPEN, until=130.0), 30),
        (DestinationState(breaker=Breaker.OPEN, until=99.0), 0),
        (DestinationState(breaker=Breaker.OPEN, until=130.0, not_before=140.0), 40),
        (DestinationState(breaker=Breaker.HALF_OPEN, probe="other", until=130.0), 5),
        (DestinationState(breaker=Breaker.HALF_OPEN, probe="me", until=130.0), 0),
        # The other's clock may be behind ours.
        (DestinationState(breaker=Breaker.HALF_OPEN, probe="other", until=99.0), 5),
        (DestinationState(breaker=Breaker.HALF_OPEN, probe="other", until=98.0), 0),
        (DestinationState(not_before=120.0), 20),
    ],
)
def test_what_holds_a_destination(state: DestinationState, seconds: float) -> None:
    assert state.holds_for(100.0, "me") == seconds


@pytest.mark.parametrize(
    ("error", "sign"),
    [
        (Unavailable("503"), Sign.FAILING),
        (OutcomeUnknown("504"), Sign.FAILING),
        (ConfigurationError("401"), Sign.REFUSING),
        (Rejected("422"), Sign.WELL),
        (RateLimited("429", retry_after=None), Sign.WELL),
        (EventError("mapping"), Sign.NOTHING),
        (OurOwn("the ledger is away"), Sign.NOTHING),
        (KeyError("bug"), Sign.NOTHING),
    ],
)
def test_what_a_failure_says_of_the_destination(error: Exception, sign: Sign) -> None:
    assert sign_of(error) is sign


def test_five_failures_from_three_groups_open_it() -> None:
    store = MemoryStates()
    one = gate(store)
    open_it(one)
    assert store.states["crm"].breaker is Breaker.OPEN
    assert one.admit(NOW) == 5
    assert gate(store, "two").admit(NOW) == 5
    assert store.states["crm"].reason == "503"


def test_two_groups_alone_never_open_it_and_an_answer_begins_anew() -> None:
    store = MemoryStates()
    one = gate(store)
    for number in range(100):
        one.failed(DOWN, f"group-{number % 2}", NOW)
    assert store.writes == 0
    one = gate(store)
    for number in range(100):
        one.failed(DOWN, f"group-{number}", NOW)
        if number % 4 == 3:
            one.failed(Rejected("422"), "group", NOW)
    assert store.writes == 0


def test_refused_credentials_open_it_at_once() -> None:
    store = MemoryStates()
    gate(store).failed(ConfigurationError("401"), "group", NOW)
    assert store.states["crm"].breaker is Breaker.OPEN


def test_a_probe_comes_after_a_quarter_of_the_outage() -> None:
    state = opened(DestinationState(), NOW, "503")
    now, probes = NOW, []
    for _ in range(60):
        now = state.until
        probes.append(now - NOW)
        state = opened(probing(state, now, "me", 50), now, "503")
    assert probes[:6] == [5, 10, 15, 20, 25, 31.25]
    assert max(after - before for before, after in pairwise(probes)) == LATEST
    assert state.opened_at == NOW


def test_one_sandbox_holds_the_probe_and_its_success_closes() -> None:
    store = MemoryStates()
    one, two = gate(store, "one"), gate(store, "two")
    open_it(one)
    now = NOW + 5
    assert (two.admit(now), one.admit(now), two.admit(now)) == (0, 5, 0)
    two.took(now)
    assert store.states["crm"].breaker is Breaker.CLOSED
    assert one.admit(now + 5) == 0


def test_a_probe_that_crashed_is_taken_over_when_its_lease_has_ended() -> None:
    store = MemoryStates()
    one, two = gate(store, "one"), gate(store, "two")
    open_it(one)
    assert one.admit(NOW + 5) == 0
    assert two.admit(NOW + 56.9) == 5
    assert two.admit(NOW + 57) == 0
    # The first one comes late: it says nothing any more.
    one.took(NOW + 58)
    assert store.states["crm"].breaker is Breaker.HALF_OPEN


def test_a_probe_that_called_nobody_leaves_it_to_the_next() -> None:
    store = MemoryStates()
    one, two = gate(store, "one"), gate(store, "two")
    open_it(one)
    assert one.admit(NOW + 5) == 0
    one.unused(NOW + 5)
    assert two.admit(NOW + 5) == 0
    two.failed(EventError("mapping"), "group", NOW + 5)
    assert gate(store, "three").admit(NOW + 5) == 0


def test_what_failed_comes_back_behind_the_probe() -> None:
    store = MemoryStates()
    one = gate(store)
    assert one.holds(NOW) == 0
    open_it(one)
    assert one.holds(NOW) == 10


def test_a_rate_limit_holds_every_sandbox_and_is_written_once() -> None:
    store = MemoryStates()
    one, two = gate(store, "one"), gate(store, "two")
    one.failed(RateLimited("429", retry_after=20), "group", NOW)
    assert (one.admit(NOW), two.admit(NOW)) == (20, 20)
    for later in range(8):
        two.failed(RateLimited("429", retry_after=20), "group", NOW + later / 10)
    assert store.writes == 1


def test_a_rate_limit_of_days_is_asked_again_after_twelve_hours() -> None:
    state = limited(DestinationState(), NOW, 3 * 24 * 3600.0)
    assert state is not None
    assert state.not_before == NOW + 12 * 3600
    assert limited(state, NOW, 60.0) is None
    assert limited(DestinationState(), NOW, 0.0) is None


def test_pause_and_outage_are_counted_once_where_they_overlap() -> None:
    state = opened(DestinationState(), NOW, "503")
    state = paused(state, NOW + 10, "ann") or state
    state = closed(state, NOW + 20)
    assert state.held_until(NOW + 25) == 25
    state = resumed(state, NOW + 30) or state
    assert state.held_until(NOW + 99) == 30
    state = unprobed(probing(opened(state, NOW + 100, "503"), NOW + 105, "me", 9), NOW + 106)
    assert state.held_until(NOW + 110) == 40
    assert resumed(state, NOW) is None
