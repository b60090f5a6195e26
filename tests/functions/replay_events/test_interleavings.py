"""Whatever happens between plan and end: each selected delivery is sent, and stored once a
generation.
"""

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from switchboard.destination import Delivery, Receipt, Repeat
from switchboard.errors import OutcomeUnknown, Rejected, Unavailable
from switchboard.event import digest
from switchboard.lease import CLOCK_MARGIN
from switchboard.ledger import State
from switchboard.queue import Outgoing
from switchboard.replays import ReplayStatus, Selected
from switchboard.testing.deliveries import ScriptedDestination, make_event
from tests.functions.replay_events.rig import ReplayRig

EVENTS = [make_event(number) for number in range(6)]
GROUPS = [f"interaction:{number % 3}" for number in range(6)]


class Killed(BaseException):
    """The process dies here."""


class Counting(ScriptedDestination):
    """Counts how often it took what, by the key: event, destination and generation."""

    def __init__(self) -> None:
        super().__init__()
        self.took: Counter[str] = Counter()

    def send(self, delivery: Delivery) -> Receipt:
        receipt = super().send(delivery)
        self.took[delivery.key] += 1
        return receipt


class Replays(RuleBasedStateMachine):
    """Dead letters, and whatever is done about them."""

    def __init__(self) -> None:
        super().__init__()
        self.vendor = Counting()
        self.rig = ReplayRig(Repeat.NATIVE, self.vendor)
        self.dying_at = 0
        self.planned: dict[str, list[Selected]] = {}

    @initialize(failing=st.lists(st.booleans(), min_size=6, max_size=6))
    def some_are_dead(self, failing: list[bool]) -> None:
        for event, group, fails in zip(EVENTS, GROUPS, failing, strict=True):
            self.rig.vendor.answers = [Rejected("422")] if fails else []
            self.rig.arrive(event, group=group)
            self.rig.deliver()
        assert self.rig.crm.queue.counts()["ApproximateNumberOfMessages"] == "0"
        self.rig.bulk.before = self._maybe_die

    def _maybe_die(self, message: Outgoing) -> None:
        if self.dying_at == 1:
            self.dying_at = 0
            raise Killed
        self.dying_at = max(0, self.dying_at - 1)
        del message

    @rule(chosen=st.sets(st.integers(0, 5), min_size=1), again=st.booleans())
    def plan(self, chosen: set[int], again: bool) -> None:
        """As the desk selects: the dead, or with `again` what was delivered, one generation up."""
        selected = []
        for number in sorted(chosen):
            entry = self.rig.entry(EVENTS[number])
            if entry.state is (State.DELIVERED if again else State.DEAD):
                selected.append(
                    Selected(
                        group=GROUPS[number],
                        event_id=EVENTS[number].id,
                        generation=entry.generation + again,
                    )
                )
        if selected:
            self.planned[self.rig.plan(*selected, run=False)] = selected

    @rule(data=st.data())
    def run_or_resume(self, data: st.DataObject) -> None:
        if self.planned:
            self.rig.replays.start(data.draw(st.sampled_from(sorted(self.planned))), 0.0)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.planned:
            self.rig.replays.cancel(data.draw(st.sampled_from(sorted(self.planned))), 0.0)

    @rule(dying_at=st.integers(0, 4))
    def send(self, dying_at: int) -> None:
        """An invocation, which may die at one of its sends, or between the send and the note."""
        self.dying_at = dying_at
        try:
            self.rig.invoke(seconds=0.5)
        except Killed:
            self._forget_the_lease()
        self.dying_at = 0

    @rule()
    def send_and_die_before_the_note(self) -> None:
        before = dict(self.rig.replays.replays)
        self.rig.invoke(seconds=0.5)
        for replay_id, replay in before.items():
            if replay.status is ReplayStatus.RUNNING:
                self.rig.replays.replays[replay_id] = replay

    def _forget_the_lease(self) -> None:
        self.rig.clock.forward(60 + CLOCK_MARGIN)

    @rule(answer=st.sampled_from([None, Rejected("422"), Unavailable("503"), OutcomeUnknown("?")]))
    def travel(self, answer: Any) -> None:
        self.rig.vendor.answers = [] if answer is None else [answer]
        self.rig.drain()

    @rule(minutes=st.sampled_from([0.1, 1, 6]))
    def time_passes(self, minutes: float) -> None:
        self.rig.clock.forward(minutes * 60)

    def teardown(self) -> None:
        """At last everything runs to its end, and nothing fails any more."""
        rig = self.rig
        rig.vendor.answers = []
        rig.bulk.before = lambda _: None
        for replay_id in self.planned:
            rig.replays.start(replay_id, 0.0)
        for _ in range(8):
            rig.invoke()
            rig.drain()
            rig.clock.forward(901)
        sent = {one.deduplication_id for one in rig.bulk.sent}
        for replay_id, selected in self.planned.items():
            assert rig.replays.replays[replay_id].status is ReplayStatus.SENT
            for one in selected:
                assert digest(one.event_id, "crm", replay_id) in sent
                entry = rig.bench.ledger.of(one.event_id, "crm")
                assert entry.generation >= one.generation
                # Refused again, it was by this replay or by a later one.
                refused = entry.state is State.DEAD and str(entry.replay) >= replay_id
                assert entry.state is State.DELIVERED or refused
        assert all(times == 1 for times in self.vendor.took.values())
        assert rig.crm.queue.counts()["ApproximateNumberOfMessages"] == "0"


Replays.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestReplays = Replays.TestCase
