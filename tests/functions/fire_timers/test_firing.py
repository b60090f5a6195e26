"""Rounds over memory with a moved clock: late, repeated and lost ones do no harm."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from switchboard.claims import check_out
from switchboard.envelope import Claim, DeliveryOrder, Envelope, decode, encode
from switchboard.errors import ConfigurationError, EventError, Unavailable
from switchboard.event import OWN_SOURCE
from switchboard.held import release_order
from switchboard.source_state import SourceState
from tests.functions.fire_timers.rig import Rig, messages
from tests.functions.route_events.bench import record
from tests.switchboard.interactions.stories import BEGAN, golden


def test_an_interaction_that_ended_is_told_as_closed_once() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("inbound", before=400))
    assert rig.minutes(70) == ["interaction.closed"]
    (closed,) = [e.event for e in rig.bench.sent("crm") if e.event and e.event.source == OWN_SOURCE]
    assert closed.data["durations"]["talk_seconds"] == 174
    assert set(rig.timers.marks) == {("bookmark", "finished")}


def test_whichever_end_is_the_last_that_came_it_is_told_as_closed() -> None:
    rig = Rig()
    rig.round()
    *before, released = (e for e in golden("chat")[0] if not e.type.endswith("wrap_up.ended"))
    assert released.type == "interaction.deassigned"
    late = released.model_copy(update={"time": released.time + timedelta(minutes=5)})
    for event in before:
        rig.arrive([record(Envelope(event=event, group="interaction:one"), event)])
    assert rig.minutes(4) == []
    rig.arrive([record(Envelope(event=late, group="interaction:one"), late)])
    assert rig.minutes(4) == ["interaction.closed"]


def test_rules_are_told_while_they_are_true_and_not_after() -> None:
    rig = Rig()
    rig.rule("wait", '{"rule": "waiting_longer_than", "seconds": 30}')
    rig.rule("callback", '{"rule": "no_callback_within", "seconds": 600}')
    rig.round()
    rig.arrive(messages("abandon", before=1))
    assert rig.minutes(1) == ["interaction.waiting_too_long"]
    rig.arrive(messages("abandon"))
    assert rig.minutes(5) == ["interaction.closed", "interaction.abandoned"]
    assert rig.minutes(20) == ["interaction.not_called_back"]
    assert rig.minutes(20) == []


def test_whoever_is_called_back_is_not_told_of() -> None:
    rig = Rig()
    rig.rule("callback", '{"rule": "no_callback_within", "seconds": 600}')
    rig.round()
    rig.arrive(messages("abandon"))
    assert rig.minutes(3) == ["interaction.closed", "interaction.abandoned"]
    # The same number, called 5 minutes later.
    created = golden("outbound")[0][0]
    later = created.model_copy(update={"time": datetime.fromtimestamp(rig.bench.clock(), UTC)})
    rig.arrive([record(Envelope(event=later, group="interaction:back"), later)])
    assert rig.minutes(60) == []


def test_an_event_that_comes_late_revises_what_was_told() -> None:
    rig = Rig()
    rig.round()
    records = messages("inbound", before=400)
    late = records.pop(11)
    rig.arrive(records)
    assert rig.minutes(10) == ["interaction.closed"]
    rig.arrive([late])
    assert rig.minutes(10) == ["interaction.revised"]
    assert rig.minutes(10) == []


@pytest.mark.parametrize("away", [2, 60, 600])
def test_rounds_that_were_lost_are_made_up_for(away: int) -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    rig.bench.clock.forward(60.0 * away)
    rig.round()
    assert rig.route_facts() == ["interaction.closed", "interaction.abandoned"]
    assert rig.minutes(5) == []


def test_a_round_that_has_no_time_left_goes_on_in_the_next() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    rig.bench.clock.forward(600)
    assert rig.round(seconds=0)["looked"] == 0
    assert rig.minutes(1) == ["interaction.closed", "interaction.abandoned"]


def test_two_rounds_at_once_tell_the_same() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("missed"))
    rig.bench.clock.forward(120)
    before = dict(rig.timers.marks)
    rig.round()
    rig.timers.marks.update(before)
    rig.round()
    ids = Counter(message.deduplication_id for message in rig.ingest.taken)
    assert set(ids.values()) == {2}
    assert rig.route_facts() == ["interaction.closed", "interaction.missed"]


def test_what_the_queue_does_not_take_is_told_by_the_next_round() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    rig.bench.clock.forward(120)
    rig.ingest.failure = Unavailable("SQS is away")
    with pytest.raises(Unavailable):
        rig.round()
    rig.ingest.failure = None
    assert rig.minutes(1) == ["interaction.closed", "interaction.abandoned"]


def test_a_group_that_cannot_be_folded_stops_no_other() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    rig.arrive(messages("chat"))
    (group,) = {group for group, _ in rig.bench.events.kept if "phone" in group}
    rig.failing[group] = EventError("it cannot be folded")
    assert rig.minutes(50) == ["interaction.closed"]
    assert rig.bench.telemetry.counts["timers_failed", OWN_SOURCE] == 1
    rig.failing.clear()
    assert rig.minutes(70) == ["interaction.closed", "interaction.abandoned"]
    assert set(rig.timers.marks) == {("bookmark", "finished")}


@pytest.mark.parametrize("error", [Unavailable("it is away"), ConfigurationError("denied")])
def test_a_table_that_cannot_be_read_ends_the_round_and_no_timer(error: Exception) -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    (group,) = {group for group, _ in rig.bench.events.kept}
    rig.failing[group] = error
    for _ in range(10):
        rig.bench.clock.forward(60)
        with suppress(type(error)):
            rig.round()
    assert rig.ingest.taken == []
    rig.failing.clear()
    assert rig.minutes(1) == ["interaction.closed", "interaction.abandoned"]


def test_many_that_are_due_at_once_are_told_in_batches() -> None:
    rig = Rig()
    rig.round()
    *_, deleted = golden("abandon")[0]
    for number in range(60):
        one = deleted.model_copy(update={"id": f"event-{number}"})
        rig.arrive([record(Envelope(event=one, group=f"interaction:{number}"), one)])
    writes = rig.timers.writes
    assert rig.minutes(2).count("interaction.closed") == 60
    # Two bookmarks; what is told is deleted, not written.
    assert rig.timers.writes == writes + 2
    assert rig.minutes(65) == []
    assert set(rig.timers.marks) == {("bookmark", "finished")}


def test_a_record_that_is_too_large_for_the_queue_travels_by_its_claim() -> None:
    rig = Rig()
    rig.round()
    *_, deleted = golden("abandon")[0]
    noted = deleted.model_copy(update={"data": {**deleted.data, "notes": "x" * 1_100_000}})
    claim = rig.bench.bucket.store("noted", encode(Claim(event=noted)))
    rig.arrive([record(Envelope(event_ref=claim, group="interaction:one"), noted)])
    rig.bench.clock.forward(120)
    rig.round()
    assert len(rig.ingest.taken) == 2
    for message in rig.ingest.taken:
        assert len(message.body) < 1000
        event, _ = check_out(decode(message.body), rig.bench.bucket)
        assert len(event.data["notes"]) == 1_100_000


def test_a_timer_that_a_slow_router_writes_after_its_minute_is_found() -> None:
    rig = Rig()
    rig.round()
    rig.arrive(messages("abandon"))
    slow = dict(rig.timers.marks)
    rig.timers.marks = {key: mark for key, mark in slow.items() if key[0] == "bookmark"}
    assert rig.minutes(2) == []
    rig.timers.marks |= {key: mark for key, mark in slow.items() if key[0] != "bookmark"}
    assert rig.minutes(1) == ["interaction.closed", "interaction.abandoned"]


def test_a_paused_source_that_goes_on_is_not_silent() -> None:
    rig = Rig()
    rig.rule("silence", '{"rule": "source_silent_for", "seconds": 300}')
    rig.bench.states.sources[golden("chat")[0][0].source] = SourceState(paused=True)
    told = []
    for number, event in enumerate(golden("chat")[0]):
        now = datetime.fromtimestamp(BEGAN + 200.0 * number, UTC)
        moved = event.model_copy(update={"time": now})
        rig.arrive([record(Envelope(event=moved, group=f"g{number}"), moved)])
        told += rig.minutes(3)
    assert told == []
    assert rig.minutes(10).count("source.silent") == 1


def test_an_event_of_any_time_stops_no_other_of_its_batch() -> None:
    rig = Rig()
    *_, deleted = golden("abandon")[0]
    never = deleted.model_copy(update={"id": "never", "time": datetime.max.replace(tzinfo=UTC)})
    other = deleted.model_copy(update={"id": "other"})
    records = [record(Envelope(event=e, group=f"interaction:{e.id}"), e) for e in (never, other)]
    assert rig.bench.route(*records) == {}
    assert len(rig.timers.marks) == 4


def test_a_silent_source_is_told_once_for_each_silence() -> None:
    rig = Rig()
    rig.rule("silence", '{"rule": "source_silent_for", "seconds": 300}')
    rig.round()
    rig.arrive(messages("abandon"))
    told = rig.minutes(30)
    assert told.count("source.silent") == 1
    rig.arrive([record(Envelope(event=e, group="g"), e) for e in golden("chat")[0][:1]])
    assert rig.minutes(30).count("source.silent") == 1


class TestRequests:
    def writes(self, *rules: str) -> int:
        rig = Rig()
        for number, text in enumerate(rules):
            rig.rule(f"rule-{number}", text)
        rig.arrive(messages("inbound", before=400))
        return rig.timers.writes

    def test_a_call_of_seventeen_events_writes_once_for_each_end_and_at_its_beginning(self) -> None:
        assert len(messages("inbound", before=400)) == 17
        assert self.writes() == 3 + 1

    def test_rules_add_one_for_each_event_that_opens(self) -> None:
        wait = '{"rule": "waiting_longer_than", "seconds": 120}'
        unanswered = '{"rule": "unanswered_for", "seconds": 90}'
        assert self.writes(wait, unanswered) == 4 + 1

    def test_a_batch_is_one_request(self) -> None:
        rig = Rig()
        rig.bench.clock.now = BEGAN + 300.0
        assert rig.bench.route(*messages("inbound", before=400)[-10:]) == {}
        assert rig.timers.writes == 1


def test_what_cannot_be_written_comes_back_and_is_set_then() -> None:
    rig = Rig()
    rig.timers.failure = Unavailable("DynamoDB is away")
    *_, deleted = messages("abandon")
    assert set(rig.bench.route(deleted)) == {deleted.message_id}
    assert rig.bench.sent("crm") == []
    rig.timers.failure = None
    assert rig.bench.route(deleted) == {}
    assert len(rig.timers.marks) == 2


def test_a_replay_sets_no_timer() -> None:
    rig = Rig()
    *_, deleted = messages("abandon")
    envelope = decode(deleted.body)
    assert envelope.event is not None
    order = DeliveryOrder(only="crm", replay="again")
    again = envelope.model_copy(update={"delivery": order})
    assert rig.bench.route(record(again, envelope.event)) == {}
    assert rig.timers.writes == 0


def test_what_is_held_sets_its_timers_when_it_is_released() -> None:
    rig = Rig()
    rig.bench.clock.now += 100
    source = golden("abandon")[0][0].source
    rig.bench.states.sources[source] = SourceState(paused=True)
    *_, deleted = messages("abandon")
    assert rig.bench.route(deleted) == {}
    assert rig.timers.writes == 0
    envelope = decode(deleted.body)
    assert envelope.event is not None
    released = envelope.model_copy(update={"delivery": release_order("run")})
    assert rig.bench.route(record(released, envelope.event)) == {}
    assert rig.timers.writes == 1
