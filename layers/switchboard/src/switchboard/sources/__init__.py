"""The kinds of sources: how each verifies, reads and normalises what it is sent. Pure."""

from collections.abc import Mapping

from switchboard.sources import hmac, jaas, standard_webhooks, stream
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
KINDS: Mapping[str, SourceKind] = {**WEBHOOK_KINDS, stream.KIND.kind: stream.KIND}

__all__ = [
    "KINDS",
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
