import json
from dataclasses import replace

import pytest

from switchboard.breaker import Breaker, DestinationState, opened, paused, resumed
from switchboard.delivery import Configuration
from switchboard.destination import Delivery, DestinationDocument, Receipt, Repeat
from switchboard.envelope import DeliveryOrder
from switchboard.errors import (
    ConfigurationError,
    CredentialsRefused,
    EventError,
    OutcomeUnknown,
    RateLimited,
    ReasonClass,
    Rejected,
    Unavailable,
)
from switchboard.gate import READ_EVERY_SECONDS
from switchboard.ledger import Entry, State
from switchboard.retry import LONGEST_IN_QUEUE_SECONDS
from switchboard.testing.deliveries import (
    DeliveryBench,
    ScriptedDestination,
    make_event,
    make_record,
)

EVENT = make_event()
RECORD = make_record(EVENT)
DAY = 24 * 60 * 60.0


class Bench(DeliveryBench):
    @property
    def entry(self) -> Entry:
        return self.ledger.of(EVENT.id, "crm")

    @property
    def state(self) -> State:
        return self.entry.state

    @property
    def dead_reasons(self) -> list[str]:
        return [json.loads(m.body)["reason"]["class"] for m in self.dead_letters.taken]


def test_the_same_message_twice_makes_one_call() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.deliver(RECORD)
    bench.another_sandbox()
    assert bench.deliver(RECORD) == {}
    assert len(destination.sent) == 1


def test_a_delivery_is_in_the_ledger_before_the_vendor_is_called() -> None:
    seen: list[State] = []

    def look(_: Delivery) -> Receipt:
        seen.append(bench.state)
        return Receipt("r-1")

    destination = ScriptedDestination(look)
    bench = Bench(destination)
    assert bench.deliver(RECORD) == {}
    assert seen == [State.SENDING]
    assert (bench.state, bench.entry.remote_id) == (State.DELIVERED, "r-1")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (EventError("mapping: no"), "event"),
        (Rejected("422", answer="bad"), "rejected"),
    ],
)
def test_a_final_failure_is_dead_lettered_at_once_and_the_group_goes_on(
    error: Exception, reason: str
) -> None:
    destination = ScriptedDestination(error)
    bench = Bench(destination)
    follower = make_record(make_event(2))
    assert bench.deliver(RECORD, follower) == {}
    assert bench.dead_reasons == [reason]
    assert bench.state is State.DEAD
    assert len(destination.sent) == 2
    assert bench.telemetry.counts["dead_lettered", "crm"] == 1


def test_an_unavailable_vendor_is_tried_again_with_growing_waits() -> None:
    destination = ScriptedDestination(*[Unavailable("503")] * 4)
    bench = Bench(destination)
    waits = []
    while back := bench.deliver(RECORD):
        waits.append(back[RECORD.message_id])
        bench.clock.forward(back[RECORD.message_id])
    assert waits == [1, 2, 4, 8]
    assert bench.state is State.DELIVERED
    assert bench.entry.attempt == 5


def test_a_redelivery_before_its_time_waits_and_counts_no_attempt() -> None:
    destination = ScriptedDestination(RateLimited("429", retry_after=20))
    bench = Bench(destination)
    assert bench.deliver(RECORD) == {RECORD.message_id: 20}
    bench.clock.forward(5)
    assert bench.deliver(RECORD) == {RECORD.message_id: 15}
    assert len(destination.sent) == 1
    bench.clock.forward(15)
    assert bench.deliver(RECORD) == {}
    assert bench.entry.attempt == 2


def test_a_retry_after_of_days_becomes_twelve_hours() -> None:
    bench = Bench(ScriptedDestination(RateLimited("429", retry_after=3 * DAY)))
    assert bench.deliver(RECORD) == {RECORD.message_id: 12 * 60 * 60}


def test_a_configuration_error_waits_for_the_probe_and_is_never_dead_lettered() -> None:
    destination = ScriptedDestination(*[ConfigurationError("401: set the secret")] * 400)
    bench = Bench(destination)
    waits = []
    for _ in range(400):
        (wait,) = bench.deliver(RECORD).values()
        waits.append(wait)
        bench.clock.forward(wait)
    # Each comes a little after the probe's time, so that another group may be the probe.
    assert (waits[0], max(waits)) == (10, 905)
    assert waits == sorted(waits)
    assert bench.dead_letters.taken == []
    assert bench.telemetry.counts["configuration_errors", "crm"] == 400


