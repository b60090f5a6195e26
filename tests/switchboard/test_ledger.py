from collections.abc import Callable
from dataclasses import replace

import pytest

from switchboard.claiming import Bury, Drop, Order, Send, Wait, claim, decide
from switchboard.closing import close, conclude
from switchboard.destination import Repeat
from switchboard.errors import ReasonClass
from switchboard.ledger import Entry, State
from switchboard.testing.stores import MemoryLedger

NOW = 1_790_000_000.0
FRESH = Entry(
    group="interaction:one",
    event_id="event",
    destination="crm",
    state=State.SENDING,
    owner="second",
    lease_until=NOW + 90,
    first_attempt_at=NOW,
    updated_at=NOW,
)
FIRST = replace(FRESH, owner="first", lease_until=NOW - 1)


def order(repeat: Repeat = Repeat.NATIVE, **changes: object) -> Order:
    return Order(replace(FRESH, **changes), repeat, NOW)  # type: ignore[arg-type]


def test_a_delivery_that_nobody_has_seen_is_sent() -> None:
    assert decide(order(), None) == Send(FRESH, begins=True)


def test_under_another_lease_a_message_goes_back_until_the_lease_ends() -> None:
    assert decide(order(), replace(FIRST, lease_until=NOW + 12)) == Wait(12)


@pytest.mark.parametrize(
    "state",
    [State.DELIVERED, State.DEAD, State.SKIPPED, State.HELD, State.DISCARDED, State.REDIRECTED],
)
def test_a_final_state_ends_the_message_without_a_call(state: State) -> None:
    existing = replace(FIRST, state=state)
    assert decide(order(), existing) == Drop(existing)


def test_a_waiting_delivery_waits_until_its_time_and_then_counts_an_attempt() -> None:
    waiting = replace(FIRST, state=State.WAITING, until=NOW + 7)
    assert decide(order(), waiting) == Wait(7)
    again = decide(order(), replace(waiting, until=NOW))
    assert isinstance(again, Send)
    assert (again.entry.attempt, again.entry.state) == (2, State.SENDING)
    assert not again.may_duplicate


@pytest.mark.parametrize(
    "existing", [FIRST, replace(FIRST, state=State.UNKNOWN)], ids=["lease ran out", "unknown"]
)
class TestAfterAnUnknownOutcome:
    def test_native_repeats(self, existing: Entry) -> None:
        decision = decide(order(Repeat.NATIVE), existing)
        assert isinstance(decision, Send)
        assert (decision.look_first, decision.may_duplicate) == (False, False)

    def test_read_back_looks_first(self, existing: Entry) -> None:
        decision = decide(order(Repeat.READ_BACK), existing)
        assert isinstance(decision, Send)
        assert (decision.look_first, decision.may_duplicate) == (True, False)

    def test_at_least_once_repeats_and_counts(self, existing: Entry) -> None:
        decision = decide(order(Repeat.AT_LEAST_ONCE), existing)
        assert isinstance(decision, Send)
        assert (decision.look_first, decision.may_duplicate) == (False, True)

    def test_at_most_once_is_dead_lettered_as_outcome_unknown(self, existing: Entry) -> None:
        decision = decide(order(Repeat.AT_MOST_ONCE), existing)
        assert isinstance(decision, Bury)
        assert decision.entry.reason.startswith("outcome unknown")
        assert decision.entry.reason_class is ReasonClass.UNKNOWN
        assert decision.entry.attempt == existing.attempt


def test_three_leases_that_ran_out_are_dead_lettered_before_another_try() -> None:
    decision = decide(order(), replace(FIRST, lapses=2))
    assert isinstance(decision, Bury)
    assert "crashed or ran out of time" in decision.entry.reason
    assert decision.entry.attempt == 1


def test_a_final_state_yields_only_to_a_new_replay() -> None:
    dead = replace(FIRST, state=State.DEAD, replay="replay-1")
    assert decide(order(replay="replay-1"), dead) == Drop(dead)
    assert decide(order(), dead) == Drop(dead)
    again = decide(order(replay="replay-2"), dead)
    assert isinstance(again, Send)
    assert (again.entry.replay, again.entry.bugs, again.entry.lapses) == ("replay-2", 0, 0)
    assert again.entry.revision == dead.revision + 1


