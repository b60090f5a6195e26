"""The event that a source makes of a payload, made at the desk: no signature is looked at."""

from collections.abc import Mapping
from datetime import datetime

from desk.records.rules import rule_of
from switchboard.configuration import parse_document
from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError
from switchboard.event import utc_text
from switchboard.sources import KINDS, WEBHOOK_KINDS, Received, Request, normalised
from switchboard.sources.stream import stream_event


def received(
    source: str, kind: str, payload: str, documents: Mapping[str, str], now: datetime
) -> Received:
    """The canonical event, and its group, of the payload that `source` would send now.

    Raises:
        ConfigurationError: the source has no document, or one that is broken.
        EventError: the payload has a shape of which nothing can be made.
    """
    name, body = f"sources/{source}", payload.encode()
    text = documents.get(name)
    if text is None:
        raise ConfigurationError(f"{name} is not configured; write its document")
    document = parse_document(KINDS[kind].document, name, text)
    if kind in WEBHOOK_KINDS:
        request = Request((), body)
        found = WEBHOOK_KINDS[kind].receive(source, request, document, None, now.timestamp())
    else:
        found = stream_event(source, body, now)
    raw = Raw(kind=kind, body=payload, received_at=utc_text(now))
    tenant = rule_of(source, documents).tenant
    return Received(normalised(found.event, raw, tenant), found.group)
