"""What is polled when, and what one look at the destinations leaves behind."""

import json

import pytest

from functions.control_destinations.control import Control, Ports
from functions.control_destinations.decision import (
    AHEAD_SECONDS,
    Deployed,
    is_polled,
    next_drain,
    wanted,
)
from functions.control_destinations.wiring import read_deployed
from switchboard.breaker import Breaker, DestinationState, opened, paused, probing, resumed
from switchboard.destination import Lane, Mode
from switchboard.drain import Drain, Drained, DrainOrder
from switchboard.errors import Unavailable
from switchboard.gate import change_state
from switchboard.testing.draining import MemoryDrains
from switchboard.testing.polling import MemoryMappings
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    MemoryParameters,
    RecordingTelemetry,
)

NOW = 1_790_000_000.0


def destination(name: str, *lanes: Lane) -> Deployed:
    return Deployed(
        queues={lane: f"https://sqs/{name}-{lane}.fifo" for lane in lanes or (Lane.NORMAL,)},
        mapping_ids={lane: f"mapping-{name}-{lane}" for lane in lanes or (Lane.NORMAL,)},
        function=f"to-{name}",
    )


class Scene:
    def __init__(self, **deployed: Deployed) -> None:
        self.clock = Clock(NOW)
        self.states = MemoryStates()
        self.mappings = MemoryMappings()
        self.drains = MemoryDrains()
        self.started: list[tuple[str, DrainOrder]] = []
        self.telemetry = RecordingTelemetry()
        self.depths: dict[str, int] = {}
        self.deployed = deployed
        self.control = Control(
            Ports(
                deployed=lambda: self.deployed,
                states=self.states,
                mappings=self.mappings,
                drains=self.drains,
                start=lambda name, order: self.started.append((name, order)),
                depth=lambda url: self.depths.get(url, 0),
                telemetry=self.telemetry,
                clock=self.clock,
            )
        )


@pytest.mark.parametrize(
    ("state", "polled"),
    [
        (DestinationState(), True),
        (DestinationState(paused=True, paused_at=NOW), False),
        (DestinationState(not_before=NOW + 3600), True),
        (DestinationState(breaker=Breaker.OPEN, opened_at=NOW - 299, until=NOW + 200), True),
        (DestinationState(breaker=Breaker.OPEN, opened_at=NOW - 300, until=NOW + 200), False),
        (DestinationState(breaker=Breaker.OPEN, opened_at=NOW - 999, until=NOW + 90), True),
        (DestinationState(breaker=Breaker.OPEN, opened_at=NOW - 999, until=NOW - 50), True),
        (DestinationState(breaker=Breaker.HALF_OPEN, opened_at=NOW - 999, until=NOW + 50), True),
        (
            DestinationState(
                paused=True, breaker=Breaker.HALF_OPEN, opened_at=NOW - 999, until=NOW + 50
            ),
            False,
        ),
    ],
)
def test_what_is_polled(state: DestinationState, *, polled: bool) -> None:
    assert is_polled(Mode.ORDERED, state, NOW) is polled
    assert is_polled(Mode.BATCHED, state, NOW) is polled
    # Its schedule drains it, whatever its state is.
    assert not is_polled(Mode.SCHEDULED, state, NOW)


def test_every_lane_of_a_paused_destination_is_off_and_no_other() -> None:
    scene = Scene(crm=destination("crm", Lane.NORMAL, Lane.URGENT), pager=destination("pager"))
    change_state(scene.states, "crm", lambda state: paused(state, NOW, "ann"))
    assert scene.control.run() == {"crm": False, "pager": True}
    assert scene.mappings.enabled == {"mapping-crm-normal": False, "mapping-crm-urgent": False}
    scene.mappings.settle()
    change_state(scene.states, "crm", lambda state: resumed(state, NOW))
    scene.control.run()
    assert scene.mappings.enabled == {"mapping-crm-normal": True, "mapping-crm-urgent": True}
    assert scene.telemetry.counts["switched", "crm"] == 4


def test_what_is_changing_is_left_for_the_next_minute() -> None:
    scene = Scene(crm=destination("crm"))
    scene.control.run()
    change_state(scene.states, "crm", lambda state: paused(state, NOW, "ann"))
    scene.mappings.changing.add("mapping-crm-normal")
    scene.control.run()
    scene.mappings.settle()
    scene.mappings.conflicts.add("mapping-crm-normal")
    scene.control.run()
    assert scene.mappings.enabled == {}
    scene.mappings.settle()
    scene.control.run()
    assert scene.mappings.enabled == {"mapping-crm-normal": False}


