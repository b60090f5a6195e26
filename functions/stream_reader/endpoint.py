"""The addresses and headers of sessions, as 8x8 and Pulsar's WebSocket service take them.

Every segment and value is percent-encoded: the service decodes by the rules of forms, in which a
bare `+` is a space, and one message id in twenty holds one.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from switchboard.sources.stream_document import Place, StreamDocument

READER_NAME = "switchboard"


def place_name(document: StreamDocument, place: Place) -> str:
    """What a place is called wherever it is kept or told: ids of one mean nothing to another."""
    return f"{document.host}/{document.tenant}/{place.name}"


def reader_url(
    document: StreamDocument, place: Place, message_id: str, *, queue_size: int | None = None
) -> str:
    """A reader that goes on after `message_id` (or at `earliest` or `latest`)."""
    size = document.receiver_queue_size if queue_size is None else queue_size
    query = {"messageId": message_id, "receiverQueueSize": str(size), "readerName": READER_NAME}
    return _url(document, "reader", place.name, query)


def consumer_url(document: StreamDocument, place: Place) -> str:
    """A consumer of the document's subscription."""
    query = {
        "subscriptionType": document.subscription_type,
        "subscriptionInitialPosition": document.subscription_start.capitalize(),
        "receiverQueueSize": str(document.receiver_queue_size),
        "consumerName": READER_NAME,
    }
    name = f"{place.name}/{_quoted(document.subscription or '')}"
    return _url(document, "consumer", name, query)


def headers(document: StreamDocument, secret: Mapping[str, str]) -> Mapping[str, str]:
    """The credential, as a header: addresses are written to access logs."""
    key = secret["key"]
    if document.credential == "api_key":
        return {"X-API-Key": key}
    return {"Authorization": f"Bearer {key}"}


def _url(document: StreamDocument, kind: str, name: str, query: Mapping[str, str]) -> str:
    scheme = "wss" if document.tls else "ws"
    path = "/".join(_quoted(segment) for segment in name.split("/")) if kind == "reader" else name
    return (
        f"{scheme}://{document.host}/ws/v2/{kind}/persistent/{_quoted(document.tenant)}/{path}"
        f"?{urlencode(query, quote_via=quote, safe='')}"
    )


def _quoted(segment: str) -> str:
    return quote(segment, safe="")
