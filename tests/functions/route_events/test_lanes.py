"""Lanes: off without an urgent queue; chosen for each event, or once for an interaction."""

import json

import pytest

from functions.route_events.routes import DEPLOYED
from switchboard.destination import Lane
from switchboard.testing.stores import MemoryOutbox
from tests.functions.route_events.bench import Bench, arrived, numbers

URGENT = {"urgent_when": "data.details.number == `2`"}


def bench_with(lane_per: str, **document: str) -> Bench:
    bench = Bench()
    bench.outboxes["queue/pager-urgent"] = MemoryOutbox()
    bench.deploy("pager")
    queues = {"normal": "queue/pager", "urgent": "queue/pager-urgent"}
    bench.parameters.set(f"{DEPLOYED}pager", json.dumps({"queues": queues, "lane_per": lane_per}))
    bench.parameters.set("destinations/pager", json.dumps(document))
    return bench


def lanes(bench: Bench) -> tuple[list[int], list[int]]:
    return numbers(bench.sent("pager")), numbers(bench.sent("pager-urgent"))


def test_nothing_is_urgent_without_a_predicate() -> None:
    bench = bench_with("event")
    bench.route(arrived(1), arrived(2))
    assert lanes(bench) == ([1, 2], [])


def test_independent_deliveries_choose_for_each_event() -> None:
    bench = bench_with("event", **URGENT)
    bench.route(arrived(1), arrived(2), arrived(3))
    assert lanes(bench) == ([1, 3], [2])
    (envelope,) = bench.sent("pager-urgent")
    assert envelope.delivery is not None
    assert envelope.delivery.lane is Lane.URGENT
    choices = [choice for kept in bench.events.kept.values() for choice in kept.destinations]
    recorded = [choice.lane for choice in choices if choice.name == "pager"]
    assert recorded == ["normal", "urgent", "normal"]


@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1)])
def test_records_keep_the_lane_of_the_groups_first_event(first: int, then: int) -> None:
    bench = bench_with("interaction", **URGENT)
    bench.route(arrived(first))
    bench.route(arrived(then), arrived(3), arrived(4, group="interaction:two"))
    assert lanes(bench) == (([1, 2, 4, 3], []) if first == 1 else ([4], [2, 1, 3]))


def test_a_destination_without_an_urgent_queue_has_one_lane() -> None:
    bench = Bench()
    bench.parameters.set("destinations/crm", json.dumps(URGENT))
    bench.route(arrived(2))
    (envelope,) = bench.sent("crm")
    assert envelope.delivery is not None
    assert envelope.delivery.lane is Lane.NORMAL


def test_a_predicate_that_fails_on_an_event_makes_it_normal_and_is_counted() -> None:
    bench = bench_with("event", urgent_when="hhmmss(data.details.name) == 'x'")
    bench.route(arrived(1, data={"number": 1, "name": "soon"}))
    assert lanes(bench) == ([1], [])
    assert bench.telemetry.counts["laneless", "pager"] == 1
