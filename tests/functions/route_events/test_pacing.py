"""What is late by nature hardly stands before what is live, at ingest and at a destination."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from desk.emulator.queues import Queue
from functions.route_events.pacing import FED_BELOW, LONGEST_WAIT, READ_EVERY_SECONDS
from functions.route_events.spec import BULK_BATCH, BULK_CONCURRENCY
from switchboard.breaker import Breaker, DestinationState
from switchboard.envelope import DeliveryOrder, Envelope, decode, encode
from switchboard.errors import ConfigurationError
from switchboard.loop import Batch, Record, read_records
from switchboard.queue import Outgoing, send_in_order
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived, numbers, record


def bulk(number: int, **changes: Any) -> Record:
    one = arrived(number, group=f"interaction:{number}", **changes)
    return replace(one, queue_arn=BULK_ARN, sent_at=Clock().now)


def fill(bench: Bench, name: str, count: int) -> None:
    bench.outboxes[f"queue/{name}"].taken.extend([Outgoing("{}", "before", "x")] * count)


FULL = FED_BELOW - (BULK_CONCURRENCY - 1) * BULK_BATCH


def test_what_a_destination_has_no_room_for_goes_back_and_live_events_do_not() -> None:
    bench = Bench()
    fill(bench, "crm", FULL - 1)
    first, second = bulk(1), bulk(2)
    back = bench.route(first, second)
    assert back == {second.message_id: READ_EVERY_SECONDS}
    assert bench.telemetry.counts["bulk_waits", "crm"] == 1
    assert bench.route(arrived(3)) == {}
    # Nothing is left behind by what only waits for its turn.
    assert len(bench.events.kept) == 2
    assert bench.ledger.entries == {}


def test_followers_of_what_waits_stay_behind_it_and_other_groups_go_on() -> None:
    bench = Bench()
    bench.parameters.set("destinations/crm", '{"when": "data.details.number < `10`"}')
    fill(bench, "crm", FULL)
    head, follower = bulk(1), replace(bulk(11), group="interaction:1")
    envelope = decode(follower.body).model_copy(update={"group": "interaction:1"})
    follower = replace(follower, body=encode(envelope))
    back = bench.route(head, follower, bulk(12))
    assert back == {head.message_id: READ_EVERY_SECONDS, follower.message_id: 0}
    assert numbers(bench.sent("lake")) == [12]


def test_a_full_queue_is_counted_again_after_five_seconds() -> None:
    bench = Bench()
    crm = bench.outboxes["queue/crm"]
    fill(bench, "crm", FULL)
    one = bulk(1)
    assert bench.route(one)
    crm.delivered = FULL
    assert bench.route(one)
    bench.clock.forward(READ_EVERY_SECONDS)
    assert bench.route(one) == {}


@pytest.mark.parametrize(
    "state",
    [DestinationState(paused=True), DestinationState(breaker=Breaker.OPEN, until=1e12)],
)
def test_a_paused_or_open_destination_is_fed_freely(state: DestinationState) -> None:
    bench = Bench()
    fill(bench, "crm", 1000)
    bench.states.states["crm"] = state
    assert bench.route(bulk(1)) == {}


def test_bulk_waits_for_a_destination_whose_quota_is_almost_used() -> None:
    bench = Bench()
    one = bulk(1)
    now = bench.clock()
    bench.states.states["crm"] = DestinationState(bulk_not_before=now + 60)
    assert bench.route(one)
    bench.clock.forward(60)
    assert bench.route(one) == {}


@pytest.mark.parametrize("mode", ["batched", "scheduled"])
def test_a_destination_where_messages_gather_by_design_is_fed_freely(mode: str) -> None:
    bench = Bench()
    deployed = {"queues": {"normal": "queue/crm"}, "mode": mode}
    bench.parameters.set("deployment/destinations/crm", json.dumps(deployed))
    fill(bench, "crm", 10 * FED_BELOW)
    assert bench.route(bulk(1), bulk(2)) == {}


def test_a_queue_that_cannot_be_counted_is_fed() -> None:
    """A destination's own stack may be an older one, whose policy does not allow it yet."""
    bench = Bench()

    class Uncountable(type(bench.outboxes["queue/crm"])):  # type: ignore[misc]
        def waiting(self) -> int:
            raise ConfigurationError("counting: the function's role may not do it")

    bench.outboxes["queue/crm"] = Uncountable()
    assert bench.route(bulk(1)) == {}
    assert len(bench.sent("crm")) == 1


def test_a_replay_waits_for_its_own_destination_alone() -> None:
    bench = Bench()
    fill(bench, "crm", FULL)

    def replay(name: str) -> Record:
        event = make_event(1)
        order = DeliveryOrder(only=name, replay="replay-1")
        envelope = Envelope(event=event, group=name, delivery=order)
        return replace(record(envelope, event), queue_arn=BULK_ARN, message_id=name)

    assert set(bench.route(replay("crm"), replay("lake"))) == {"crm"}
    assert len(bench.sent("lake")) == 1


