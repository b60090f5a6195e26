"""What the webhooks of 8x8 Connect have in common: envelope, ids, order and times.

https://developer.8x8.com/connect/docs/webhook-object-structure. A message's `umid` is the group of
whatever happens to it; one message has many receipts, so a receipt's id holds its status as well.
A body that cannot be read is taken all the same, and becomes a dead letter that says why: Connect
tries four times within two minutes, and then it would be gone.
"""

from collections.abc import Mapping
from typing import Any

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.sources.connect_data import RECEIPT, SURVEY, business_data, message_data
from switchboard.sources.kind import Received, Request, WebhookDocument
from switchboard.sources.payloads import (
    identifier,
    json_type,
    kept_id,
    read_object,
    read_time,
    read_time_or,
    weak_id,
)
from switchboard.sources.region import REGION, Region
from switchboard.sources.rules import named_event, ordered, signed_time
from switchboard.sources.stream_fields import inside, text
from switchboard.sources.stream_types import unknown_type
from switchboard.sources.tenant import UNSAID, Tenant

BUSINESS = "whatsapp."
"""Before the types of business accounts, which tell of no message."""

Types = Mapping[str, str]
"""Canonical types by 8x8's `eventType`."""


class ConnectDocument(WebhookDocument):
    """Document of a source of 8x8 Connect."""

    region: Region = REGION


def receive(
    types: Types, source: str, request: Request, document: Any, signed_at: float | None, now: float
) -> Received:
    """Name and order the event of a product with these types; what cannot be read is left to later.

    Raises:
        EventError: the body is no UTF-8, and could not even be kept.
    """
    del document
    body = _kept(request.body)
    try:
        payload = _read(body)
    except EventError:
        payload = {}
    name, fields = _opened(payload)
    umid, account = identifier(fields.get("umid")), identifier(fields.get("businessAccountId"))
    subject = umid or account
    event = named_event(
        source,
        _own_id(types, name, fields),
        lambda: weak_id(request.body, signed_at),
        type=_canonical_type(types, name),
        subject=None if subject is None else kept_id(subject),
        time=read_time_or(_written_time(fields), signed_time(signed_at, now)),
    )
    return ordered(event, umid)


def normalise(
    types: Types, media: str | None, event: Event, raw: Raw, tenant: Tenant = UNSAID
) -> Event:
    """The canonical event of a product with these types; `media` where a message names none."""
    payload = _read(raw.body)
    name, fields = _opened(payload)
    canonical = _canonical_type(types, name)
    changed: dict[str, Any] = {"type": canonical}
    if name not in types:
        changed["data"] = message_data(name, fields, payload, media, tenant.region)
        return event.model_copy(update=changed)
    if not isinstance(payload.get("payload", {}), dict):
        raise EventError(
            f"normalising payload: it is {json_type(payload['payload'])}, not an object"
        )
    if (written := _written_time(fields)) is not None:
        changed["time"] = read_time(written, "the event's time")
    if canonical.startswith(BUSINESS):
        changed["data"] = business_data(name, fields)
    else:
        changed["data"] = message_data(name, fields, fields, media, tenant.region)
    return event.model_copy(update=changed)


def _kept(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise EventError("reading the body: it is not UTF-8") from None


def _read(body: str) -> dict[str, Any]:
    if body.lstrip("\ufeff \t\r\n").startswith("<"):
        raise EventError(
            "reading the body: it is XML, not JSON; ask 8x8's support to send this webhook as JSON"
        )
    return read_object(body)


def _opened(payload: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """8x8's name, and the fields: in `payload`, or beside the name where there is none."""
    written = payload.get("eventType")
    name = written if isinstance(written, str) else ""
    if not name and "surveyId" in payload:
        name = SURVEY
    return name, inside(payload, "payload") if "payload" in payload else payload


def _canonical_type(types: Types, name: str) -> str:
    return types.get(name) or unknown_type(name)


def _own_id(types: Types, name: str, fields: Mapping[str, Any]) -> str | None:
    """What 8x8's pages have to tell two events apart; None where a part of it is missing."""
    if (own := identifier(fields.get("eventId"))) is not None:
        return own
    umid = identifier(fields.get("umid"))
    if umid is None or name not in types:
        return None
    if name == RECEIPT:
        status = inside(fields, "status")
        state, at = text(status.get("state")), text(status.get("timestamp"))
        if not state or not at:
            return None
        return "/".join((umid, name, state, text(status.get("detail")) or "", at))
    if name == SURVEY:
        return "/".join((umid, name, text(fields.get("surveySubmittedAt")) or ""))
    return f"{umid}/{name}"


def _written_time(fields: Mapping[str, Any]) -> Any:
    """The time that the event says; a receipt's is that of its status."""
    status = inside(fields, "status").get("timestamp")
    others = (fields.get(key) for key in ("timestamp", "occurredAt", "surveySubmittedAt"))
    return next((found for found in (status, *others) if found is not None), None)
