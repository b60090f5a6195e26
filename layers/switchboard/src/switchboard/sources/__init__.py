"""The kinds of sources: how each verifies, reads and normalises what it is sent. Pure."""

from collections.abc import Mapping

from switchboard.sources import hmac, jaas, sapi, standard_webhooks, stream
from switchboard.sources.kind import (
    SECRET_FIELD,
    Received,
    Request,
    SourceDocument,
    SourceKind,
    WebhookDocument,
    WebhookKind,
)
from switchboard.sources.signatures import Doubt, SignatureRefused

WEBHOOK_KINDS: Mapping[str, WebhookKind] = {
    module.KIND.kind: module.KIND for module in (jaas, standard_webhooks, hmac)
}
READ_KINDS: Mapping[str, SourceKind] = {module.KIND.kind: module.KIND for module in (stream, sapi)}
KINDS: Mapping[str, SourceKind] = {**WEBHOOK_KINDS, **READ_KINDS}

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
]
