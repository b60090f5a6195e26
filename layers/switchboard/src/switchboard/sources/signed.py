"""Kinds of sources that sign: a signature over the exact bytes, and perhaps over a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from switchboard.sources.kind import Request, WebhookDocument, WebhookKind
from switchboard.sources.signatures import check_age, check_proof, mac

SECRET_FIELD = "signing_secret"  # noqa: S105 - the name of a field, not its value


class SignedDocument(WebhookDocument):
    """What the document of every source that signs holds; kinds add their own fields."""

    tolerance_seconds: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="How far a signed time may be from ours, in the past and in the future.",
    )


@dataclass(frozen=True, slots=True)
class Signed:
    """What a request claims: these bytes were signed then, with one of these signatures.

    `at` is the signed time in epoch seconds; None where the scheme signs none.
    """

    message: bytes
    signatures: tuple[bytes, ...]
    at: float | None
    algorithm: str = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedKind(WebhookKind):
    """A kind of source that signs its requests.

    `read(request, document)` finds what is signed and raises SignatureRefused; `key(secret,
    document)` makes a secret's text into the key's bytes and raises ConfigurationError.
    """

    document: type[SignedDocument]
    secret_fields: tuple[str, ...] = (SECRET_FIELD,)
    read: Callable[[Request, Any], Signed]
    key: Callable[[str, Any], bytes]

    def verify(
        self, request: Request, secrets: Sequence[str], document: Any, now: float
    ) -> float | None:
        """Check the request's signatures against every secret, then the age of the signed time."""
        signed = self.read(request, document)
        check_proof(
            signed.signatures,
            secrets,
            lambda secret: self.signature(signed, secret, document),
            "no signature was made with a secret of this source",
        )
        if signed.at is not None:
            check_age(signed.at, document.tolerance_seconds, now)
        return signed.at

    def signature(self, signed: Signed, secret: str, document: Any) -> bytes:
        """What a secret makes of what was signed.

        Raises:
            ConfigurationError: the secret is written in a way that cannot be used.
        """
        return mac(self.key(secret, document), signed.message, signed.algorithm)
