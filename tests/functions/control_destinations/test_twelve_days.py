"""Who is off for weeks loses nothing to SQS, which forgets a message after fourteen days."""

import json
from collections.abc import Callable

import pytest

from functions.control_destinations.control import Control, Ports
from functions.control_destinations.decision import Deployed
from switchboard.breaker import DestinationState, opened, paused
from switchboard.destination import Lane
from switchboard.drain import Drain, DrainOrder
from switchboard.ledger import State
from switchboard.testing.deliveries import ScriptedDestination
from switchboard.testing.polling import MemoryMappings
from tests.switchboard.drain_bench import DAY, DrainBench

EVENTS = 200
HOUR = DAY / 24


class Weeks:
    """One destination under control, an hour at a time; SQS forgets at fourteen days."""

    def __init__(self) -> None:
        self.destination = ScriptedDestination()
        self.bench = bench = DrainBench(self.destination)
        self.mappings = MemoryMappings()
        self.orders: list[DrainOrder] = []
        deployed = Deployed(
            queues={Lane.NORMAL: "queue"}, mapping_ids={Lane.NORMAL: "id"}, function="to-crm"
        )
        self.control = Control(
            Ports(
                deployed=lambda: {"crm": deployed},
                states=bench.states,
                mappings=self.mappings,
                drains=bench.store,
                start=self._start,
                depth=lambda _: bench.waiting,
                telemetry=bench.telemetry,
                clock=bench.clock,
            )
        )
        self.sent: dict[int, float] = {}
        self.ended: dict[int, float] = {}

    def _start(self, function: str, order: DrainOrder) -> None:
        assert function == "to-crm"
        self.orders.append(order)
        self.bench.drain(**order.model_dump())

    def send(self, *numbers: int) -> None:
        self.bench.fill(*numbers)
        self.sent |= dict.fromkeys(numbers, self.bench.clock())

    def pass_hours(self, hours: int, each: Callable[[], None] = lambda: None) -> None:
        for _ in range(hours):
            each()
            self.control.run()
            self.mappings.settle()
            self._see()
            self.bench.clock.forward(HOUR)

    def _see(self) -> None:
        now = self.bench.clock()
        ids = {entry.event_id for entry in self.bench.ledger.entries.values()}
        for number in self.sent.keys() - self.ended.keys():
            if self.bench.event_id(number) in ids:
                self.ended[number] = now
            else:
                assert now - self.sent[number] < 14 * DAY, "SQS has forgotten it"


@pytest.mark.parametrize("off", ["paused", "down"])
def test_off_for_fifteen_days_everything_is_a_dead_letter_and_nothing_is_lost(off: str) -> None:
    weeks = Weeks()
    bench = weeks.bench
    weeks.send(*range(EVENTS))

    def stay_off() -> None:
        """A pause stays; an outage is prolonged by each probe."""
        bench.change(change)

    def change(state: DestinationState) -> DestinationState | None:
        now = bench.clock()
        return paused(state, now, "ann") if off == "paused" else opened(state, now, "503")

    weeks.pass_hours(5 * 24, stay_off)
    weeks.send(*range(EVENTS, EVENTS + 20))
    weeks.pass_hours(10 * 24, stay_off)

    assert set(weeks.ended) == set(range(EVENTS))
    assert all(12 * DAY <= weeks.ended[n] - weeks.sent[n] < 13.1 * DAY for n in weeks.ended)
    entries = [bench.entry(number) for number in range(EVENTS)]
    assert {(entry.state, entry.reason) for entry in entries} == {
        (State.DEAD, "waited 12 days in the queue")
    }
    dead = [json.loads(message.body) for message in bench.dead_letters.taken]
    numbers = [one["envelope"]["event"]["data"]["number"] for one in dead]
    assert sorted(numbers) == list(range(EVENTS)), "each whole, and once"
    assert bench.waiting == 20, "what came later waits on"
    assert weeks.destination.sent == []
    assert {order.kind for order in weeks.orders} == {Drain.EXPIRE}
    assert len(weeks.orders) <= 15, "once a day"


def test_what_there_was_no_time_for_is_ended_by_the_drains_after_it() -> None:
    weeks = Weeks()
    bench = weeks.bench
    weeks.send(*range(EVENTS))
    bench.change(lambda state: paused(state, bench.clock(), "ann"))
    weeks.pass_hours(12 * 24)

    def slow(*_: object) -> None:
        bench.remaining -= 1

    def another() -> None:
        bench.remaining = 60.0

    bench.ledger.before_put = slow
    before = len(weeks.orders)
    weeks.pass_hours(24, another)
    assert set(weeks.ended) == set(range(EVENTS))
    assert len(weeks.orders) - before >= EVENTS / 48, "48 seconds are four fifths of a minute"
