"""How a source is read, by what its document says: pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.stream_reader.checkpoint import Checkpoint, first_checkpoint
from functions.stream_reader.endpoint import place_name
from functions.stream_reader.topic_session import Surroundings, TopicSession
from switchboard.sources.stream_document import Place, StreamDocument


@dataclass(frozen=True, slots=True)
class PlaceToRead:
    """One place: what it is called, where a first start begins, and how its session is made."""

    name: str
    first: Callable[[float], Checkpoint]
    session: Callable[[Checkpoint, Surroundings], TopicSession]


@dataclass(frozen=True, slots=True)
class Plan:
    """`leased`: only one task reads at a time, and its progress is kept in our checkpoints.

    `marks`: the low-water marks are ours (a consumer's are the server's). `old_after`: the age in
    seconds from which events are late and go to bulk; None: none do. `suspects`: another task may
    have sent events to bulk before each connection.
    """

    places: Sequence[PlaceToRead]
    leased: bool
    marks: bool
    old_after: float | None
    suspects: bool


def plan_of(document: StreamDocument) -> Plan:
    """The plan of a stream.

    Key_Shared and Shared hand a group's events to whichever task there is at the moment, so that
    none knows what of it another sent to bulk: all of theirs are live.
    """
    is_reader = document.mode == "reader"
    kind = document.subscription_type
    split = not is_reader and kind in {"Shared", "Key_Shared"}
    return Plan(
        places=[_place(document, place) for place in document.places],
        leased=is_reader or kind == "Exclusive",
        marks=is_reader,
        old_after=None if split else document.catch_up_seconds,
        suspects=not is_reader and kind == "Failover",
    )


def _place(document: StreamDocument, place: Place) -> PlaceToRead:
    return PlaceToRead(
        name=place_name(document, place),
        first=lambda now: first_checkpoint(document.start, now),
        session=lambda kept, around: TopicSession(place, kept, around),
    )