def test_what_is_refused_alone_does_not_stop_the_others() -> None:
    refused = ConfigurationError("403: not this record")
    destination = ScriptedDestination(refused)
    bench = Bench(destination)
    other = make_record(make_event(2), group="interaction:two")
    # Refused credentials, as far as anybody can know: nobody is called before the probe.
    assert bench.deliver(RECORD, other) == {RECORD.message_id: 10, other.message_id: 5}
    bench.clock.forward(5)
    assert bench.deliver(other) == {}
    bench.clock.forward(5)
    destination.answers = [refused]
    third = make_record(make_event(3), group="interaction:three")
    # The others were taken meanwhile: it is this one, and it waits alone.
    assert bench.deliver(RECORD, third) == {RECORD.message_id: 900}


def test_a_destination_without_a_document_waits_and_calls_nobody() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)

    def missing() -> Configuration:
        raise ConfigurationError("destinations/crm is deployed but not configured")

    bench.configuration = missing
    assert bench.deliver(RECORD) == {RECORD.message_id: 10}
    assert destination.sent == []
    assert bench.ledger.entries == {}


def test_a_bug_has_five_attempts_and_its_reason_holds_no_payload() -> None:
    destination = ScriptedDestination(*[ValueError("secret payload")] * 9)
    bench = Bench(destination)
    while back := bench.deliver(RECORD):
        bench.clock.forward(back[RECORD.message_id])
    assert len(destination.sent) == 5
    assert bench.dead_reasons == ["bug"]
    assert "secret payload" not in bench.dead_letters.taken[0].body


class TestAnOutcomeThatNobodyKnows:
    def stored_but_unanswered(self, delivery: Delivery) -> Receipt:
        self.destination.stored.add(delivery.key)
        raise OutcomeUnknown("no answer in 10 s")

    def bench(self, repeat: Repeat) -> Bench:
        self.destination: ScriptedDestination = ScriptedDestination(self.stored_but_unanswered)
        return Bench(self.destination, repeat)

    def test_native_is_repeated_under_the_same_key(self) -> None:
        bench = self.bench(Repeat.NATIVE)
        bench.clock.forward(bench.deliver(RECORD)[RECORD.message_id])
        assert bench.deliver(RECORD) == {}
        first, second = self.destination.sent
        assert first.key == second.key
        assert ("possible_duplicates", "crm") not in bench.telemetry.counts

    def test_read_back_finds_it_and_sends_no_more(self) -> None:
        bench = self.bench(Repeat.READ_BACK)
        bench.clock.forward(bench.deliver(RECORD)[RECORD.message_id])
        assert bench.deliver(RECORD) == {}
        assert len(self.destination.sent) == 1
        assert bench.entry.remote_id == "found"

    @pytest.mark.parametrize(
        "failure",
        [
            Unavailable("down"),
            RateLimited("slow down", retry_after=1),
            ConfigurationError("a scope is missing"),
            KeyError("a bug"),
        ],
    )
    def test_a_look_that_fails_is_made_again_before_anything_is_sent(
        self, failure: Exception
    ) -> None:
        class FailsToLook(ScriptedDestination):
            looks = 0

            def find(self, delivery: Delivery) -> Receipt | None:
                self.looks += 1
                if self.looks == 1:
                    raise failure
                return super().find(delivery)

        destination = FailsToLook(self.stored_but_unanswered)
        self.destination = destination
        bench = Bench(destination, Repeat.READ_BACK)
        message = make_record(make_event())
        for _ in range(3):
            bench.deliver(message)
            bench.clock.forward(3600)
        assert (len(destination.sent), destination.looks) == (1, 2)
        assert bench.state is State.DELIVERED

    def test_at_most_once_is_dead_lettered_and_never_sent_again(self) -> None:
        bench = self.bench(Repeat.AT_MOST_ONCE)
        assert bench.deliver(RECORD) == {}
        assert bench.deliver(RECORD) == {}
        assert len(self.destination.sent) == 1
        assert bench.entry.reason_class is ReasonClass.UNKNOWN

    def test_at_least_once_is_repeated_and_counted(self) -> None:
        bench = self.bench(Repeat.AT_LEAST_ONCE)
        bench.clock.forward(bench.deliver(RECORD)[RECORD.message_id])
        assert bench.deliver(RECORD) == {}
        assert len(self.destination.sent) == 2
        assert bench.telemetry.counts["possible_duplicates", "crm"] == 1
        assert bench.entry.possible_duplicates == 1


