import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.route_events.router import Router
from switchboard.claims import check_in, check_out
from switchboard.envelope import DeliveryOrder, Envelope, Raw, decode, encode
from switchboard.errors import Unavailable
from switchboard.ledger import State
from switchboard.testing.deliveries import make_event
from switchboard.testing.event_store import MemoryEvents
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived, numbers, payload, record


def test_an_event_is_normalised_archived_appended_and_sent_to_each_destination() -> None:
    bench = Bench()
    assert bench.route(arrived(1), arrived(2, group="interaction:two")) == {}
    assert numbers(bench.sent("crm")) == numbers(bench.sent("lake")) == [1, 2]
    (envelope, _) = bench.sent("crm")
    assert envelope.event is not None
    assert envelope.event.type == "meeting.participant.joined"
    assert envelope.event.data["room"] == "weekly"
    assert envelope.delivery == DeliveryOrder(only="crm")
    assert envelope.raw is None
    kept = bench.events.kept["interaction:one", envelope.event.id]
    assert [choice.name for choice in kept.destinations] == ["crm", "lake"]
    assert kept.raw_ref == envelope.raw_ref


def test_the_raw_payload_is_archived_byte_for_byte_in_one_object() -> None:
    bench = Bench()
    records = [arrived(1), arrived(2)]
    bench.route(*records)
    ((key, body),) = bench.bucket.objects.items()
    assert key.startswith("raw/2026/11/24/09/")
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    raws = [decode(one.body).raw for one in records]
    assert [line["body"] for line in lines] == [raw.body for raw in raws if raw]


def test_a_destination_takes_only_what_its_route_says() -> None:
    bench = Bench()
    bench.parameters.set("destinations/lake", '{"when": "data.details.number == `2`"}')
    bench.route(arrived(1), arrived(2))
    assert numbers(bench.sent("crm")) == [1, 2]
    assert numbers(bench.sent("lake")) == [2]


def test_the_kinds_own_fields_of_a_document_are_no_business_of_the_router() -> None:
    bench = Bench()
    bench.parameters.set("destinations/crm", '{"url": "https://example.com", "when": "`true`"}')
    bench.route(arrived(1))
    assert len(bench.sent("crm")) == 1


def test_a_destination_that_is_deployed_but_not_configured_is_sent_nothing() -> None:
    bench = Bench()
    bench.deploy("idle")
    assert bench.route(arrived(1)) == {}
    assert bench.sent("idle") == []
    assert len(bench.sent("crm")) == 1


def test_a_broken_route_leaves_the_last_good_one_serving() -> None:
    bench = Bench()
    bench.route(arrived(1))
    bench.parameters.set("destinations/crm", '{"when": "nope("}')
    bench.clock.forward(40)
    bench.route(arrived(2))
    assert numbers(bench.sent("crm")) == [1, 2]
    assert bench.telemetry.counts["document_refused", "crm"] == 1


def test_a_broken_route_that_was_never_good_stops_only_itself() -> None:
    bench = Bench()
    bench.parameters.set("destinations/crm", '{"when": "nope("}')
    assert bench.route(arrived(1)) == {}
    assert bench.sent("crm") == []
    assert len(bench.sent("lake")) == 1
    assert bench.telemetry.counts["configuration_errors", "crm"] == 1


def test_a_route_that_fails_on_an_event_is_a_dead_letter_of_that_destination_alone() -> None:
    bench = Bench()
    bench.parameters.set("destinations/crm", '{"when": "hhmmss(data.details.name) == \'x\'"}')
    assert bench.route(arrived(1, data={"number": 1, "name": "soon"}), arrived(2)) == {}
    assert numbers(bench.sent("lake")) == [1, 2]
    (reason,) = bench.reasons()
    assert (reason["class"], reason["destination"]) == ("event", "crm")


def test_one_poison_record_never_fails_its_batch() -> None:
    bench = Bench()
    poison = arrived(2, timestamp="soon")
    assert bench.route(arrived(1), poison, arrived(3)) == {}
    assert numbers(bench.sent("crm")) == [1, 3]
    (reason,) = bench.reasons()
    assert (reason["class"], reason["destination"]) == ("event", "route")
    assert "timestamp" in reason["message"]


