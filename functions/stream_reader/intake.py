"""From a frame to the message that goes to SQS. Pure but for what it counts.

Whatever a frame holds, something is made of it that can be sent on: what cannot be decoded travels
raw, as an event of its own type. Nothing here stalls the stream.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from functions.stream_reader.frames import MessageFrame
from functions.stream_reader.gaps import Gap
from functions.stream_reader.measures import Measures
from functions.stream_reader.window import Mark
from switchboard.envelope import Envelope, Raw
from switchboard.event import Event, utc_text
from switchboard.sources.kind import Received, SourceKind
from switchboard.sources.stream import gap, stream_event, undecodable


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event that came with its raw payload; the stream `published` it then (epoch seconds)."""

    event: Event
    group: str
    kind: str
    body: str
    received_at: datetime
    published: float | None

    def envelope(self) -> Envelope:
        """What travels."""
        raw = Raw(kind=self.kind, body=self.body, received_at=utc_text(self.received_at))
        return Envelope(event=self.event, group=self.group, raw=raw)


class Intake:
    """What arrives at one place of a source, and is of its `kind`; `place` names it for people."""

    def __init__(self, source: str, kind: SourceKind, place: str, measures: Measures) -> None:
        self._source = source
        self._kind = kind.kind
        self._place = place
        self._measures = measures

    def message(self, frame: MessageFrame, data: bytes, now: float) -> Arrived:
        """The event of a frame; `data` is the frame as it came."""
        arrived = datetime.fromtimestamp(now, UTC)
        trouble = frame.trouble
        if frame.payload is not None:
            moment = _moment(frame.published, arrived)
            try:
                received, body = self._event(frame.payload, moment)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not stall the stream
                trouble = f"{type(error).__name__}: {error}"
            else:
                return self._arrived(received, body, arrived, frame.published)
        received, body = self._undecodable(data, trouble, frame.message_id, arrived)
        return self._arrived(received, body, arrived, frame.published)

    def payload(self, payload: bytes, trouble: str, now: float) -> Arrived:
        """The event of a payload that came by itself: its time is its own, or that of arrival."""
        arrived = datetime.fromtimestamp(now, UTC)
        if not trouble:
            try:
                received, body = self._event(payload, arrived)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not stall the stream
                trouble = f"{type(error).__name__}: {error}"
            else:
                return self._arrived(received, body, arrived, received.event.time.timestamp())
        position = hashlib.sha256(payload).hexdigest()
        received, body = self._undecodable(payload, trouble, position, arrived)
        return self._arrived(received, body, arrived, None)

    def gap(self, found: Gap, now: float) -> Arrived:
        """The event that says what may be missing, so that history can fill it."""
        arrived = datetime.fromtimestamp(now, UTC)
        self._measures.event("gaps", cause=found.cause)
        received, body = gap(
            self._source,
            place=self._place,
            after=_id(found.after),
            until=_id(found.until),
            after_time=_published(found.after),
            until_time=_published(found.until),
            cause=found.cause,
            now=arrived,
        )
        self._measures.warn("events may be missing", place=self._place, gap=body)
        return self._arrived(received, body, arrived, None)

    def _event(self, payload: bytes, otherwise: datetime) -> tuple[Received, str]:
        return stream_event(self._source, payload, otherwise), payload.decode("utf-8")

    def _undecodable(
        self, data: bytes, why: str, position: str, arrived: datetime
    ) -> tuple[Received, str]:
        self._measures.event("poison", reason=why[:200])
        return undecodable(self._source, data, why, f"{self._place}/{position}", arrived)

    def _arrived(
        self, received: Received, body: str, arrived: datetime, published: float | None
    ) -> Arrived:
        return Arrived(received.event, received.group, self._kind, body, arrived, published)


def _moment(published: float | None, otherwise: datetime) -> datetime:
    return otherwise if published is None else datetime.fromtimestamp(published, UTC)


def _id(mark: Mark | None) -> str | None:
    return None if mark is None else mark.message_id


def _published(mark: Mark | None) -> datetime | None:
    if mark is None or mark.published is None:
        return None
    return datetime.fromtimestamp(mark.published, UTC)
