"""The kinds of sources: how each verifies, reads and normalises what it is sent. Pure."""

from collections.abc import Mapping

from switchboard.sources import hmac, jaas, standard_webhooks
from switchboard.sources.kind import SECRET_FIELD, Received, Request, SourceDocument, SourceKind
from switchboard.sources.signatures import Doubt, SignatureRefused

KINDS: Mapping[str, SourceKind] = {
    module.KIND.kind: module.KIND for module in (jaas, standard_webhooks, hmac)
}

__all__ = [
    "KINDS",
    "SECRET_FIELD",
    "Doubt",
    "Received",
    "Request",
    "SignatureRefused",
    "SourceDocument",
    "SourceKind",
]