def test_a_message_that_is_no_envelope_is_dead_lettered_with_its_body() -> None:
    bench = Bench()
    assert bench.route(replace(arrived(1), body="garbage"), arrived(2)) == {}
    assert "garbage" in bench.dead.taken[0].body
    assert numbers(bench.sent("crm")) == [2]


def test_an_envelope_of_a_newer_version_waits_and_is_never_dead_lettered() -> None:
    bench = Bench()
    newer = arrived(1)
    newer = replace(newer, body=newer.body.replace('{"v":1', '{"v":9', 1), receive_count=50)
    assert bench.route(newer)[newer.message_id] > 0
    assert bench.dead.taken == []


def test_an_unknown_type_passes_through_and_is_counted() -> None:
    bench = Bench()
    bench.route(arrived(1, eventType="BRAND_NEW"))
    (envelope,) = bench.sent("crm")
    assert envelope.event is not None
    assert envelope.event.type == "8x8.unknown.BRAND_NEW"
    assert bench.telemetry.counts["unknown_type", "meetings"] == 1


def test_a_refused_send_holds_back_its_group_and_a_retry_sends_the_recorded_choice() -> None:
    bench = Bench()
    crm = bench.outboxes["queue/crm"]
    crm.refuse = lambda _: "throttled" if len(crm.taken) == 0 else None
    first, second, other = arrived(1), arrived(2), arrived(3, group="interaction:two")
    back = bench.route(first, second, other)
    assert set(back) >= {first.message_id, second.message_id}
    assert back[second.message_id] == 0
    crm.refuse = lambda _: None
    # The document changes in between: what was recorded counts.
    bench.parameters.set("destinations/lake", '{"when": "`false`"}')
    bench.clock.forward(40)
    assert bench.route(*[one for one in (first, second, other) if one.message_id in back]) == {}
    assert sorted(numbers(bench.sent("crm"))) == [1, 2, 3]
    ones = [n for n in numbers(bench.sent("crm")) if n in {1, 2}]
    assert ones == [1, 2]
    assert {1, 2, 3} <= set(numbers(bench.sent("lake")))


def delays_no_other(bench: Bench) -> None:
    bench.outboxes["queue/crm"].refuse = lambda _: "down"
    back = bench.route(arrived(1), arrived(2), arrived(3, group="interaction:two"))
    assert len(back) == 3
    assert sorted(numbers(bench.sent("lake"))) == [1, 2, 3]
    assert bench.sent("crm") == []


def test_a_queue_that_takes_nothing_delays_no_other() -> None:
    delays_no_other(Bench())


class GoingOnTogether(Bench):
    """A break: what one queue refuses, no queue after it is sent."""

    def sandbox(self) -> Router:
        crm, lake = self.outboxes["queue/crm"], self.outboxes["queue/lake"]
        lake.refuse = lambda message: crm.refuse(message) and "not tried"
        return super().sandbox()


def test_a_fan_out_that_ends_at_a_refusal_is_found() -> None:
    with pytest.raises(AssertionError):
        delays_no_other(GoingOnTogether())


def test_a_repeated_fan_out_has_the_same_deduplication_id() -> None:
    bench = Bench()
    bench.route(arrived(1))
    bench.route(arrived(1))
    first, second = bench.outboxes["queue/crm"].taken
    assert (first.group, first.deduplication_id) == (second.group, second.deduplication_id)


@pytest.mark.parametrize("store", ["events", "bucket", "parameters"])
def test_a_store_that_is_away_makes_everything_wait_and_loses_nothing(store: str) -> None:
    bench = Bench()
    getattr(bench, store).failure = Unavailable("away")
    one, two = arrived(1), arrived(2)
    back = bench.route(one, two)
    assert back[one.message_id] > 0
    assert back[two.message_id] == 0
    assert bench.sent("crm") == []
    getattr(bench, store).failure = None
    assert bench.route(one, two) == {}
    assert numbers(bench.sent("crm")) == [1, 2]


