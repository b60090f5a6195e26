"""The kinds of sources: how each verifies, reads and normalises what it is sent. Pure."""

from collections.abc import Mapping

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.sources import (
    connect_chat_apps,
    connect_sms,
    hmac,
    jaas,
    sapi,
    standard_webhooks,
    stream,
)
from switchboard.sources.kind import (
    Received,
    Request,
    SourceDocument,
    SourceKind,
    WebhookDocument,
    WebhookKind,
)
from switchboard.sources.signatures import Doubt, SignatureRefused
from switchboard.sources.signed import SECRET_FIELD
from switchboard.sources.tenant import UNSAID, Tenant

WEBHOOK_KINDS: Mapping[str, WebhookKind] = {
    module.KIND.kind: module.KIND
    for module in (jaas, connect_sms, connect_chat_apps, standard_webhooks, hmac)
}
READ_KINDS: Mapping[str, SourceKind] = {module.KIND.kind: module.KIND for module in (stream, sapi)}
KINDS: Mapping[str, SourceKind] = {**WEBHOOK_KINDS, **READ_KINDS}


def normalised(event: Event, raw: Raw, tenant: Tenant = UNSAID) -> Event:
    """The canonical event of one that arrived with this payload.

    Raises:
        EventError: nothing can be made of the payload, or there is no such kind of source.
    """
    kind = KINDS.get(raw.kind)
    if kind is None:
        raise EventError(f"normalising: no source is of kind {raw.kind!r}")
    return kind.normalise(event, raw, tenant)


__all__ = [
    "KINDS",
    "READ_KINDS",
    "SECRET_FIELD",
    "WEBHOOK_KINDS",
    "Doubt",
    "Received",
    "Request",
    "SignatureRefused",
    "SourceDocument",
    "SourceKind",
    "WebhookDocument",
    "WebhookKind",
    "normalised",
]
