"""The router holds what arrives against the shape of its type, and stops for nothing of it."""

from typing import Any

from functions.route_events.router import Router
from switchboard.errors import Unavailable
from switchboard.event import Event
from switchboard.shape import LEARNING, Drift, Known, Shape
from tests.functions.route_events.bench import Bench, arrived

TYPE = "meeting.participant.joined"
LEARNED = Shape(
    seen=LEARNING, paths={"number": Known(kinds=("number",), seen=LEARNING)}, revision=1
)


def knowing() -> Bench:
    bench = Bench()
    bench.shapes.stored["meetings", TYPE] = LEARNED
    return bench


def changed(number: int, **more: Any) -> Any:
    return arrived(
        number, group=f"interaction:{number}", data={"number": number, "mood": 1}, **more
    )


def test_a_new_field_is_found_counted_and_routed_as_ever() -> None:
    bench = knowing()
    assert bench.route(*(changed(number) for number in range(1, 6))) == {}
    (found,) = bench.shapes.stored["meetings", TYPE].findings
    assert (found.drift, found.path, found.example) == (Drift.NEW, "mood", "9")
    assert bench.telemetry.counts["drift", "meetings"] == 1
    assert len(bench.sent("crm")) == 5


def test_an_event_that_comes_again_is_not_observed_again() -> None:
    bench = knowing()
    bench.route(*(changed(number, receive_count=2) for number in range(1, 6)))
    assert bench.shapes.stored["meetings", TYPE] == LEARNED
    assert len(bench.sent("crm")) == 5


def test_a_type_is_known_from_its_first_event() -> None:
    bench = Bench()
    bench.route(arrived(1))
    assert bench.shapes.stored["meetings", TYPE].seen == 1


def test_events_go_on_where_the_shapes_are_away() -> None:
    bench = knowing()
    bench.shapes.failure = Unavailable("away")
    assert bench.route(*(changed(number) for number in range(1, 6))) == {}
    assert len(bench.sent("crm")) == 5


def test_events_go_on_where_watching_has_a_bug() -> None:
    bench = knowing()

    class Broken:
        def observe(self, kind: str, event: Event) -> None:
            raise ZeroDivisionError(f"{kind} {event.id}")

    ports = bench.router._ports
    values = {name: getattr(ports, name) for name in type(ports).__slots__}
    bench.router = Router(type(ports)(**{**values, "drift": Broken()}))
    assert bench.route(changed(1)) == {}
    assert len(bench.sent("crm")) == 1
    assert bench.telemetry.counts["bugs", "route"] == 1