def test_an_event_stands_beside_its_payload_and_one_of_our_own_alone() -> None:
    bench = Bench()
    own = make_event(7, data={"seconds": 30})
    envelope = Envelope(event=own, group="interaction:own")
    bench.route(arrived(1), record(envelope, own))
    (body,) = [body for key, body in bench.bucket.objects.items() if key.startswith("raw/")]
    came, ours = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert came["event"]["data"] == bench.events.kept["interaction:one", came["id"]].event.data
    assert came["event"]["type"] == "meeting.participant.joined"
    assert ours["event"]["data"] == {"seconds": 30}
    assert "body" not in ours
    assert bench.events.kept["interaction:own", own.id].raw_ref is None


def test_raw_is_archived_before_anything_is_sent() -> None:
    bench = Bench()
    bench.bucket.failure = Unavailable("away")
    bench.route(arrived(1))
    assert bench.events.kept == {}
    assert bench.sent("crm") == []


def test_a_replay_goes_to_its_one_destination_and_leaves_no_other_trace() -> None:
    bench = Bench()
    event = make_event(1)
    order = DeliveryOrder(only="crm", replay="replay-1")
    envelope = Envelope(event=event, group="interaction:one", delivery=order)
    assert bench.route(record(envelope, event)) == {}
    (sent,) = bench.sent("crm")
    assert sent.delivery == order
    assert bench.sent("lake") == []
    assert bench.events.kept == {}
    assert bench.bucket.objects == {}


def test_a_replay_has_a_deduplication_id_of_its_own() -> None:
    bench = Bench()
    event = make_event(1)
    for replay in ("replay-1", "replay-2"):
        order = DeliveryOrder(only="crm", replay=replay)
        bench.route(record(Envelope(event=event, group="g", delivery=order), event))
    assert len({message.deduplication_id for message in bench.outboxes["queue/crm"].taken}) == 2


def test_a_replay_to_nobody_is_a_dead_letter() -> None:
    bench = Bench()
    event = make_event(1)
    order = DeliveryOrder(only="gone", replay="replay-1")
    assert bench.route(record(Envelope(event=event, group="g", delivery=order), event)) == {}
    assert "no destination 'gone'" in bench.reasons()[0]["message"]


class TestBulk:
    def test_what_came_through_bulk_is_marked_as_routed(self) -> None:
        bench = Bench()
        live, bulk = arrived(1), replace(arrived(2, group="interaction:two"), queue_arn=BULK_ARN)
        assert bench.route(live, bulk) == {}
        assert {group for group, _ in bench.events.kept} == {"interaction:one", "interaction:two"}
        assert {group for group, _ in bench.events.routed} == {"interaction:two"}
        assert bench.events.routed < set(bench.events.kept)

    def test_an_event_that_no_destination_takes_is_marked_as_well(self) -> None:
        bench = Bench()
        for name in ("crm", "lake"):
            bench.parameters.set(f"destinations/{name}", '{"when": "`false`"}')
        bench.route(replace(arrived(1), queue_arn=BULK_ARN))
        assert len(bench.events.routed) == 1

    def test_what_is_not_yet_sent_everywhere_is_not_marked(self) -> None:
        bench = Bench()
        bench.outboxes["queue/crm"].refuse = lambda _: "down"
        records = [replace(arrived(n), queue_arn=BULK_ARN) for n in (1, 2)]
        assert len(bench.route(*records)) == 2
        assert bench.events.routed == set()
        bench.outboxes["queue/crm"].refuse = lambda _: None
        assert bench.route(*records) == {}
        assert len(bench.events.routed) == 2

    @pytest.mark.parametrize("receive_count", [1, 3])
    def test_a_record_that_cannot_be_marked_comes_back(self, receive_count: int) -> None:
        class Unmarkable(MemoryEvents):
            away = True

            def mark_routed(self, group: str, event_id: str) -> None:
                if self.away:
                    raise Unavailable("away")
                super().mark_routed(group, event_id)

        events = Unmarkable()
        bench = Bench(events=events)
        one, two = (
            replace(arrived(n, receive_count=receive_count), queue_arn=BULK_ARN) for n in (1, 2)
        )
        back = bench.route(one, two)
        assert back[one.message_id] > 0
        assert back[two.message_id] == 0
        assert numbers(bench.sent("crm")) == [1, 2]
        events.away = False
        bench.clock.forward(64)
        assert bench.route(one, two) == {}
        assert len(events.routed) == 2
        assert bench.reasons() == []

    def test_a_replay_is_not_marked(self) -> None:
        bench = Bench()
        event = make_event(1)
        order = DeliveryOrder(only="crm", replay="replay-1")
        envelope = Envelope(event=event, group="interaction:one", delivery=order)
        assert bench.route(replace(record(envelope, event), queue_arn=BULK_ARN)) == {}
        assert len(bench.sent("crm")) == 1
        assert bench.events.routed == set()