def test_a_mapping_that_a_deploy_switched_on_is_off_a_minute_later() -> None:
    scene = Scene(crm=destination("crm"))
    change_state(scene.states, "crm", lambda state: paused(state, NOW, "ann"))
    scene.control.run()
    scene.mappings.settle()
    scene.mappings.enabled["mapping-crm-normal"] = True
    scene.control.run()
    assert scene.mappings.enabled == {"mapping-crm-normal": False}


def test_an_outage_of_hours_is_polled_around_each_probe_and_never_misses_one() -> None:
    scene = Scene(crm=destination("crm"))
    state = opened(DestinationState(), NOW, "503")
    polled = []
    while scene.clock() < NOW + 4 * 3600:
        if scene.clock() >= state.until:
            # The probe finds its mapping on, for a minute at least.
            assert scene.mappings.enabled.get("mapping-crm-normal", True)
            state = opened(probing(state, scene.clock(), "me", 50), scene.clock(), "503")
        scene.states.states["crm"] = state
        scene.control.run()
        scene.mappings.settle()
        polled.append(scene.mappings.enabled.get("mapping-crm-normal", True))
        scene.clock.forward(60)
    assert all(polled[:5])
    assert 0.05 < sum(polled[60:]) / len(polled[60:]) < 0.25
    assert AHEAD_SECONDS > 60


def test_each_minute_has_its_numbers() -> None:
    scene = Scene(crm=destination("crm", Lane.NORMAL, Lane.URGENT), pager=destination("pager"))
    scene.states.states["crm"] = opened(DestinationState(), NOW, "503")
    change_state(scene.states, "pager", lambda state: paused(state, NOW, "ann"))
    scene.depths = {"https://sqs/crm-normal.fifo": 7, "https://sqs/crm-urgent.fifo": 3}
    scene.control.run()
    assert scene.telemetry.counts["breaker_open", "crm"] == 1
    assert scene.telemetry.counts["waiting", "crm"] == 10
    assert scene.telemetry.counts["paused", "crm"] == 0
    assert scene.telemetry.counts["paused", "pager"] == 1
    assert scene.telemetry.counts["waiting", "pager"] == 0


def test_what_cannot_be_read_or_switched_stops_no_other() -> None:
    scene = Scene(crm=destination("crm"))
    scene.states.failure = Unavailable("throttled")
    scene.mappings.failure = Unavailable("throttled")
    assert scene.control.run() == {"crm": True}
    assert len(scene.telemetry.warnings) == 2


def test_the_decision_is_in_the_order_of_names_and_lanes() -> None:
    deployed = {"b": destination("b"), "a": destination("a", Lane.URGENT, Lane.NORMAL)}
    assert [(one.destination, one.mapping_ids) for one in wanted(deployed, {}, NOW)] == [
        ("a", ("mapping-a-normal", "mapping-a-urgent")),
        ("b", ("mapping-b-normal",)),
    ]


def test_a_broken_deployment_parameter_is_told_and_passed_over() -> None:
    telemetry = RecordingTelemetry()
    good = {"kind": "s3", "queues": {"normal": "url"}, "mapping_ids": {"normal": "id"}}
    parameters = MemoryParameters()
    parameters.set("deployment/destinations/crm", "{}")
    parameters.set("deployment/destinations/lake", json.dumps(good))
    assert list(read_deployed(parameters, telemetry)) == ["lake"]
    assert telemetry.warnings[0][1] == {"destination": "crm"}


DAY = 24 * 3600.0
CLOSED = DestinationState()
PAUSED = DestinationState(paused=True, paused_at=NOW - 3600)
DOWN = DestinationState(breaker=Breaker.OPEN, opened_at=NOW - 3600, until=NOW + 500)


def rest_of(kind: Drain, ago: float = 60.0) -> Drained:
    order = DrainOrder(kind=kind, by="ana", why="stale", seconds=40)
    return Drained(order=order, done=9, rest=True, at=NOW - ago)