class TestACrashInTheMiddle:
    """The execution dies between the vendor's answer and the ledger: its lease runs out."""

    def crashed(self, repeat: Repeat) -> tuple[Bench, ScriptedDestination]:
        destination = ScriptedDestination(_crash)
        bench = Bench(destination, repeat)
        with pytest.raises(Crash):
            bench.deliver(RECORD)
        bench.another_sandbox()
        return bench, destination

    def test_the_lease_holds_others_off_until_it_ends(self) -> None:
        bench, destination = self.crashed(Repeat.NATIVE)
        assert bench.deliver(RECORD) == {RECORD.message_id: 90}
        bench.clock.forward(90)
        assert bench.deliver(RECORD) == {}
        assert len(destination.sent) == 2

    def test_at_most_once_does_not_try_again(self) -> None:
        bench, destination = self.crashed(Repeat.AT_MOST_ONCE)
        bench.clock.forward(90)
        assert bench.deliver(RECORD) == {}
        assert len(destination.sent) == 1
        assert bench.dead_reasons == ["unknown"]

    def test_a_record_that_always_crashes_is_found_before_the_fourth_try(self) -> None:
        destination = ScriptedDestination(_crash, _crash, _crash, _crash)
        bench = Bench(destination)
        for _ in range(3):
            with pytest.raises(Crash):
                bench.deliver(RECORD)
            bench.clock.forward(90)
        assert bench.deliver(RECORD) == {}
        assert len(destination.sent) == 3
        assert bench.dead_reasons == ["bug"]


class Crash(BaseException):
    """The process ends: nothing may catch it."""


def _crash(_: Delivery) -> Receipt:
    raise Crash


def test_a_failing_head_holds_back_its_own_group_and_nobody_else() -> None:
    destination = ScriptedDestination(Unavailable("503"))
    bench = Bench(destination)
    follower, other = (
        make_record(make_event(2)),
        make_record(make_event(3), group="interaction:two"),
    )
    assert bench.deliver(RECORD, follower, other) == {RECORD.message_id: 1, follower.message_id: 0}
    assert [delivery.event.sourceeventid for delivery in destination.sent] == ["event-1", "event-3"]


def test_without_time_for_a_send_the_rest_goes_back_uncounted() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    others = [make_record(make_event(n), group=f"interaction:{n}") for n in (2, 3)]
    time_left = iter([True, False])
    back = bench.deliver(RECORD, *others, has_time=lambda: next(time_left))
    assert back == {record.message_id: 0 for record in others}
    assert len(bench.ledger.entries) == 1


def test_what_waited_twelve_days_is_dead_lettered_without_a_call() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.clock.forward(LONGEST_IN_QUEUE_SECONDS + 1)
    assert bench.deliver(RECORD) == {}
    assert destination.sent == []
    assert bench.entry.reason == "waited 12 days in the queue"


def test_failing_alone_for_a_day_while_others_are_taken_ends() -> None:
    destination = ScriptedDestination(*[Unavailable("503")] * 2)
    bench = Bench(destination)
    bench.deliver(RECORD)
    bench.clock.forward(DAY + 1)
    # Nothing else was taken meanwhile: the vendor fails for everybody, so it goes on waiting.
    bench.deliver(RECORD)
    assert bench.state is State.WAITING
    bench.clock.forward(900)
    bench.deliver(make_record(make_event(2), group="interaction:two"))
    destination.answers = [Unavailable("503")]
    assert bench.deliver(RECORD) == {}
    assert bench.dead_reasons == ["unavailable"]
    assert "this event only" in bench.entry.reason


def test_a_pause_is_not_counted_to_the_day_of_failing_alone() -> None:
    destination = ScriptedDestination(Unavailable("503"))
    bench = Bench(destination)
    bench.deliver(RECORD)
    bench.change(lambda state: paused(state, bench.clock(), "operator"))
    bench.clock.forward(3 * DAY)
    bench.change(lambda state: resumed(state, bench.clock()))
    bench.clock.forward(READ_EVERY_SECONDS)
    bench.deliver(make_record(make_event(2), group="interaction:two"))
    destination.answers = [Unavailable("503")]
    assert bench.deliver(RECORD) != {}
    assert bench.state is State.WAITING
    bench.clock.forward(DAY)
    bench.deliver(make_record(make_event(3), group="interaction:three"))
    destination.answers = [Unavailable("503")]
    assert bench.deliver(RECORD) == {}
    assert "this event only" in bench.entry.reason


def test_a_duplicate_is_no_probe() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.deliver(RECORD)
    bench.change(lambda state: opened(state, bench.clock(), "503"))
    bench.clock.forward(READ_EVERY_SECONDS)
    # It is in the ledger as delivered: nobody is called, so that the next one is the probe.
    assert bench.deliver(RECORD) == {}
    bench.another_sandbox()
    assert bench.deliver(make_record(make_event(2))) == {}
    assert bench.states.states["crm"].breaker is Breaker.CLOSED


def test_an_unreadable_message_becomes_a_dead_letter_with_its_body() -> None:
    bench = Bench(ScriptedDestination())
    broken = replace(RECORD, body="not an envelope")
    assert bench.deliver(broken) == {}
    assert bench.dead_reasons == ["event"]
    assert "not an envelope" in bench.dead_letters.taken[0].body


