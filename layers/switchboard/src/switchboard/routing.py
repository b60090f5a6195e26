"""Which destinations take an event, and in which lane: pure functions of documents and event."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from switchboard.destination import DestinationDocument, Lane
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.mapping import Expression, compile_expression


class RouteDocument(BaseModel):
    """What the router reads of a destination's document: `when`, and nothing of the kind's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    when: str = str(DestinationDocument.model_fields["when"].default)


@dataclass(frozen=True, slots=True)
class Route:
    """A destination as the router sees it. `version` is its document's."""

    destination: str
    when: Expression
    version: int


class Choice(BaseModel):
    """A destination that was chosen for an event, as recorded with the event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    lane: Lane = Lane.NORMAL
    version: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """A destination whose predicate cannot be evaluated on this event, and why."""

    destination: str
    error: EventError


def compile_route(text: str, name: str) -> Expression:
    """The predicate of a destination document's text; raises ConfigurationError."""
    from switchboard.configuration import parse_document

    document = parse_document(RouteDocument, f"destinations/{name}", text)
    return compile_expression(document.when)


def choose(event: Event, routes: Iterable[Route]) -> tuple[Sequence[Choice], Sequence[Undecided]]:
    """The destinations that take `event`; those that cannot decide are named, with the reason."""
    seen = event.model_dump(mode="json")
    choices: list[Choice] = []
    undecided: list[Undecided] = []
    for route in routes:
        try:
            taken = is_true(route.when.evaluate(seen))
        except EventError as error:
            undecided.append(Undecided(route.destination, error))
            continue
        if taken:
            choices.append(Choice(name=route.destination, version=route.version))
    return choices, undecided


def is_true(value: Any) -> bool:
    """JMESPath's truth: null, false, and what is empty are false; 0 is true.

    https://jmespath.org/specification.html#or-expressions
    """
    return not (value is None or value is False or value in ("", [], {}))
