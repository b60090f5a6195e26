"""The canonical event: one fact, as a CloudEvents 1.0 event.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

import hashlib
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

_QUEUE_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,128}")


OWN_SOURCE = "switchboard"
"""The source of facts that Switchboard itself tells."""

EventKey: TypeAlias = tuple[str, str]
"""An event's group, as its envelope has it, and its id."""


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: sorts as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_milliseconds(moment: datetime) -> datetime:
    """A moment as it travels: so an event read back from a queue equals the one written."""
    whole = moment.microsecond // 1000 * 1000
    return moment.replace(microsecond=whole).astimezone(UTC)


UtcTime = Annotated[
    AwareDatetime,
    AfterValidator(utc_milliseconds),
    PlainSerializer(utc_text, return_type=str),
]


class Event(BaseModel):
    """A CloudEvent. `id` is unique over all sources; `sourceeventid` is the sender's own id.

    `data` is None from the edge to `route_events`, which normalises the raw payload into it.
    `weakid` marks an id that had to be made from the payload: two equal payloads are one event.
    `sequence` orders events of one source that share a millisecond (0 where a source has none).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: str = Field(default="1.0", pattern="^1\\.0$")
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    source: str
    type: str
    subject: str | None = None
    time: UtcTime
    datacontenttype: str = "application/json"
    data: Any = None
    sourceeventid: str
    weakid: bool = False
    sequence: int = 0


def as_document(event: Event) -> dict[str, Any]:
    """The event as expressions see it: its JSON, without a copy of `data`, which stays as it is."""
    return {
        "specversion": event.specversion,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": utc_text(event.time),
        "datacontenttype": event.datacontenttype,
        "data": event.data,
        "sourceeventid": event.sourceeventid,
        "weakid": event.weakid,
        "sequence": event.sequence,
    }


def digest(*parts: str) -> str:
    """A stable id of `parts` (40 hex digits); total over any text, lone surrogates included."""
    hashed = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "big"))
        hashed.update(encoded)
    return hashed.hexdigest()[:40]


def event_id(source: str, source_event_id: str) -> str:
    """The canonical id of what `source` calls `source_event_id`: two sources never collide."""
    return digest(source, source_event_id)


def queue_safe(text: str) -> str:
    """`text` where SQS takes it as a group or deduplication id, else its hash."""
    return text if _QUEUE_SAFE.fullmatch(text) else "hash:" + digest(text)


def group_of(
    event_id: str,
    time: datetime,
    *,
    interaction: str | None = None,
    agent: str | None = None,
    queue: str | None = None,
) -> str:
    """The ordering key: the interaction, else the agent on one UTC day, else the event alone.

    The figures of a queue are in order like those of an agent.
    """
    if interaction:
        return queue_safe(f"interaction:{interaction}")
    if agent:
        return queue_safe(f"agent:{agent}:{time.astimezone(UTC):%Y-%m-%d}")
    if queue:
        return queue_safe(f"queue:{queue}:{time.astimezone(UTC):%Y-%m-%d}")
    return queue_safe(f"event:{event_id}")
