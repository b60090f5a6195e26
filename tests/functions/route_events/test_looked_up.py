"""Predicates that look up reference data: who is a VIP is no part of the event."""

import json
from dataclasses import replace

import pytest

from functions.route_events.routes import DEPLOYED
from switchboard.errors import EventError, Unavailable
from switchboard.testing.stores import MemoryOutbox
from tests.functions.route_events.bench import BULK_ARN, Bench, arrived, numbers

VIP = "lookup('accounts', data.details.number, 'tier') == 'gold'"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.parameters.set("destinations/crm", json.dumps({"when": VIP}))
    bench.reference.rows["accounts", "2"] = {"tier": "gold"}
    return bench


def test_a_destination_takes_what_its_reference_data_says(bench: Bench) -> None:
    assert bench.route(arrived(1), arrived(2), arrived(3)) == {}
    assert numbers(bench.sent("crm")) == [2]
    assert numbers(bench.sent("lake")) == [1, 2, 3]
    assert bench.reference.reads == [[("accounts", str(number)) for number in (1, 2, 3)]]
    bench.route(arrived(62, data={"number": 2}), arrived(63, data={"number": 3}))
    assert len(bench.reference.reads) == 1


def test_nothing_is_looked_up_for_what_is_only_recorded(bench: Bench) -> None:
    bench.parameters.set("sources/meetings", json.dumps({"deliver": False}))
    assert bench.route(arrived(1), arrived(2)) == {}
    assert (bench.sent("crm"), bench.reference.reads) == ([], [])


def test_while_the_table_is_away_what_needs_no_row_is_routed(bench: Bench) -> None:
    bench.parameters.set("destinations/crm", json.dumps({"when": f"data.details.vip && {VIP}"}))
    bench.reference.failure = Unavailable("reading reference data: AWS answered Throttling")
    vip = arrived(2, group="interaction:two", data={"number": 2, "vip": True})
    assert set(bench.route(arrived(1), vip, arrived(3))) == {vip.message_id}
    assert numbers(bench.sent("lake")) == [1, 3]
    bench.reference.failure = None
    assert bench.route(vip) == {}
    assert numbers(bench.sent("crm")) == [2]


def test_a_lane_too(bench: Bench) -> None:
    bench.outboxes["queue/pager-urgent"] = MemoryOutbox()
    bench.deploy("pager")
    queues = {"normal": "queue/pager", "urgent": "queue/pager-urgent"}
    about = {"queues": queues, "lane_per": "event"}
    bench.parameters.set(f"{DEPLOYED}pager", json.dumps(about))
    bench.parameters.set("destinations/pager", json.dumps({"urgent_when": VIP}))
    bench.route(arrived(1), arrived(2))
    assert numbers(bench.sent("pager")) == [1]
    assert numbers(bench.sent("pager-urgent")) == [2]


def test_while_the_table_is_away_nothing_is_chosen_and_everything_waits(bench: Bench) -> None:
    bench.reference.failure = Unavailable("reading reference data: AWS answered Throttling")
    first, second = arrived(1), arrived(2)
    assert set(bench.route(first, second)) == {first.message_id, second.message_id}
    assert (bench.events.kept, bench.sent("lake"), bench.reasons()) == ({}, [], [])
    bench.reference.failure = None
    assert bench.route(first, second) == {}
    assert numbers(bench.sent("crm")) == [2]


def test_an_event_through_bulk_is_looked_up_too(bench: Bench) -> None:
    assert bench.route(replace(arrived(2), queue_arn=BULK_ARN)) == {}
    assert numbers(bench.sent("crm")) == [2]


def test_a_router_whose_predicates_look_nothing_up_reads_nothing() -> None:
    bench = Bench()
    bench.reference.failure = EventError("nobody may ask")
    assert bench.route(arrived(1)) == {}
    assert numbers(bench.sent("crm")) == [1]
