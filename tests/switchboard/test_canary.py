"""A new version serves twenty deliveries before it serves all, and a bad one harms none of them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.breaker import Breaker, DestinationState
from switchboard.configuration import Judged, Status
from switchboard.destination import Delivery, DestinationDocument
from switchboard.envelope import DeliveryOrder
from switchboard.errors import (
    ConfigurationError,
    EventError,
    RateLimited,
    ReasonClass,
    Rejected,
    Unavailable,
)
from switchboard.ledger import State
from switchboard.testing.deliveries import make_event, make_record
from switchboard.trial import DELIVERIES, Outcomes, Verdict
from tests.switchboard.canary_mutations import MUTATIONS
from tests.switchboard.trial_stage import DOCUMENT, MAPPING, Stage


def refuse_new(delivery: Delivery, _: DestinationDocument) -> Exception | None:
    return Rejected("422") if "New" in delivery.output else None


def on_trial() -> Stage:
    """A stage whose mapping was changed after a first delivery."""
    stage = Stage()
    stage.deliver(stage.sandbox(), 0)
    stage.change_mapping()
    stage.taken.clear()
    stage.tried.clear()
    return stage


def test_the_first_version_ever_is_good_at_once() -> None:
    stage = Stage()
    stage.deliver(stage.sandbox(), 0)
    assert stage.status(MAPPING, 1) is Status.GOOD
    assert stage.status(DOCUMENT, 1) is Status.GOOD
    assert stage.trials.tallies == {}


def test_twenty_deliveries_go_out_under_a_candidate_and_then_it_is_good() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    for number in range(1, DELIVERIES):
        stage.deliver(sandbox, number)
        assert stage.status() is Status.CANDIDATE
    stage.deliver(sandbox, DELIVERIES)
    assert stage.outputs() == ["New"] * DELIVERIES
    assert stage.status() is Status.GOOD
    assert stage.telemetry.counts["document_adopted", "crm"] == 1
    other = stage.sandbox()
    stage.deliver(other, 100)
    assert stage.entry(100).mapping_version == 2


def test_others_go_out_under_the_good_version_while_twenty_are_under_way() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    # Those on trial fail for a while: nothing is decided.
    stage.refuses = lambda delivery, _: Unavailable("503") if "New" in delivery.output else None
    for number in range(1, 31):
        sandbox.handle(make_record(make_event(number), group=f"interaction:{number}"))
    assert [next(iter(delivery.output)) for delivery in stage.tried] == ["New"] * 20 + ["Old"] * 10
    assert stage.outputs() == ["Old"] * 10
    assert stage.status() is Status.CANDIDATE


def test_a_delivery_goes_on_under_the_version_that_it_began_with() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    stage.refuses = lambda *_: Unavailable("503") if len(stage.tried) < 3 else None
    stage.deliver(sandbox, 1)
    assert [next(iter(delivery.output)) for delivery in stage.tried] == ["New"] * 3
    assert stage.entry(1).mapping_version == 2
    (tally,) = stage.trials.tallies.values()
    assert (tally.taken, tally.delivered) == (1, 1)


def test_a_version_that_is_refused_leaves_no_dead_letter() -> None:
    stage = on_trial()
    stage.refuses = refuse_new
    sandbox = stage.sandbox()
    for number in range(1, 41):
        stage.deliver(sandbox, number)
    assert stage.outputs() == ["Old"] * 40
    assert stage.dead_letters.taken == []
    assert stage.status() is Status.REFUSED
    assert {stage.entry(number).state for number in range(1, 41)} == {State.DELIVERED}
    assert {stage.entry(number).mapping_version for number in range(1, 41)} == {1}
    # With nothing to compare it with, a fifth of twenty may fail: the fifth failure decides.
    assert len(stage.tried) == 45


def test_the_alarm_holds_what_was_changed() -> None:
    stage = on_trial()
    stage.refuses = refuse_new
    sandbox = stage.sandbox()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    assert stage.telemetry.counts["document_refused", "crm"] == 1
    (fields,) = [f for text, f in stage.telemetry.warnings if "refused by its trial" in text]
    assert fields["documents"] == [f"{MAPPING} version 2"]
    assert '-    "Old": "type"' in fields["difference"]
    assert '+    "New": "type"' in fields["difference"]


def test_a_refused_version_is_refused_in_every_sandbox_and_after_a_restart() -> None:
    stage = on_trial()
    one, two = stage.sandbox(), stage.sandbox()
    stage.deliver(two, 50)
    stage.refuses = refuse_new
    for number in range(1, 21):
        stage.deliver(one, number)
    stage.clock.forward(6)
    stage.tried.clear()
    for number, sandbox in ((60, one), (61, two), (62, stage.sandbox())):
        stage.deliver(sandbox, number)
    assert [next(iter(delivery.output)) for delivery in stage.tried] == ["Old"] * 3


def test_the_next_version_after_a_refused_one_has_a_trial_of_its_own() -> None:
    stage = on_trial()
    stage.refuses = refuse_new
    sandbox = stage.sandbox()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    stage.change_mapping("Newer")
    stage.taken.clear()
    for number in range(101, 121):
        stage.deliver(sandbox, number)
    stage.clock.forward(6)
    stage.deliver(sandbox, 121)
    assert stage.outputs() == ["Newer"] * 21
    assert (stage.status(), stage.status(version=3)) == (Status.REFUSED, Status.GOOD)


@pytest.mark.parametrize(
    ("before", "failing", "verdict"),
    [
        (Outcomes(95, 5), 1, Status.GOOD),
        (Outcomes(95, 5), 2, Status.REFUSED),
        (Outcomes(100, 0), 1, Status.REFUSED),
        (Outcomes(), 4, Status.GOOD),
        (Outcomes(), 5, Status.REFUSED),
    ],
)
def test_the_share_of_failures_is_compared_with_that_of_the_last_hour(
    before: Outcomes, failing: int, verdict: Status
) -> None:
    stage = on_trial()
    stage.trials.hours["crm", int(stage.clock() // 3600)] = before
    events = {make_event(number).id for number in range(1, failing + 1)}
    stage.refuses = lambda delivery, _: (
        EventError("no subject")
        if delivery.event.id in events and "New" in delivery.output
        else None
    )
    sandbox = stage.sandbox()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    assert stage.status() is verdict


def test_outcomes_are_added_up_and_written_once_a_minute() -> None:
    stage = Stage()
    stage.refuses = lambda delivery, _: (
        Rejected("422") if delivery.event.data["number"] % 10 == 0 else None
    )
    sandbox = stage.sandbox()
    for number in range(1, 301):
        stage.deliver(sandbox, number)
        stage.clock.forward(1)
    written = list(stage.trials.hours.values())
    assert stage.trials.added == 4
    assert sum(hour.delivered + hour.failed for hour in written) == 241
    assert sum(hour.failed for hour in written) == 24


def test_a_configuration_error_of_a_candidate_stops_nobody() -> None:
    stage = Stage()
    stage.deliver(stage.sandbox(), 0)
    stage.write(DOCUMENT, {"url": "https://example.com/typo", "mapping": "note"})
    stage.clock.forward(34)
    stage.refuses = lambda _, document: (
        ConfigurationError("401") if "typo" in str(getattr(document, "url", "")) else None
    )
    sandbox = stage.sandbox()
    for number in range(1, 31):
        stage.deliver(sandbox, number)
    assert len(stage.taken) == 31
    assert stage.status(DOCUMENT) is Status.REFUSED
    assert ("configuration_errors", "crm") not in stage.telemetry.counts


def test_a_bug_under_a_candidate_goes_again_under_the_good_version() -> None:
    stage = on_trial()
    stage.refuses = lambda delivery, _: ValueError("x") if "New" in delivery.output else None
    stage.deliver(stage.sandbox(), 1)
    assert stage.outputs() == ["Old"]
    assert stage.dead_letters.taken == []


def test_an_event_that_the_good_version_refuses_too_is_a_dead_letter() -> None:
    stage = on_trial()
    stage.refuses = lambda *_: Rejected("422")
    stage.deliver(stage.sandbox(), 1)
    assert len(stage.dead_letters.taken) == 1
    assert stage.entry(1).reason_class is ReasonClass.REJECTED
    assert [next(iter(delivery.output)) for delivery in stage.tried] == ["New", "Old"]


def test_document_and_mapping_that_change_together_are_one_trial() -> None:
    stage = on_trial()
    stage.write(DOCUMENT, {"url": "https://example.com/y", "mapping": "note"})
    stage.clock.forward(34)
    sandbox = stage.sandbox()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    (key,) = stage.trials.tallies
    assert key == f"crm#{DOCUMENT}:2+{MAPPING}:2"
    assert (stage.status(DOCUMENT), stage.status()) == (Status.GOOD, Status.GOOD)


def test_a_mapping_is_tried_for_each_destination_that_uses_it() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    for number in range(1, 21):
        stage.deliver(sandbox, number)
    assert {name for name, _ in stage.judgements.judged} == {DOCUMENT, MAPPING}


def test_a_document_on_trial_may_name_another_mapping_and_the_old_one_may_be_gone() -> None:
    stage = Stage()
    stage.deliver(stage.sandbox(), 0)
    stage.write("mappings/other", {"fields": {"New": "type"}})
    stage.write(DOCUMENT, {"url": "https://example.com/x", "mapping": "other"})
    del stage.parameters.parameters["mappings/note"]
    stage.clock.forward(34)
    stage.refuses = refuse_new
    sandbox = stage.sandbox()
    for number in range(1, 11):
        stage.deliver(sandbox, number)
    assert stage.outputs() == ["Old"] * 11
    assert stage.status(DOCUMENT) is Status.REFUSED


def test_a_document_that_names_a_mapping_not_yet_written_is_tried_when_it_is() -> None:
    stage = Stage()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 0)
    stage.write(DOCUMENT, {"url": "https://example.com/x", "mapping": "later"})
    stage.clock.forward(34)
    stage.deliver(sandbox, 1)
    stage.write("mappings/later", {"fields": {"New": "type"}})
    stage.clock.forward(34)
    stage.deliver(sandbox, 2)
    assert stage.outputs() == ["Old", "Old", "New"]


def test_without_counters_the_good_version_serves() -> None:
    stage = on_trial()
    stage.trials.failure = Unavailable("throttled")
    sandbox = stage.sandbox()
    for number in range(1, 31):
        stage.deliver(sandbox, number)
    assert stage.outputs() == ["Old"] * 30


def test_without_judgements_what_served_goes_on() -> None:
    stage = Stage()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 0)
    stage.judgements.failure = Unavailable("throttled")
    stage.change_mapping()
    stage.deliver(sandbox, 1)
    stage.judgements.failure = None
    stage.clock.forward(6)
    stage.deliver(sandbox, 2)
    assert stage.outputs() == ["Old", "Old", "New"]


def test_a_version_that_is_called_good_by_hand_serves_at_once() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 1)
    assert stage.judgements.decide(MAPPING, 2, Status.GOOD, reason="applied with --now")
    stage.clock.forward(6)
    stage.refuses = refuse_new
    stage.deliver(sandbox, 2)
    assert len(stage.dead_letters.taken) == 1
    assert stage.status() is Status.GOOD


def test_what_the_release_before_called_good_is_what_a_mapping_is_compared_with() -> None:
    stage = Stage()
    text = stage.parameters.parameters["mappings/note"].text
    stage.judgements.record(Judged("mappings/note", 1, Status.GOOD, text))
    stage.change_mapping()
    stage.deliver(stage.sandbox(), 1)
    assert stage.status() is Status.CANDIDATE


def test_a_parameter_that_was_written_anew_serves() -> None:
    stage = on_trial()
    stage.deliver(stage.sandbox(), 1)
    del stage.parameters.parameters["mappings/note"]
    stage.write("mappings/note", {"fields": {"Again": "type"}})
    stage.deliver(stage.sandbox(), 2)
    assert stage.outputs() == ["New", "Again"]


def test_a_trial_whose_last_deliveries_never_ended_is_decided_after_an_hour() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    lost = {make_event(number).id for number in range(1, 6)}
    stage.refuses = lambda delivery, _: (
        RateLimited("429", retry_after=12 * 3600) if delivery.event.id in lost else None
    )
    for number in range(1, 6):
        sandbox.handle(make_record(make_event(number), group=f"interaction:{number}"))
    for number in range(6, 31):
        stage.deliver(sandbox, number)
    assert stage.status() is Status.CANDIDATE
    stage.clock.forward(3601)
    stage.deliver(sandbox, 31)
    assert stage.status() is Status.GOOD


def test_what_nobody_marked_because_the_process_ended_is_marked_by_the_next() -> None:
    stage = on_trial()
    sandbox = stage.sandbox()
    stage.deliver(sandbox, 1)
    (key,) = stage.trials.tallies
    stage.trials.conclude(key, Verdict.REFUSED)
    stage.deliver(sandbox, 2)
    assert stage.status() is Status.REFUSED
    assert stage.outputs()[-1] == "Old"


def test_a_replay_begins_anew_and_may_be_on_trial() -> None:
    stage = Stage()
    stage.refuses = lambda *_: Rejected("422")
    stage.deliver(stage.sandbox(), 1)
    stage.change_mapping()
    stage.refuses = lambda *_: None
    order = DeliveryOrder(only="crm", replay="replay-1")
    replayed = make_record(make_event(1), group="interaction:1", order=order)
    assert stage.sandbox().handle(replayed) is None
    assert stage.outputs() == ["New"]


def test_an_open_breaker_takes_no_place_in_a_trial() -> None:
    stage = on_trial()
    until = stage.clock() + 60
    stage.states.states["crm"] = DestinationState(breaker=Breaker.OPEN, until=until)
    assert stage.sandbox().handle(make_record(make_event(1))) == 60
    assert stage.trials.tallies == {}


class Interleaving:
    """Four sandboxes of one stage; a vendor that is away for some events when they first come."""

    def __init__(self, bad: str, flaky: set[int]) -> None:
        self.stage = on_trial()
        self.stage.refuses = self.refuses
        self.sandboxes = [self.stage.sandbox() for _ in range(4)]
        self.begun: list[int] = []
        self.bad = bad
        self.flaky = set(flaky)

    def refuses(self, delivery: Delivery, _: DestinationDocument) -> Exception | None:
        number = delivery.event.data["number"]
        if number in self.flaky:
            self.flaky.remove(number)
            return Unavailable("503")
        refused = self.bad == "all" or (self.bad == "some" and number % 2 == 0)
        return Rejected("422") if refused and "New" in delivery.output else None

    def step(self, which: int, what: str) -> None:
        if what == "later":
            self.stage.clock.forward(3)
        elif what == "restart":
            self.sandboxes[which] = self.stage.sandbox()
        else:
            if what == "first" or not self.begun:
                self.begun.append(len(self.begun) + 1)
            number = self.begun[-1] if what == "first" else self.begun[which % len(self.begun)]
            record = make_record(make_event(number), group=f"interaction:{number}")
            self.sandboxes[which].handle(record)

    def end(self) -> None:
        for number in self.begun:
            self.stage.deliver(self.sandboxes[number % 4], number)

    def tried(self) -> set[str]:
        return {delivery.event.id for delivery in self.stage.tried if "New" in delivery.output}


def check(run: Interleaving) -> None:
    """What holds at the end of every run."""
    stage = run.stage
    assert stage.telemetry.counts.get(("document_refused", "crm"), 0) <= 1
    assert stage.dead_letters.taken == []
    arrived = sorted(delivery.event.id for delivery in stage.taken)
    assert arrived == sorted(make_event(number).id for number in run.begun)
    assert stage.status() is Status.GOOD or len(run.tried()) <= DELIVERIES
    assert run.bad != "all" or "New" not in stage.outputs()
    assert run.bad != "all" or stage.status() is not Status.GOOD
    assert run.bad != "none" or stage.status() is not Status.REFUSED


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(["first", "first", "again", "later", "restart"])
        ),
        min_size=30,
        max_size=90,
    ),
    bad=st.sampled_from(["none", "all", "some"]),
    flaky=st.sets(st.integers(1, 60), max_size=12),
)
def test_any_interleaving_tries_at_most_twenty_and_decides_once(
    steps: list[tuple[int, str]], bad: str, flaky: set[int]
) -> None:
    run = Interleaving(bad, flaky)
    for which, what in steps:
        run.step(which, what)
    run.end()
    check(run)


def fixed_runs(mutate: Callable[[Stage], None]) -> None:
    """A good, a bad and a passing version, each under forty deliveries of four sandboxes."""
    for bad in ("none", "all"):
        run = Interleaving(bad, {2, 4})
        mutate(run.stage)
        run.sandboxes = [run.stage.sandbox() for _ in range(4)]
        for number in range(40):
            run.step(number % 4, "first")
        run.end()
        check(run)
        decided = Status.GOOD if bad == "none" else Status.REFUSED
        assert run.stage.status() is decided
        (tally,) = run.stage.trials.tallies.values()
        assert tally.taken == min(DELIVERIES, len(run.tried()))
        versions = {delivery.event.id: set[str]() for delivery in run.stage.taken}
        for delivery in run.stage.tried:
            versions[delivery.event.id] |= set(delivery.output)
        assert bad == "all" or all(len(names) == 1 for names in versions.values())


def test_without_a_mutation_the_fixed_runs_pass() -> None:
    fixed_runs(lambda _: None)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_is_noticed(mutation: str) -> None:
    with pytest.raises(AssertionError):
        fixed_runs(MUTATIONS[mutation])
