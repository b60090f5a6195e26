"""Several sandboxes before one destination, in any interleaving, crashes included."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard.breaker import Breaker, DestinationState, paused, resumed
from switchboard.errors import (
    ConfigurationError,
    EventError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from switchboard.gate import READ_EVERY_SECONDS, StateGate, change_state
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import Clock

PROBE_SECONDS = 50.0
SANDBOXES = st.integers(0, 3)
GROUPS = st.sampled_from(["a", "b", "c", "d"])
ERRORS = st.sampled_from(
    [
        Unavailable("503"),
        Unavailable("503"),
        OutcomeUnknown("504"),
        RateLimited("429", retry_after=20),
        RateLimited("429", retry_after=None),
        ConfigurationError("401"),
        Rejected("422"),
        EventError("mapping"),
    ]
)


@dataclass
class Sandbox:
    """`calling` since when, and whether as the probe."""

    gate: StateGate
    calling: float | None = None
    probes: bool = False


class Sandboxes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.store = MemoryStates()
        self.made = 0
        self.sandboxes = [self.fresh() for _ in range(4)]
        # When the item began to say what it says, by what it forbids.
        self.since: dict[str, float] = {}

    def fresh(self) -> Sandbox:
        self.made += 1
        name = f"sandbox-{self.made}"
        return Sandbox(StateGate(self.store, "crm", sandbox=name, probe_seconds=PROBE_SECONDS))

    @property
    def state(self) -> DestinationState:
        return self.store.states.get("crm", DestinationState())

    def note(self) -> None:
        """Remember since when something forbids calls."""
        forbidden = {
            "open": self.state.breaker is not Breaker.CLOSED,
            "paused": self.state.paused,
            "limited": self.state.not_before > self.clock(),
        }
        for why, holds in forbidden.items():
            if holds:
                self.since.setdefault(why, self.clock())
            else:
                self.since.pop(why, None)

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.9, 5.0, 20.0, 60.0, 900.0]))
    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds)
        for sandbox in self.sandboxes:
            # Lambda ends what takes longer than a probe may.
            if sandbox.calling is not None and self.clock() - sandbox.calling >= PROBE_SECONDS:
                sandbox.calling = None
        self.note()

    @rule(which=SANDBOXES)
    def begin(self, which: int) -> None:
        sandbox = self.sandboxes[which]
        if sandbox.calling is not None:
            return
        now = self.clock()
        if sandbox.gate.admit(now) > 0:
            return
        sandbox.calling = now
        sandbox.probes = self.state.breaker is Breaker.HALF_OPEN and self.state.probe == (
            sandbox.gate._sandbox
        )
        for why, since in self.since.items():
            if why == "open" and sandbox.probes:
                continue
            # Only who read the item before it said so.
            assert now - since < READ_EVERY_SECONDS, why

    @rule(which=SANDBOXES)
    def succeed(self, which: int) -> None:
        sandbox = self.sandboxes[which]
        if sandbox.calling is None:
            return
        holds = self.state.probe == sandbox.gate._sandbox and self.state.until > self.clock()
        sandbox.gate.took(self.clock())
        sandbox.calling = None
        if holds:
            assert self.state.breaker is Breaker.CLOSED
        self.note()

    @rule(which=SANDBOXES, error=ERRORS, group=GROUPS)
    def fail(self, which: int, error: Exception, group: str) -> None:
        sandbox = self.sandboxes[which]
        if sandbox.calling is None:
            return
        before = self.state
        sandbox.gate.failed(error, group, self.clock())
        sandbox.calling = None
        if before.breaker is Breaker.HALF_OPEN and self.state.breaker is Breaker.OPEN:
            assert self.state.opened_at == before.opened_at
        self.note()

    @rule(which=SANDBOXES)
    def crash(self, which: int) -> None:
        self.sandboxes[which] = self.fresh()

    @rule(which=SANDBOXES)
    def call_nobody(self, which: int) -> None:
        sandbox = self.sandboxes[which]
        if sandbox.calling is not None:
            sandbox.gate.unused(self.clock())
            sandbox.calling = None
            self.note()

    @rule()
    def pause(self) -> None:
        change_state(self.store, "crm", lambda state: paused(state, self.clock(), "ann"))
        self.note()

    @rule()
    @precondition(lambda self: self.state.paused)
    def resume(self) -> None:
        change_state(self.store, "crm", lambda state: resumed(state, self.clock()))
        self.note()

    @invariant()
    def at_most_one_probe_is_live(self) -> None:
        live = [one for one in self.sandboxes if one.calling is not None and one.probes]
        assert len(live) <= 1

    @invariant()
    def every_write_is_a_revision(self) -> None:
        assert self.state.revision == self.store.writes

    @invariant()
    def what_is_held_is_counted(self) -> None:
        assert (self.state.held_since > 0) == self.state.is_held


TestSandboxes = Sandboxes.TestCase
TestSandboxes.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