class TestBugsAndCrashes:
    class Broken(MemoryEvents):
        def append(self, recorded: Any) -> Any:  # noqa: ARG002
            raise ZeroDivisionError

    class Deadly(MemoryEvents):
        def append(self, recorded: Any) -> Any:  # noqa: ARG002
            raise KeyboardInterrupt

    def test_a_bug_has_five_attempts(self) -> None:
        bench = Bench(events=self.Broken())
        one = arrived(1)
        for receives in range(1, 9):
            back = bench.route(replace(one, receive_count=receives))
            if not back:
                break
            bench.clock.forward(900)
        assert receives == 5
        assert bench.reasons()[0]["class"] == "bug"

    def test_a_record_that_kills_the_process_is_found(self) -> None:
        bench = Bench(events=self.Deadly())
        one = arrived(1)
        deaths = 0
        for receives in range(1, 12):
            try:
                back = bench.route(replace(one, receive_count=receives))
            except KeyboardInterrupt:
                deaths += 1
                bench.clock.forward(360)
                continue
            if not back:
                break
        assert deaths == 5
        assert "crashed" in bench.reasons()[0]["message"]

    def test_a_claimed_record_that_is_routed_closes_its_claim(self) -> None:
        bench = Bench()
        one = arrived(1, receive_count=3)
        assert bench.route(one) == {}
        event = decode(one.body).event
        assert event is not None
        assert bench.ledger.of(event.id, "route").state is State.DELIVERED
        assert bench.route(replace(one, receive_count=4)) == {}
        assert len(bench.sent("crm")) == 1

    def test_a_claimed_follower_of_one_that_waits_is_given_back_with_it(self) -> None:
        bench = Bench()
        one, two = arrived(1, receive_count=3), arrived(2, receive_count=3)
        bench.outboxes["queue/lake"].refuse = lambda _: "down"
        for _ in range(5):
            assert set(bench.route(one, two)) == {one.message_id, two.message_id}
            bench.clock.forward(64)
        bench.outboxes["queue/lake"].refuse = lambda _: None
        assert bench.route(one, two) == {}
        assert numbers(bench.sent("lake")) == [1, 2]
        assert bench.reasons() == []

    def test_what_only_waited_leaves_no_entry(self) -> None:
        bench = Bench()
        bench.route(arrived(1))
        assert bench.ledger.entries == {}


def source_document(bench: Bench, source: str, **fields: Any) -> None:
    bench.parameters.set(f"sources/{source}", json.dumps(fields))
    bench.clock.forward(60)


def test_a_source_that_is_not_delivered_is_archived_and_recorded() -> None:
    bench = Bench()
    source = make_event(1).source
    source_document(bench, source, host="pulsar-ws-euw2.8x8.com", deliver=False)
    assert bench.route(arrived(1)) == {}
    assert bench.sent("crm") == []
    (kept,) = bench.events.kept.values()
    assert (list(kept.destinations), kept.raw_ref is not None) == ([], True)
    source_document(bench, source, deliver=True)
    assert bench.route(arrived(1), arrived(2)) == {}
    assert numbers(bench.sent("crm")) == [2], "what was decided of an event stays"