def test_a_replay_keeps_the_generation_and_a_message_of_an_older_one_is_dropped() -> None:
    delivered = replace(FIRST, state=State.WAITING, generation=1, replay="replay-1")
    assert decide(order(generation=0), delivered) == Drop(delivered)


EARLIER, LATER = "20261127T090000000Z-aaaaaaaa", "20261127T090000001Z-00000000"


def test_an_earlier_replay_that_arrives_after_a_later_one_is_dropped() -> None:
    for state in (State.DEAD, State.WAITING, State.SENDING):
        existing = replace(FIRST, state=state, replay=LATER)
        assert decide(order(replay=EARLIER), existing) == Drop(existing)
    dead = replace(FIRST, state=State.DEAD, replay=EARLIER)
    assert isinstance(decide(order(replay=LATER), dead), Send)


def test_what_was_delivered_yields_to_a_higher_generation_alone() -> None:
    delivered = replace(FIRST, state=State.DELIVERED, replay=EARLIER, reference="object")
    assert decide(order(replay=LATER), delivered) == Drop(delivered)
    again = decide(order(Repeat.READ_BACK, replay=LATER, generation=1), delivered)
    assert isinstance(again, Send)
    assert (again.entry.generation, again.entry.reference, again.look_first) == (1, "", False)
    raised = replace(delivered, generation=2)
    assert decide(order(replay=LATER, generation=1), raised) == Drop(raised)


def test_a_replay_waits_for_who_holds_the_entry_and_goes_on_with_what_was_left_behind() -> None:
    held = replace(FIRST, lease_until=NOW + 12)
    assert decide(order(replay=LATER), held) == Wait(12)
    waiting = replace(FIRST, state=State.WAITING, until=NOW + 7)
    assert decide(order(replay=LATER), waiting) == Wait(7)
    assert decide(order(replay=LATER, generation=1), waiting) == Wait(7)
    # SQS moved its message, or nobody ever sends it again: the replay is in its place.
    for left in (replace(waiting, until=NOW - 1, bugs=4), replace(FIRST, lapses=2)):
        taken = decide(order(replay=LATER), left)
        assert isinstance(taken, Send)
        assert (taken.entry.replay, taken.entry.attempt, taken.entry.bugs) == (LATER, 2, 0)
    lapsed = decide(order(Repeat.AT_MOST_ONCE, replay=LATER), FIRST)
    assert isinstance(lapsed, Bury)
    raised = decide(order(replay=LATER, generation=1), replace(waiting, until=NOW - 1))
    assert isinstance(raised, Send)
    assert raised.entry.generation == 1


def test_a_dead_letter_whose_leases_ran_out_is_as_uncertain_as_an_unknown_one() -> None:
    crashed = replace(FIRST, state=State.DEAD, reason_class=ReasonClass.BUG, lapses=3)
    looked = decide(order(Repeat.READ_BACK, replay=LATER), crashed)
    assert isinstance(looked, Send)
    assert looked.look_first
    counted = decide(order(Repeat.AT_MOST_ONCE, replay=LATER), crashed)
    assert isinstance(counted, Send)
    assert counted.may_duplicate


def test_a_late_delivered_of_an_earlier_generation_yields() -> None:
    ledger = MemoryLedger()
    ledger.put(FIRST, expected=None)
    newer = replace(FIRST, owner="second", revision=2, generation=1, lease_until=NOW + 90)
    ledger.put(newer, expected=1)
    closed = replace(FIRST, state=State.DELIVERED, revision=2)
    assert not close(ledger, FIRST, closed, late=_unexpected)
    assert ledger.of("event", "crm") == newer


def test_replaying_an_unknown_outcome_counts_a_possible_duplicate() -> None:
    unknown = replace(FIRST, state=State.DEAD, reason_class=ReasonClass.UNKNOWN)
    decisions = {repeat: decide(order(repeat, replay="replay-1"), unknown) for repeat in Repeat}
    sends = {repeat: one for repeat, one in decisions.items() if isinstance(one, Send)}
    assert {repeat: (one.look_first, one.may_duplicate) for repeat, one in sends.items()} == {
        Repeat.NATIVE: (False, False),
        Repeat.READ_BACK: (True, False),
        Repeat.AT_MOST_ONCE: (False, True),
        Repeat.AT_LEAST_ONCE: (False, True),
    }


