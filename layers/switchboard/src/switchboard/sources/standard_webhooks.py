"""Webhooks that follow Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import Field, field_validator

from switchboard.envelope import Raw
from switchboard.errors import ConfigurationError
from switchboard.event import Event, event_id, group_of
from switchboard.sources.generic import canonical_type, checked_expression, found_id
from switchboard.sources.kind import (
    Received,
    Request,
    SignatureRefused,
    SourceDocument,
    SourceKind,
)
from switchboard.sources.payloads import read_object, read_time
from switchboard.sources.signatures import any_equal, check_age, seconds, sha256

PREFIX = "whsec_"


class StandardWebhooksDocument(SourceDocument):
    """`group` is an expression over the payload for the interaction it belongs to."""

    group: str | None = Field(default=None, description="JMESPath for the interaction's id.")

    _group = field_validator("group")(checked_expression)


def verify(request: Request, secrets: Sequence[str], document: SourceDocument, now: float) -> float:
    """Check webhook-signature, a list in which any `v1` may be the right one."""
    message_id = request.header("webhook-id")
    signed_at = request.header("webhook-timestamp")
    given = _signatures(request.header("webhook-signature"))
    message = f"{message_id}.{signed_at}.".encode("utf-8", "replace") + request.body
    if not any_equal((sha256(_key(secret), message) for secret in secrets), given):
        raise SignatureRefused("verifying: no signature was made with a secret of this source")
    moment = seconds(signed_at, "webhook-timestamp")
    check_age(moment, document.tolerance_seconds, now)
    return moment


def _signatures(header: str) -> list[bytes]:
    signatures: list[bytes] = []
    for part in header.split(" "):
        version, _, value = part.partition(",")
        if version != "v1":
            continue
        try:
            signatures.append(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            continue
    if not signatures:
        raise SignatureRefused("verifying: webhook-signature holds no v1 in base64")
    return signatures


def _key(secret: str) -> bytes:
    """The bytes behind `whsec_`.

    Raises:
        ConfigurationError: the secret is not written as the standard says.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigurationError("the signing secret must be whsec_ and base64")
    return key


def receive(
    source: str,
    request: Request,
    document: StandardWebhooksDocument,
    signed_at: float | None,
    now: float,
) -> Received:
    """Name and order the event: the signed `webhook-id` is its id."""
    payload = read_object(request.body)
    named = request.header("webhook-id")
    known = event_id(source, named)
    time = datetime.fromtimestamp(now if signed_at is None else signed_at, UTC)
    event = Event(
        id=known,
        source=source,
        type=canonical_type(payload.get("type"), source),
        time=time,
        sourceeventid=named,
    )
    interaction = found_id(document.group, payload, "group")
    return Received(event, group_of(known, time, interaction=interaction))


def normalise(event: Event, raw: Raw) -> Event:
    """The payload's own `timestamp` where it has one, and its `data` (else the whole payload)."""
    payload = read_object(raw.body)
    written = payload.get("timestamp")
    return event.model_copy(
        update={
            "time": event.time if written is None else read_time(written, "timestamp"),
            "data": payload.get("data", payload),
        }
    )


KIND = SourceKind(
    kind="standard_webhooks",
    summary="Any sender that follows Standard Webhooks.",
    documentation="https://www.standardwebhooks.com",
    document=StandardWebhooksDocument,
    verify=verify,
    receive=receive,
    normalise=normalise,
)
