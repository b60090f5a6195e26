"""From a frame to the message that goes to SQS. Pure but for what it counts.

Whatever a frame holds, something is made of it that can be sent on: what cannot be decoded travels
raw, as an event of its own type. Nothing here stalls the stream.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from functions.stream_reader.frames import MessageFrame
from functions.stream_reader.gaps import Gap
from functions.stream_reader.measures import Measures
from functions.stream_reader.window import Mark
from switchboard.envelope import Envelope, Raw
from switchboard.event import Event, utc_text
from switchboard.sources.kind import Received
from switchboard.sources.stream import KIND, gap, stream_event, undecodable


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
    """What arrives at one place of a source. `place` is "host/tenant/namespace/topic"."""

    def __init__(self, source: str, place: str, measures: Measures) -> None:
        self._source = source
        self._place = place
        self._measures = measures

    def message(self, frame: MessageFrame, data: bytes, now: float) -> Arrived:
        """The event of a frame; `data` is the frame as it came."""
        arrived = datetime.fromtimestamp(now, UTC)
        why = frame.trouble
        if frame.payload is not None:
            try:
                published = _moment(frame.published, arrived)
                received = stream_event(self._source, frame.payload, published)
                body = frame.payload.decode("utf-8")
            except Exception as error:  # noqa: BLE001 - a bug of ours must not stall the stream
                why = f"{type(error).__name__}: {error}"
            else:
                return _arrived(received, body, frame.published, arrived)
        self._measures.event("poison", reason=why[:200])
        received, body = undecodable(
            self._source, data, why, f"{self._place}/{frame.message_id}", arrived
        )
        return _arrived(received, body, frame.published, arrived)

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
        return _arrived(received, body, None, arrived)


def _arrived(
    received: Received, body: str, published: float | None, received_at: datetime
) -> Arrived:
    return Arrived(received.event, received.group, KIND.kind, body, received_at, published)


def _moment(published: float | None, otherwise: datetime) -> datetime:
    return otherwise if published is None else datetime.fromtimestamp(published, UTC)


def _id(mark: Mark | None) -> str | None:
    return None if mark is None else mark.message_id


def _published(mark: Mark | None) -> datetime | None:
    if mark is None or mark.published is None:
        return None
    return datetime.fromtimestamp(mark.published, UTC)
