"""How a source is read, by its kind and what its document says: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.stream_reader.checkpoint import Checkpoint, first_checkpoint
from functions.stream_reader.endpoint import place_name
from functions.stream_reader.sapi_endpoint import subscription_name
from functions.stream_reader.sapi_session import SapiSession
from functions.stream_reader.surroundings import PlaceSession, Surroundings
from functions.stream_reader.topic_session import TopicSession
from switchboard.sources import SourceDocument, SourceKind
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.stream_document import Place, StreamDocument


@dataclass(frozen=True, slots=True)
class PlaceToRead:
    """One place: what it is called, where a first start begins, and how its session is made."""

    name: str
    first: Callable[[float], Checkpoint]
    session: Callable[[Checkpoint, Surroundings], PlaceSession]


@dataclass(frozen=True, slots=True)
class Plan:
    """`leased`: only one task reads at a time, and its progress is kept in our checkpoints.

    `marks`: the low-water marks are ours (a consumer's are the server's). `old_after`: the age in
    seconds from which events are late and go to bulk; None: none do. `suspects`: another task may
    have sent events to bulk before each connection. `secret_fields`: what the secret must hold.
    """

    places: Sequence[PlaceToRead]
    leased: bool
    marks: bool
    old_after: float | None
    suspects: bool
    secret_fields: Sequence[str]


def plan_of(kind: SourceKind, document: SourceDocument) -> Plan:
    """The plan of a source of that kind."""
    if isinstance(document, StreamDocument):
        return _stream(document, kind.secret_fields)
    if isinstance(document, SapiDocument):
        return _sapi(document, kind.secret_fields)
    raise TypeError(f"sources of kind {kind.kind} are not read here")


def _stream(document: StreamDocument, secret_fields: Sequence[str]) -> Plan:
    """The plan of a stream.

    Key_Shared and Shared hand a group's events to whichever task there is at the moment, so that
    none knows what of it another sent to bulk: all of theirs are live.
    """
    is_reader = document.mode == "reader"
    subscription = document.subscription_type
    split = not is_reader and subscription in {"Shared", "Key_Shared"}
    return Plan(
        places=[_place(document, place) for place in document.places],
        leased=is_reader or subscription == "Exclusive",
        marks=is_reader,
        old_after=None if split else document.catch_up_seconds,
        suspects=not is_reader and subscription == "Failover",
        secret_fields=secret_fields,
    )


def _place(document: StreamDocument, place: Place) -> PlaceToRead:
    return PlaceToRead(
        name=place_name(document, place),
        first=lambda now: first_checkpoint(document.start, now),
        session=lambda kept, around: TopicSession(document, place, kept, around),
    )


def _sapi(document: SapiDocument, secret_fields: Sequence[str]) -> Plan:
    """One subscription, one client: 8x8 keeps the place, and we when we were last there."""
    place = PlaceToRead(
        name=subscription_name(document),
        first=lambda now: Checkpoint(alive_at=now),
        session=lambda kept, around: SapiSession(document, kept, around),
    )
    return Plan(
        places=[place],
        leased=True,
        marks=True,
        old_after=document.catch_up_seconds,
        suspects=False,
        secret_fields=secret_fields,
    )