def test_a_newer_envelope_goes_back_and_is_never_dead_lettered() -> None:
    bench = Bench(ScriptedDestination())
    newer = replace(RECORD, body=RECORD.body.replace('{"v":1', '{"v":2', 1), receive_count=40)
    assert bench.deliver(newer)[newer.message_id] > 0
    assert bench.dead_letters.taken == []


def test_a_dead_letter_that_its_queue_refused_is_sent_again_under_the_same_id() -> None:
    bench = Bench(ScriptedDestination(Rejected("422")))
    bench.dead_letters.failure = Unavailable("SQS is down")
    assert bench.deliver(RECORD) == {RECORD.message_id: 30}
    assert bench.state is State.DEAD
    bench.dead_letters.failure = None
    assert bench.deliver(RECORD) == {}
    bench.deliver(RECORD)
    assert len({message.deduplication_id for message in bench.dead_letters.taken}) == 1


def test_a_ledger_that_is_away_sends_nothing() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.ledger.failure = Unavailable("DynamoDB throttles")
    assert bench.deliver(RECORD)[RECORD.message_id] > 0
    assert destination.sent == []


def test_a_ledger_that_goes_away_after_the_send_leaves_an_unknown_outcome() -> None:
    def take_the_ledger_away(_: Delivery) -> Receipt:
        bench.ledger.failure = Unavailable("DynamoDB throttles")
        return Receipt()

    destination = ScriptedDestination(take_the_ledger_away)
    bench = Bench(destination)
    assert bench.deliver(RECORD) != {}
    bench.ledger.failure = None
    assert bench.state is State.SENDING
    bench.clock.forward(90)
    assert bench.deliver(RECORD) == {}
    assert len({delivery.key for delivery in destination.sent}) == 1


def test_a_replayed_dead_letter_is_sent_once_per_replay() -> None:
    destination = ScriptedDestination(Rejected("422"))
    bench = Bench(destination)
    bench.deliver(RECORD)
    replay = make_record(EVENT, order=DeliveryOrder(only="crm", replay="replay-1"))
    assert bench.deliver(replay) == {}
    assert bench.state is State.DELIVERED
    assert bench.deliver(replay) == {}
    assert len(destination.sent) == 2
    assert destination.sent[0].key == destination.sent[1].key


def test_another_generation_has_another_key() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.deliver(RECORD)
    order = DeliveryOrder(only="crm", replay="replay-1", generation=1)
    bench.deliver(make_record(EVENT, order=order))
    first, second = destination.sent
    assert first.key != second.key
    assert "." not in first.key


def test_documents_share_their_common_fields() -> None:
    assert DestinationDocument().when == "`true`"


def test_a_held_destination_gets_nothing_and_no_attempt_is_counted() -> None:
    destination = ScriptedDestination()
    bench = Bench(destination)
    bench.states.states["crm"] = DestinationState(not_before=bench.clock() + 40)
    follower = make_record(make_event(2))
    other = make_record(make_event(3), group="interaction:two")
    back = bench.deliver(RECORD, follower, other)
    assert back == {RECORD.message_id: 40, follower.message_id: 0, other.message_id: 40}
    assert (destination.sent, bench.ledger.entries) == ([], {})
    bench.clock.forward(40)
    assert bench.deliver(RECORD, follower, other) == {}


def test_a_look_that_fails_leaves_the_outcome_unknown() -> None:
    class Blind(ScriptedDestination):
        def find(self, delivery: Delivery) -> Receipt | None:  # noqa: ARG002
            raise Unavailable("503")

    destination = Blind(OutcomeUnknown("no answer"))
    bench = Bench(destination, Repeat.READ_BACK)
    for _ in range(3):
        bench.deliver(RECORD)
        assert bench.state is State.UNKNOWN
        bench.clock.forward(100)
    assert len(destination.sent) == 1


def test_the_time_from_event_to_write_is_told_but_for_replays() -> None:
    bench = Bench(ScriptedDestination(Unavailable("503")))
    sent_at = bench.clock.now = EVENT.time.timestamp() + 3
    record = make_record(EVENT, sent_at=sent_at)
    bench.deliver(record)
    bench.clock.forward(2)
    bench.deliver(record)
    again = DeliveryOrder(only="crm", replay="again")
    assert bench.deliver(make_record(EVENT, sent_at=sent_at, order=again)) == {}
    assert bench.telemetry.seconds == {("delivery_seconds", "crm"): [5.0]}


def test_refused_credentials_are_told_apart_from_a_broken_document() -> None:
    bench = Bench(ScriptedDestination(CredentialsRefused("401"), ConfigurationError("410")))
    bench.deliver(RECORD)
    bench.clock.forward(900)
    bench.deliver(RECORD)
    assert bench.telemetry.counts["refused_credentials", "crm"] == 1
    assert bench.telemetry.counts["configuration_errors", "crm"] == 1
