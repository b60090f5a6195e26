"""8x8's legacy Streaming API: the events of Event Streaming, on another way.

https://developer.8x8.com/actions-events/docs/legacy-streaming-api-overview. The bodies are those of
the stream, so they become the same events by the same rules: of one tenant, an event that is read
on both ways has the same `sourceeventid` where its `msgInfo` is complete. Its `id` differs, for
that holds the source's name.
"""

from switchboard.errors import EventError
from switchboard.sources.kind import SourceKind
from switchboard.sources.payloads import read_object
from switchboard.sources.sapi_document import SapiDocument
from switchboard.sources.stream import normalise

HEARTBEAT = "clientcheck"


def is_heartbeat(payload: bytes) -> bool:
    """Whether a payload only says that the connection lives: `{"ClientCheck": …}`."""
    if HEARTBEAT.encode() not in payload.lower():
        return False
    try:
        found = read_object(payload)
    except EventError:
        return False
    return [key.lower() for key in found] == [HEARTBEAT]


KIND = SourceKind(
    kind="sapi",
    summary="8x8's legacy Streaming API: Contact Center's events, until they come by `stream`.",
    documentation="https://developer.8x8.com/actions-events/docs/legacy-streaming-api-overview",
    document=SapiDocument,
    secret_fields=("username", "token"),
    normalise=normalise,
)
