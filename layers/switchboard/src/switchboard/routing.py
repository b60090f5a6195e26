"""Which destinations take an event, and in which lane: pure functions of documents and event."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from switchboard.destination import DestinationDocument, Lane, LanePer
from switchboard.errors import EventError
from switchboard.event import Event, as_document
from switchboard.mapping import (
    IN_PREDICATES,
    NOTHING,
    Asking,
    Expression,
    Given,
    compile_expression,
)


class RouteDocument(BaseModel):
    """What the router reads of a destination's document, and nothing of the kind's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    when: str = str(DestinationDocument.model_fields["when"].default)
    urgent_when: str | None = None


@dataclass(frozen=True, slots=True)
class Predicates:
    """The predicates of a document, compiled."""

    when: Expression
    urgent_when: Expression | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A destination as the router sees it. `version` is its document's.

    `urgent_when` is None where nothing is urgent, or there is no urgent lane.
    """

    destination: str
    when: Expression
    version: int
    urgent_when: Expression | None = None
    lane_per: LanePer = LanePer.INTERACTION


class Choice(BaseModel):
    """A destination that was chosen for an event, as recorded with the event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    lane: Lane = Lane.NORMAL
    version: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """A destination one of whose predicates cannot be evaluated on this event, and why."""

    destination: str
    error: EventError


@dataclass(frozen=True, slots=True)
class Decision:
    """The destinations that take an event.

    `undecided` cannot say whether they do; `laneless` do, in the normal lane, because they cannot
    say whether it is urgent.
    """

    choices: Sequence[Choice]
    undecided: Sequence[Undecided]
    laneless: Sequence[Undecided]


def compile_route(text: str, name: str) -> Predicates:
    """The predicates of a destination document's text; raises ConfigurationError."""
    from switchboard.configuration import parse_document

    document = parse_document(RouteDocument, f"destinations/{name}", text)
    urgent = document.urgent_when
    return Predicates(
        compile_expression(document.when, IN_PREDICATES),
        None if urgent is None else compile_expression(urgent, IN_PREDICATES),
    )


def asked_by(routes: Iterable[Route]) -> Asking:
    """What the predicates of `routes` ask for beside an event."""
    predicates = [one for route in routes for one in (route.when, route.urgent_when) if one]
    return Asking([program for one in predicates for program in one.asking.programs])


def choose(event: Event, routes: Iterable[Route], given: Given = NOTHING) -> Decision:
    """The destinations that take `event`, each in the lane that the event by itself asks for.

    `given` is what their predicates ask for beside it.
    """
    seen = as_document(event)
    choices: list[Choice] = []
    undecided: list[Undecided] = []
    laneless: list[Undecided] = []
    for route in routes:
        try:
            taken = is_true(route.when.evaluate(seen, given))
        except EventError as error:
            undecided.append(Undecided(route.destination, error))
            continue
        if not taken:
            continue
        lane = Lane.NORMAL
        try:
            if route.urgent_when is not None and is_true(route.urgent_when.evaluate(seen, given)):
                lane = Lane.URGENT
        except EventError as error:
            laneless.append(Undecided(route.destination, error))
        choices.append(Choice(name=route.destination, lane=lane, version=route.version))
    return Decision(choices, undecided, laneless)


def choose_once(routes: Iterable[Route]) -> frozenset[str]:
    """The destinations whose lane is that of the first event of a group."""
    return frozenset(
        route.destination
        for route in routes
        if route.urgent_when is not None and route.lane_per is LanePer.INTERACTION
    )


def keep_lanes(
    choices: Sequence[Choice], once: frozenset[str], lanes: Mapping[str, Lane]
) -> Sequence[Choice]:
    """`choices` with the recorded lanes of those that choose `once` for a group."""
    return [
        choice.model_copy(update={"lane": lanes[choice.name]})
        if choice.name in once and choice.name in lanes
        else choice
        for choice in choices
    ]


def is_true(value: Any) -> bool:
    """JMESPath's truth: null, false, and what is empty are false; 0 is true.

    https://jmespath.org/specification.html#or-expressions
    """
    return not (value is None or value is False or value in ("", [], {}))
