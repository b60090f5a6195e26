"""Senders, and the stores behind `receive_webhook`, for tests. They sign without our code."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from switchboard.configuration import LastGood, Parameters
from switchboard.errors import ConfigurationError
from switchboard.source_state import SourceStateReader
from switchboard.sources import SECRET_FIELD
from switchboard.testing.state_store import MemoryStates
from switchboard.testing.stores import (
    Clock,
    Failing,
    MemoryBucket,
    MemoryConfiguration,
    MemoryOutbox,
    MemoryParameters,
    RecordingTelemetry,
)

JAAS_SECRET = "whsec_9635df66714a4cf088ee9d0979dd3bf6"  # noqa: S105 - published by 8x8
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - published by the standard
SMS_AUTHORIZATION = "Basic c3dpdGNoYm9hcmQ6YSBwYXNzd29yZCBmb3IgdGVzdHM="


def jaas_headers(
    body: bytes, *, at: int, secrets: Sequence[str] = (JAAS_SECRET,)
) -> dict[str, str]:
    """X-Jaas-Signature with a `v1` for each secret."""
    made = (
        hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256) for secret in secrets
    )
    parts = [f"v1={base64.b64encode(one.digest()).decode()}" for one in made]
    return {"X-Jaas-Signature": ",".join([f"t={at}", *parts])}


def standard_headers(
    body: bytes, *, at: int, message_id: str = "msg_1", secrets: Sequence[str] = (STANDARD_SECRET,)
) -> dict[str, str]:
    """The three headers of Standard Webhooks, with a `v1` for each secret."""
    keys = (base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets)
    message = f"{message_id}.{at}.".encode() + body
    made = (hmac.new(key, message, hashlib.sha256) for key in keys)
    parts = [f"v1,{base64.b64encode(one.digest()).decode()}" for one in made]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(parts),
    }


def proxy_event(
    source: str, headers: Mapping[str, str], body: bytes, *, source_ip: str = "198.51.100.7"
) -> dict[str, Any]:
    """API Gateway's event for a POST to a source; as deployed, every body comes as base64."""
    return {
        "resource": f"/webhooks/{source}",
        "path": f"/webhooks/{source}",
        "httpMethod": "POST",
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "requestContext": {"identity": {"sourceIp": source_ip}},
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


class MemorySecrets(Failing):
    """See SecretStore. `set` puts a new value before the older ones."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[Mapping[str, str], ...]] = {}
        self.rotation_hours: list[int] = []
        self.refreshed: list[str] = []

    def set(self, name: str, secret: str, field: str = SECRET_FIELD) -> None:
        """Give "sources/meetings" a new secret."""
        self.values[name] = ({field: secret}, *self.values.get(name, ())[:1])

    def accepted(self, name: str, *, rotation_hours: int = 24) -> tuple[Mapping[str, str], ...]:
        """See SecretStore."""
        self.check()
        self.rotation_hours.append(rotation_hours)
        if name not in self.values:
            raise ConfigurationError(f"reading the secret {name}: it has no value yet")
        return self.values[name]

    def refresh(self, name: str) -> None:
        """See SecretStore. Nothing is cached here; `refreshed` has the names."""
        self.refreshed.append(name)


class ReceivingStores:
    """Everything a receiver touches, in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.ingest = MemoryOutbox()
        self.claims = MemoryBucket()
        self.documents = MemoryParameters()
        self.secrets = MemorySecrets()
        self.states = MemoryStates()
        self.telemetry = RecordingTelemetry()
        self.configuration = MemoryConfiguration()
        self.parameters = Parameters(self.documents, self.clock)
        self.source_states = SourceStateReader(self.states)
        self.last_good = LastGood(self.configuration, self.telemetry)

    def configure(self, source: str, document: str, secret: str, field: str = SECRET_FIELD) -> None:
        """Write a source's document and secret."""
        self.documents.set(f"sources/{source}", document)
        self.secrets.set(f"sources/{source}", secret, field)