def test_waiting_for_days_is_no_thousand_receives() -> None:
    bench = Bench()
    fill(bench, "crm", FULL)
    sent_at, receives = bench.clock(), 0
    while bench.clock() - sent_at < 12 * 86_400:
        receives += 1
        (wait,) = bench.route(bulk_at(sent_at, receives)).values()
        assert READ_EVERY_SECONDS <= wait <= LONGEST_WAIT
        bench.clock.forward(wait)
    assert receives < 1000


def bulk_at(sent_at: float, receives: int) -> Record:
    return replace(bulk(1), sent_at=sent_at, receive_count=receives)


@dataclass(eq=False)
class Worked:
    """A destination's queue, worked off in order: what came when, and what was before it."""

    queue: Queue
    arrived: list[int] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    full_at: int = 0

    def waiting(self) -> int:
        return sum(int(count) for count in self.queue.counts().values())

    def send(self, messages: list[Outgoing]) -> list[str | None]:
        def take(batch: Any) -> list[str | None]:
            for message in batch:
                if '"lane":"normal"' in message.body and "interaction:live" in message.body:
                    self.ahead.append(self.waiting())
                self.queue.send(message.body, message.group, message.deduplication_id)
            self.full_at = max(self.full_at, self.waiting())
            return [None] * len(batch)

        return send_in_order(messages, take)

    def work(self, count: int) -> None:
        while count > 0 and (received := self.queue.receive(min(count, 10), 0)):
            count -= len(received)
            for message in received:
                event = decode(message["Body"]).event
                assert event is not None
                self.arrived.append(event.data["details"]["number"])
                self.queue.delete(message["ReceiptHandle"])


BULK = 50_000
LIVE_EVERY = 5


def test_a_live_event_waits_behind_none_of_50_000_and_at_most_200_at_a_destination() -> None:
    bench = Bench()
    ingest = Queue("ingest", clock=bench.clock, visibility=360)
    ingest_bulk = Queue("ingest-bulk", clock=bench.clock, visibility=360)
    crm = Worked(Queue("crm", clock=bench.clock, visibility=360))
    lake = Worked(Queue("lake", clock=bench.clock, visibility=360))
    bench.outboxes["queue/crm"] = crm  # type: ignore[assignment]
    bench.outboxes["queue/lake"] = lake  # type: ignore[assignment]
    template = encode(decode(bulk(0).body))
    event = make_event(0)
    for number in range(BULK):
        # Written by text: half a million validations would be most of the test.
        body = template.replace(event.id, f"{number:040x}").replace(
            '\\"number\\": 0', f'\\"number\\": {number}'
        )
        group = f"interaction:{number % 5000}"
        ingest_bulk.send(body.replace("interaction:0", group), group, str(number))
    sandboxes = [bench.router, *[bench.sandbox() for _ in range(BULK_CONCURRENCY)]]
    live = 0
    at_ingest: list[int] = []
    for step in range(150):
        taken = [pull(ingest_bulk, 10, BULK_ARN) for _ in range(BULK_CONCURRENCY)]
        for router, records in zip(sandboxes[1:], taken, strict=True):
            routed(bench, router, ingest_bulk, records)
        if step % LIVE_EVERY == 0:
            live += 1
            one = arrived(BULK + live, group=f"interaction:live-{live}")
            at_ingest.append(sum(int(count) for count in ingest.counts().values()))
            ingest.send(one.body, one.group, f"live-{live}")
            routed(bench, bench.router, ingest, pull(ingest, 10, "ingest.fifo"))
        lake.work(20)
        crm.work(4)
        bench.clock.forward(0.5)
    assert at_ingest == [0] * live
    assert len(crm.ahead) == len(lake.ahead) == live
    # It was full, and stayed so: the proof is of what happens then.
    assert FULL - BULK_BATCH < max(crm.ahead) <= FED_BELOW
    assert crm.full_at <= FED_BELOW + live
    assert bench.telemetry.counts["bulk_waits", "crm"] > 100
    for worked in (crm, lake):
        of_groups: dict[int, list[int]] = {}
        for number in worked.arrived:
            of_groups.setdefault(number % 5000 if number < BULK else number, []).append(number)
        assert all(mine == sorted(mine) for mine in of_groups.values())
        assert len(worked.arrived) == len(set(worked.arrived)) > 150


def pull(queue: Queue, count: int, arn: str) -> list[Record]:
    messages = queue.receive(count, 0)
    return read_records(
        {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "eventSourceARN": arn,
                }
                for message in messages
            ]
        }
    )


def routed(bench: Bench, router: Any, queue: Queue, records: list[Record]) -> None:
    batch = Batch(records)
    bench.run(router, batch)
    back = dict(batch.failures())
    for one in records:
        if one in back:
            queue.change_visibility(one.receipt_handle, back[one])
        else:
            queue.delete(one.receipt_handle)
