"""The delivery core between a strict queue, a vendor that does its worst, and stores that fail.

A machine for hypothesis: events arrive, executions work on them, die before or after any write,
run two at once, documents and gates change, replays come, time passes. What is promised is checked
after every step and, once everything is well again, at the end.
"""

from collections import Counter
from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard.breaker import DestinationState
from switchboard.destination import Delivery, Repeat
from switchboard.ledger import Entry, State
from switchboard.version import Version
from tests.switchboard.core.rig import CRM, GROUPS, Rig, Troubles

FATES = st.lists(st.integers(0, 99), max_size=4)
MOMENTS = st.integers(0, 8)
ROUNDS = 80
SEEN_EVERY = 5.0


class CoreMachine(RuleBasedStateMachine):
    """One destination. Subclasses say what may follow an unknown outcome, and what a dead letter.

    `make_rig` makes what a mutation breaks.
    """

    repeat = Repeat.NATIVE
    holds = False
    record = False
    make_rig: type[Rig] = Rig

    def __init__(self) -> None:
        super().__init__()
        self.rig = self.make_rig(self.repeat, holds=self.holds, record=self.record)
        self.paused_at: float | None = None
        self.called_while_paused = False
        self.rig.vendor.on_call = self.called

    @rule(
        group=st.integers(0, GROUPS - 1), lates=st.lists(st.integers(0, 3), min_size=1, max_size=3)
    )
    def arrive(self, group: int, lates: list[int]) -> None:
        """The router fans events out; some are of older facts."""
        for late in lates:
            self.rig.arrive(group, late)

    @rule(fates=FATES, dies_at=MOMENTS, away_at=MOMENTS)
    def execute(self, fates: list[int], dies_at: int, away_at: int) -> None:
        """An execution gets a batch; the vendor does what `fates` say, then takes everything."""
        self.rig.execute(self.rig.fates(fates), Troubles(dies_at, away_at))

    @precondition(lambda self: self.rig.last)
    @rule(fates=FATES)
    def execute_again(self, fates: list[int]) -> None:
        """Lambda hands the same batch to a second execution."""
        self.rig.work(self.rig.last, self.rig.fates(fates), Troubles())

    @rule(seconds=st.sampled_from([1, 4, 20, 100, 400, 1000]))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.rig.clock.forward(seconds)

    @rule()
    def pause_or_resume(self) -> None:
        """The operator's `destinations pause` and `resume`."""
        now = self.rig.clock()
        self.paused_at = now if self.paused_at is None else None
        self.rig.states.states[CRM] = DestinationState(paused=self.paused_at is not None)

    @rule()
    def break_or_correct_documents(self) -> None:
        """A document that nothing can be sent with, or its correction."""
        self.rig.broken = not self.rig.broken

    @precondition(lambda self: self.rig.entries(State.DEAD))
    @rule(which=st.integers(0, 9))
    def replay(self, which: int) -> None:
        """The operator replays a dead letter."""
        dead = self.rig.entries(State.DEAD)
        self.rig.replay([dead[which % len(dead)]])

    @precondition(lambda self: self.rig.entries(State.DELIVERED))
    @rule(which=st.integers(0, 9))
    def send_again(self, which: int) -> None:
        """The operator has a delivered one sent once more, under the next generation."""
        delivered = self.rig.entries(State.DELIVERED)
        self.rig.send_again(delivered[which % len(delivered)])

    @precondition(lambda self: self.holds and self.rig.entries(State.DEAD))
    @rule(which=st.integers(0, 9))
    def discard(self, which: int) -> None:
        """The operator discards a dead letter."""
        dead = self.rig.entries(State.DEAD)
        self.rig.discard(dead[which % len(dead)])

    @precondition(lambda self: self.holds)
    @rule()
    def release(self) -> None:
        """The operator releases what is held."""
        self.rig.release()

    def called(self, delivery: Delivery) -> None:
        """The vendor is called. What is raised here the core would take for the vendor's."""
        del delivery
        if self.paused_at is not None and self.rig.clock() - self.paused_at >= SEEN_EVERY:
            self.called_while_paused = True

    @invariant()
    def nobody_is_called_while_paused(self) -> None:
        assert not self.called_while_paused, "called while the destination is paused"

    @invariant()
    def nothing_is_lost(self) -> None:
        waiting = self.rig.waiting()
        dead_letters = self.rig.dead_letters.names()
        for name in self.rig.sent:
            entry = self.rig.entry(name)
            if name in waiting:
                continue
            assert entry is not None, "the message is gone, and the ledger has nothing"
            assert entry.is_final, "the message is gone, and nothing is final"
            if entry.state is State.DEAD:
                assert name in dead_letters, "dead, and in no queue"
            if entry.state is State.HELD:
                gap = self.rig.gaps.gaps.get((entry.group, CRM))
                assert gap is not None, "held, and there is no gap"
                assert not gap.closed, "held, and its gap is closed"

    @invariant()
    def a_dead_letter_was_first_in_the_ledger(self) -> None:
        dead = {entry.event_id for entry in self.rig.ledger.history if entry.state is State.DEAD}
        assert self.rig.dead_letters.names() <= dead, "a dead letter that the ledger never had"

    @invariant()
    def what_the_ledger_calls_delivered_is_there(self) -> None:
        if self.record:
            return
        stored = {one.event.id for one in self.rig.vendor.stored}
        for entry in self.rig.entries(State.DELIVERED):
            assert entry.event_id in stored, "delivered, and the vendor has nothing"

    @invariant()
    def nothing_is_stored_twice_uncounted(self) -> None:
        if self.record:
            return
        again = self.rig.generations
        for name, count in Counter(one.event.id for one in self.rig.vendor.stored).items():
            entry = self.rig.entry(name)
            assert entry is not None
            allowed = 1 + again[name]
            if self.repeat in {Repeat.AT_LEAST_ONCE, Repeat.AT_MOST_ONCE}:
                allowed += entry.possible_duplicates
            assert count <= allowed, f"stored {count} times, {allowed} known"

    @invariant()
    def doubts_are_counted_exactly(self) -> None:
        """No possible duplicate without an outcome that nobody knew."""
        doubts = sum(entry.possible_duplicates for entry in self.rig.entries())
        assert doubts <= self.rig.vendor.unknown + self.rig.troubles, "a doubt without a cause"

    @invariant()
    def waiting_counts_no_attempt(self) -> None:
        """Each attempt is a call, or an execution that died or lost a store on its way to it."""
        if self.record:
            return
        attempts = sum(entry.attempt for entry in self.rig.entries())
        assert attempts <= self.rig.vendor.asked + self.rig.troubles, "an attempt without a call"

    @invariant()
    def a_group_is_called_in_order(self) -> None:
        """First calls, of what came by itself; replays are late by nature."""
        if self.record:
            return
        for group in range(GROUPS):
            numbers = [
                self.rig.sent[name]
                for name in dict.fromkeys(self.rig.vendor.live)
                if self.rig.group_of(name) == group
            ]
            assert numbers == sorted(numbers), "an event overtook another of its group"

    @invariant()
    def nothing_passes_a_gap(self) -> None:
        if not self.holds or self.record:
            return
        for group in range(GROUPS):
            stored = [
                self.rig.sent[name]
                for name in dict.fromkeys(one.event.id for one in self.rig.vendor.stored)
                if self.rig.group_of(name) == group
            ]
            assert stored == sorted(stored), "a follower passed a dead letter that holds it"

    @invariant()
    def a_record_never_goes_back(self) -> None:
        """A dead letter that was stored all the same raised no guard: nobody knows that it was."""
        if not self.record:
            return
        died = {entry.event_id for entry in self.rig.ledger.history if entry.state is State.DEAD}
        stored = {one.event.id for one in self.rig.vendor.stored}
        doubtful = {self.rig.group_of(name) for name in died & stored}
        for group in set(range(GROUPS)) - doubtful:
            versions = self.stored_versions(group)
            assert versions == sorted(versions), "an older fact overwrote a newer one"

    def stored_versions(self, group: int) -> list[Version]:
        """The versions of a group's record in the order in which the vendor stored them."""
        stored = [one.event for one in self.rig.vendor.stored if one.event.data["group"] == group]
        return [Version.of(event) for event in stored]

    def teardown(self) -> None:
        """Everything is well again: whatever is open ends, and what is dead can be replayed."""
        self.paused_at, self.rig.broken = None, False
        self.rig.states.states.clear()
        for _ in range(ROUNDS):
            self.rig.clock.forward(1000)
            self.rig.execute([], Troubles())
            if self.holds:
                self.rig.replay(self.rig.entries(State.DEAD)[:1])
                self.rig.release()
            if not self.rig.waiting() and not self.unfinished():
                break
        self.nothing_is_lost()
        self.a_dead_letter_was_first_in_the_ledger()
        self.what_the_ledger_calls_delivered_is_there()
        self.nothing_is_stored_twice_uncounted()
        self.a_group_is_called_in_order()
        self.nothing_passes_a_gap()
        self.a_record_never_goes_back()
        self.the_newest_is_stored()
        assert not self.rig.waiting(), "something waits for ever"
        assert not self.unfinished(), "something is held for ever"
        for name, count in ({} if self.record else self.rig.generations).items():
            entry = self.rig.entry(name)
            assert entry is not None
            if count and entry.state is State.DELIVERED:
                keys = {one.key for one in self.rig.vendor.stored if one.event.id == name}
                assert len(keys) == 1 + entry.generation, "sent again, and the vendor was not asked"

    def the_newest_is_stored(self) -> None:
        """Of what the ledger has as delivered or skipped, nothing is newer than what is stored."""
        if not self.record:
            return
        for entry in self.rig.entries(State.DELIVERED, State.SKIPPED):
            versions = self.stored_versions(self.rig.group_of(entry.event_id))
            assert versions, "delivered, and the vendor has nothing"
            mine = Version.of(self.rig.events[entry.event_id])
            assert mine <= versions[-1], "the newest fact is not stored"

    def unfinished(self) -> Sequence[Entry]:
        """What an operator could still let go on."""
        return [
            *self.rig.entries(State.HELD),
            *(self.rig.entries(State.DEAD) if self.holds else []),
        ]
