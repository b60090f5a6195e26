"""What each destination would do with one event, as its documents stand. Nothing is sent.

Pure but for what makes a destination, which may read its secret.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from desk.timeline.predicate import Part, parts, takes
from switchboard.configuration import parse_document
from switchboard.delivery import delivery_key
from switchboard.destination import (
    Delivery,
    Destination,
    DestinationDocument,
    DestinationSpec,
    Lane,
)
from switchboard.destination_documents import (
    compile_mapping_document,
    whole_event,
)
from switchboard.envelope import RawRef
from switchboard.errors import ConfigurationError, EventError, SwitchboardError
from switchboard.event import Event, as_document
from switchboard.gathering import Gather
from switchboard.mapping.calls import Key
from switchboard.routing import Predicates, compile_route
from switchboard.withholding import check_destination, policy_in


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed destination; `make` makes it from its document."""

    name: str
    spec: DestinationSpec
    lanes: frozenset[Lane]
    make: Callable[[DestinationDocument], Destination]
    key: Key


@dataclass(frozen=True, slots=True)
class Explained:
    """One destination's answer. `problem` says what came between the event and its request."""

    destination: str
    taken: bool
    why: str
    parts: Sequence[Part] = ()
    lane: Lane | None = None
    mapping: str | None = None
    output: Mapping[str, Any] | None = None
    request: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Explaining:
    """An event and its group, the documents, and what expressions are given beside the event.

    `raw_ref` is where its payload is, if it is at hand.
    """

    event: Event
    group: str
    documents: Mapping[str, str]
    gather: Gather
    raw_ref: RawRef | None = None


def explain(asked: Explaining, deployed: Iterable[Deployed]) -> Sequence[Explained]:
    """The answer of each deployed destination."""
    return [_explained(asked, one) for one in deployed]


def _explained(asked: Explaining, one: Deployed) -> Explained:
    event, documents = asked.event, asked.documents
    text = documents.get(f"destinations/{one.name}")
    if text is None:
        return Explained(one.name, False, "it is deployed, and not configured")
    seen = as_document(event)
    try:
        predicates = compile_route(text, one.name)
        taken = takes(predicates.when.text, seen, asked.gather)
    except ConfigurationError as error:
        return Explained(one.name, False, f"its document is broken: {error}")
    except EventError as error:
        return Explained(one.name, False, f"its predicate cannot say: {error}")
    judged = parts(predicates.when.text, seen, asked.gather)
    if not taken:
        return Explained(one.name, False, "its `when` is not true of the event", judged)
    lane, problem = _lane(predicates, one, seen, asked.gather)
    answer = Explained(one.name, True, "its `when` is true of the event", judged, lane)
    return _sent(replace(answer, problem=problem), asked, one)


def _lane(
    predicates: Predicates, one: Deployed, seen: dict[str, Any], gather: Gather
) -> tuple[Lane, str]:
    if predicates.urgent_when is None or Lane.URGENT not in one.lanes:
        return Lane.NORMAL, ""
    try:
        is_urgent = takes(predicates.urgent_when.text, seen, gather)
    except EventError as error:
        return Lane.NORMAL, f"nobody can say whether it is urgent: {error}"
    return (Lane.URGENT if is_urgent else Lane.NORMAL), ""


def _sent(answer: Explained, asked: Explaining, one: Deployed) -> Explained:
    """`answer` with what is mapped and requested, as far as it comes."""
    documents = asked.documents
    name = f"destinations/{one.name}"
    try:
        document = parse_document(one.spec.document, name, documents[name])
        answer = replace(answer, mapping=document.mapping)
        answer = replace(answer, output=_output(asked, document, one))
        request = one.make(document).check(_delivery(asked, one, answer.output or {}))
    except SwitchboardError as error:
        return replace(answer, problem="; ".join(filter(None, [answer.problem, str(error)])))
    return replace(answer, request=_shown(request))


def _output(asked: Explaining, document: DestinationDocument, one: Deployed) -> Mapping[str, Any]:
    name, policy = f"destinations/{one.name}", policy_in(asked.documents)
    if document.mapping is None:
        check_destination(name, document, None, policy)
        return whole_event(asked.event)
    mapping_name = f"mappings/{document.mapping}"
    text = asked.documents.get(mapping_name)
    if text is None:
        raise ConfigurationError(f"{mapping_name} is not configured")
    mapping = compile_mapping_document(mapping_name, text, key=one.key)
    check_destination(name, document, mapping, policy)
    given = asked.gather(mapping.asking, as_document(asked.event), asked.raw_ref)
    return mapping.apply(asked.event, given)


def _delivery(asked: Explaining, one: Deployed, output: Mapping[str, Any]) -> Delivery:
    key = delivery_key(asked.event.id, one.name, 0)
    return Delivery(asked.event, asked.group, one.name, key, attempt=1, output=output)


def _shown(request: bytes) -> str:
    """A request's body as a person reads it."""
    text = request.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