def test_two_executions_at_once_send_once() -> None:
    ledger = MemoryLedger()
    first = replace(FRESH, owner="first")

    def other_execution(_: Entry) -> None:
        ledger.before_put = None
        assert isinstance(claim(ledger, Order(first, Repeat.NATIVE, NOW)), Send)

    ledger.before_put = other_execution
    decision = claim(ledger, order())
    assert decision == Wait(90)
    assert ledger.of("event", "crm").owner == "first"


def test_a_late_delivered_is_accepted_and_counted() -> None:
    ledger = MemoryLedger()
    ledger.put(FIRST, expected=None)
    newer = replace(FIRST, owner="second", revision=2, attempt=2, lease_until=NOW + 90)
    ledger.put(newer, expected=1)
    late: list[bool] = []

    closed = replace(FIRST, state=State.DELIVERED, revision=2)
    assert close(ledger, FIRST, closed, late=lambda: late.append(True))

    assert late == [True]
    assert ledger.of("event", "crm").state is State.DELIVERED
    assert decide(order(), ledger.of("event", "crm")) == Drop(ledger.of("event", "crm"))


@pytest.mark.parametrize("state", [State.SENDING, State.DELIVERED, State.DEAD])
def test_a_late_delivered_leaves_its_doubt_in_the_ledger(state: State) -> None:
    ledger = MemoryLedger()
    ledger.put(FIRST, expected=None)
    newer = replace(FIRST, owner="second", revision=2, attempt=2, state=state)
    ledger.put(newer, expected=1)
    closed = replace(FIRST, state=State.DELIVERED, revision=2)
    accepted = close(ledger, FIRST, closed, late=lambda: None)
    kept = ledger.of("event", "crm")
    assert accepted is (state is not State.DEAD)
    assert (kept.possible_duplicates, kept.attempt) == (1, 2)
    assert kept.state is (State.DEAD if state is State.DEAD else State.DELIVERED)


def test_doubts_are_kept_by_replays_and_by_further_attempts() -> None:
    doubtful = replace(FIRST, state=State.WAITING, possible_duplicates=2)
    again = decide(order(), doubtful)
    assert isinstance(again, Send)
    dead = replace(doubtful, state=State.DEAD, reason_class=ReasonClass.UNKNOWN)
    replayed = decide(order(Repeat.AT_MOST_ONCE, replay="r-1"), dead)
    assert isinstance(replayed, Send)
    sure = decide(order(Repeat.NATIVE, replay="r-1"), dead)
    assert isinstance(sure, Send)
    counted = [one.entry.possible_duplicates for one in (again, replayed, sure)]
    assert counted == [2, 3, 2]


def test_a_late_failure_yields_to_the_newer_attempt() -> None:
    ledger = MemoryLedger()
    ledger.put(FIRST, expected=None)
    newer = replace(FIRST, owner="second", revision=2, attempt=2, lease_until=NOW + 90)
    ledger.put(newer, expected=1)
    closed = replace(FIRST, state=State.WAITING, revision=2)
    assert not close(ledger, FIRST, closed, late=_unexpected)
    assert ledger.of("event", "crm") == newer


def _unexpected() -> None:
    raise AssertionError("only `delivered` is accepted late")


def test_an_ending_is_written_over_an_open_entry_and_never_over_a_final_one() -> None:
    ledger = MemoryLedger()
    ledger.put(FIRST, expected=None)

    def ending(entry: Entry) -> Entry:
        return replace(entry, state=State.DEAD, revision=entry.revision + 1)

    written = conclude(ledger, FRESH, stored=False, ending=ending)
    assert written is not None
    assert written[1] is True
    again = conclude(ledger, FRESH, stored=False, ending=ending)
    assert again == (written[0], False)


def test_a_claim_that_is_always_too_late_waits() -> None:
    ledger = MemoryLedger()

    def faster(entry: Entry) -> None:
        ledger.before_put = None
        found = ledger.entries.get((entry.group, entry.event_id, entry.destination))
        taken = replace(FIRST, revision=1 if found is None else found.revision + 1)
        ledger.put(taken, expected=None if found is None else found.revision)
        ledger.before_put = restore

    restore: Callable[[Entry], None] = faster
    ledger.before_put = faster
    assert claim(ledger, order()) == Wait(1.0)
