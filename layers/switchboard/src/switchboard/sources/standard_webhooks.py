"""Webhooks that follow Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from pydantic import Field

from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources.kind import Received, Request
from switchboard.sources.payloads import read_object, read_time, read_time_or, weak_id
from switchboard.sources.rules import Rule, found_id, named_event, ordered, safe_type, signed_time
from switchboard.sources.signatures import Doubt, SignatureRefused, base64_key, decoded, epoch
from switchboard.sources.signed import Signed, SignedDocument, SignedKind
from switchboard.sources.tenant import UNSAID, Tenant

PREFIX = "whsec_"


class StandardWebhooksDocument(SignedDocument):
    """Document of a sender that follows Standard Webhooks."""

    group: Rule | None = Field(
        default=None,
        description="JMESPath over the payload: the interaction whose events keep their order.",
    )


def read(request: Request, document: StandardWebhooksDocument) -> Signed:
    """The three headers; of the list in webhook-signature, every `v1`."""
    del document
    message_id = request.header("webhook-id")
    timestamp = request.header("webhook-timestamp")
    candidates = (
        decoded(value, "base64")
        for version, _, value in (
            part.partition(",") for part in request.header("webhook-signature").split()
        )
        if version == "v1"
    )
    signatures = tuple(candidate for candidate in candidates if candidate is not None)
    if not signatures:
        raise SignatureRefused(Doubt.MALFORMED, "verifying: webhook-signature holds no v1,<base64>")
    if not message_id:
        raise SignatureRefused(Doubt.MALFORMED, "verifying: webhook-id is empty")
    before = f"{message_id}.{timestamp}.".encode("utf-8", "surrogatepass")
    return Signed(
        message=before + request.body,
        signatures=signatures,
        at=epoch(timestamp, "webhook-timestamp"),
    )


def key(secret: str, document: StandardWebhooksDocument) -> bytes:
    """The bytes behind `whsec_`."""
    del document
    return base64_key(secret, PREFIX)


def receive(
    source: str,
    request: Request,
    document: StandardWebhooksDocument,
    signed_at: float | None,
    now: float,
) -> Received:
    """Name and order the event: the signed `webhook-id` is its id."""
    payload = read_object(request.body)
    event = named_event(
        source,
        request.optional_header("webhook-id"),
        lambda: weak_id(request.body, signed_at),
        type=safe_type(payload.get("type"), source),
        time=read_time_or(payload.get("timestamp"), signed_time(signed_at, now)),
    )
    return ordered(event, found_id(document.group, payload, "group"))


def normalise(event: Event, raw: Raw, tenant: Tenant = UNSAID) -> Event:
    """The payload's own `timestamp` where it has one, and its `data` (else the whole payload)."""
    del tenant
    payload = read_object(raw.body)
    written = payload.get("timestamp")
    return event.model_copy(
        update={
            "time": event.time if written is None else read_time(written, "timestamp"),
            "data": payload.get("data", payload),
        }
    )


KIND = SignedKind(
    kind="standard_webhooks",
    summary="Any sender that follows Standard Webhooks.",
    documentation="https://www.standardwebhooks.com",
    document=StandardWebhooksDocument,
    read=read,
    key=key,
    receive=receive,
    normalise=normalise,
)