@pytest.mark.parametrize(
    ("mode", "state", "last", "due"),
    [
        (Mode.SCHEDULED, CLOSED, rest_of(Drain.DELIVER), True),
        (Mode.SCHEDULED, PAUSED, rest_of(Drain.DELIVER), False),
        (Mode.SCHEDULED, DOWN, rest_of(Drain.DELIVER), False),
        (Mode.SCHEDULED, PAUSED, rest_of(Drain.DISCARD), True),
        (Mode.SCHEDULED, CLOSED, rest_of(Drain.REDIRECT), True),
        (Mode.ORDERED, PAUSED, rest_of(Drain.DELIVER), False),
        (Mode.ORDERED, PAUSED, rest_of(Drain.DISCARD), True),
        (Mode.BATCHED, DOWN, rest_of(Drain.REDIRECT), True),
        # It was resumed since, and paused again: what came meanwhile was never spoken of.
        (Mode.ORDERED, PAUSED, rest_of(Drain.DISCARD, 3601), False),
        (Mode.ORDERED, DOWN, rest_of(Drain.REDIRECT, 3601), False),
        (Mode.ORDERED, PAUSED, rest_of(Drain.EXPIRE), True),
    ],
)
def test_whose_rest_is_drained(
    mode: Mode, state: DestinationState, last: Drained, *, due: bool
) -> None:
    order = last.order.model_copy(update={"seconds": None})
    assert next_drain(mode, state, last, 5, NOW) == (order if due else None)
    ended = last.model_copy(update={"rest": False})
    assert next_drain(mode, state, ended, 5, NOW) is None


@pytest.mark.parametrize("mode", [Mode.ORDERED, Mode.BATCHED])
def test_who_is_not_polled_for_a_day_is_looked_through_once_a_day(mode: Mode) -> None:
    def kind(state: DestinationState, last: Drained | None, waiting: int = 1) -> Drain | None:
        order = next_drain(mode, state, last, waiting, NOW)
        return order.kind if order else None

    long_paused = DestinationState(paused=True, paused_at=NOW - DAY)
    long_down = DestinationState(breaker=Breaker.OPEN, opened_at=NOW - DAY, until=NOW + 900)
    looked = Drained(order=DrainOrder(kind=Drain.EXPIRE))
    for state in (long_paused, long_down):
        assert kind(state, None) is Drain.EXPIRE
        assert kind(state, None, waiting=0) is None
        assert kind(state, looked.model_copy(update={"at": NOW - DAY + 1})) is None
        assert kind(state, looked.model_copy(update={"at": NOW - DAY})) is Drain.EXPIRE
    assert kind(PAUSED, None) is None
    assert kind(PAUSED, looked.model_copy(update={"at": NOW - DAY})) is Drain.EXPIRE
    assert next_drain(Mode.SCHEDULED, long_paused, None, 1, NOW) is None


def test_a_drain_is_started_only_where_nobody_polls_any_more() -> None:
    scene = Scene(crm=destination("crm", Lane.NORMAL, Lane.URGENT), pager=destination("pager"))
    change_state(scene.states, "crm", lambda state: paused(state, NOW, "ann"))
    for name in ("crm", "pager"):
        scene.drains.record(name, rest_of(Drain.DISCARD, ago=-1))
    scene.control.run()
    assert scene.started == [], "its mappings were on until now"
    scene.control.run()
    assert scene.started == [], "they are changing"
    scene.mappings.settle()
    scene.mappings.enabled["mapping-crm-urgent"] = True
    scene.control.run()
    assert scene.started == [], "one of them was switched on"
    scene.mappings.settle()
    scene.control.run()
    wanted = DrainOrder(kind=Drain.DISCARD, by="ana", why="stale")
    assert scene.started == [("to-crm", wanted)]
    assert scene.telemetry.counts["drain_started", "crm"] == 1


def test_a_drain_that_cannot_be_started_stops_no_other() -> None:
    scene = Scene(crm=destination("crm"), pager=destination("pager"))
    for name in ("crm", "pager"):
        change_state(scene.states, name, lambda state: paused(state, NOW, "ann"))
    scene.control.run()
    scene.mappings.settle()
    scene.drains.failure = Unavailable("throttled")
    scene.control.run()
    told = [message for message, _ in scene.telemetry.warnings]
    assert told == ["a drain could not be started"] * 2


def test_a_stack_of_the_version_before_starts_no_drain() -> None:
    before = destination("crm").model_copy(update={"function": ""})
    scene = Scene(crm=before)
    change_state(scene.states, "crm", lambda state: paused(state, NOW, "ann"))
    scene.drains.record("crm", rest_of(Drain.DISCARD, ago=-1))
    scene.control.run()
    scene.mappings.settle()
    scene.control.run()
    assert scene.started == []