@pytest.mark.parametrize("broken", ["{", '{"deliver_from": "soon"}'])
def test_a_broken_document_of_a_source_keeps_the_last_good_rule(broken: str) -> None:
    bench = Bench()
    source = make_event(1).source
    source_document(bench, source, deliver=False)
    bench.route(arrived(1))
    bench.parameters.set(f"sources/{source}", broken)
    bench.clock.forward(60)
    bench.route(arrived(2))
    assert bench.sent("crm") == []


def test_two_sources_that_meet_at_a_moment_deliver_each_event_once() -> None:
    """Both read the same ten events, and one ends where the other begins."""
    bench = Bench()
    events = [make_event(number, data=None) for number in range(10)]
    moment = datetime.fromtimestamp((payload(4)["timestamp"]) / 1000, UTC).isoformat()
    source_document(bench, "old", deliver_until=moment)
    source_document(bench, "new", deliver_from=moment)
    for number, event in enumerate(events):
        for source in ("old", "new"):
            mine = event.model_copy(update={"source": source, "id": f"{source}-{event.id}"})
            raw = Raw(
                kind="jaas",
                body=json.dumps(payload(number)),
                received_at="2026-11-24T09:30:00.000Z",
            )
            bench.route(record(Envelope(event=mine, group=f"event:{mine.id}", raw=raw), mine))
    delivered = [one.event for one in bench.sent("crm") if one.event]
    assert sorted(one.id.split("-", 1)[1] for one in delivered) == sorted(
        event.id for event in events
    )
    assert {one.source for one in delivered} == {"old", "new"}


@pytest.mark.parametrize("size", [100_000, 400_000], ids=["inline", "claimed"])
def test_a_large_event_can_be_replayed_from_what_was_recorded(size: int) -> None:
    bench = Bench()
    event = make_event(1, data=None)
    raw = Raw(
        kind="jaas",
        body=json.dumps(payload(1, data={"number": 1, "note": "x" * size})),
        received_at="2026-11-24T09:30:00.000Z",
    )
    whole = Envelope(event=event, group="interaction:one", raw=raw)
    came = decode(check_in(whole, bench.bucket))
    assert (came.event is None) is (size > 256 * 1024)
    bench.route(replace(record(whole, event), body=encode(came)))
    (kept,) = bench.events.kept.values()
    assert kept.event_ref is not None
    archived = {key for key in bench.bucket.objects if key.startswith("raw/")}

    order = DeliveryOrder(only="lake", replay="replay-1", mapping_version=3)
    again = Envelope(
        event_ref=kept.event_ref, raw_ref=kept.raw_ref, group=kept.group, delivery=order
    )
    assert bench.route(replace(record(whole, event), message_id="again", body=encode(again))) == {}
    first, replayed = (check_out(one, bench.bucket) for one in bench.sent("lake"))
    assert replayed[0] == first[0]
    assert replayed[1].delivery == order
    assert replayed[1].raw_ref == kept.raw_ref
    assert archived == {key for key in bench.bucket.objects if key.startswith("raw/")}


def test_a_source_knows_how_its_events_fared_and_how_late_they_were_routed() -> None:
    bench = Bench()
    event_at = decode(arrived(1).body).event
    assert event_at is not None
    bench.clock.now = event_at.time.timestamp() + 7
    bench.events.failure = Unavailable("away")
    bench.route(arrived(1))
    bench.events.failure = None
    bench.route(arrived(1), arrived(2, timestamp="x"))
    counts = bench.telemetry.counts
    assert [counts[name, "meetings"] for name in ("routed", "retried", "dead_lettered")] == [1] * 3
    assert len(bench.telemetry.seconds["routing_seconds", "meetings"]) == 1


def test_what_comes_through_bulk_is_late_by_nature() -> None:
    bench = Bench()
    bench.route(replace(arrived(1), queue_arn=BULK_ARN))
    assert bench.telemetry.counts["routed", "meetings"] == 1
    assert bench.telemetry.seconds == {}
