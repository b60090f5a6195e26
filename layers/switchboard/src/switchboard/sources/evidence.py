"""What the proof in a request looks like beside what was expected, and with which changes it fits.

For the operator who has the secrets; what is shown of them and of the signatures they make is too
little to use.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from switchboard.errors import ConfigurationError
from switchboard.event import utc_text
from switchboard.sources.authorization import given
from switchboard.sources.kind import Request, WebhookKind
from switchboard.sources.signatures import any_equal
from switchboard.sources.signed import Signed, SignedKind

SHOWN = 8


class Evidence(Protocol):
    """What is known of one request."""

    @property
    def accepted(self) -> str:
        """Why it is accepted, if it is."""
        ...

    def facts(self, at: float) -> Mapping[str, str]:
        """What was compared, by name, if it came at `at` (epoch seconds).

        Raises:
            SignatureRefused: there is nothing to compare.
        """
        ...

    def hints(self) -> Iterator[str]:
        """The usual mistakes, each tried, with which it fits."""
        ...


def evidence_of(
    source: WebhookKind, document: Any, secrets: Sequence[str], request: Request
) -> Evidence:
    """What a request to a source of that kind is judged by."""
    if isinstance(source, SignedKind):
        return SignedEvidence(source, document, secrets, request)
    return AuthorizationEvidence(secrets, request)


@dataclass(frozen=True, slots=True)
class AuthorizationEvidence:
    """A value that was sent, beside the secrets: of both only the length is shown."""

    secrets: Sequence[str]
    request: Request

    @property
    def accepted(self) -> str:
        """See Evidence."""
        return "Authorization is this source's secret"

    def facts(self, at: float) -> Mapping[str, str]:
        """See Evidence."""
        del at
        return {
            "authorization received": _length(given(self.request)),
            "authorization expected": ", ".join(_length(_bytes(one)) for one in self.secrets)
            or "none: no secret was given",
        }

    def hints(self) -> Iterator[str]:
        """See Evidence."""
        came = given(self.request)
        for number, secret in enumerate(self.secrets, start=1):
            for mistake, other in _other_values(secret):
                if any_equal([_bytes(other)], [came]):
                    yield f"it fits if secret {number} is used {mistake}"


def _length(value: bytes) -> str:
    return f"{len(value)} bytes"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _other_values(secret: str) -> Iterator[tuple[str, str]]:
    bare = secret.strip()
    if bare != secret:
        yield "without the white space around it", bare
    yield "with Bearer before it", f"Bearer {bare}"
    yield "with Basic before it", f"Basic {bare}"
    encoded = base64.b64encode(_bytes(bare)).decode()
    yield "in base64 and with Basic before it, as user:password is sent", f"Basic {encoded}"


@dataclass(frozen=True, slots=True)
class SignedEvidence:
    """A signature, beside those that the secrets make."""

    source: SignedKind
    document: Any
    secrets: Sequence[str]
    request: Request

    @property
    def accepted(self) -> str:
        """See Evidence."""
        return "the signature is right"

    def facts(self, at: float) -> Mapping[str, str]:
        """See Evidence."""
        request = self.request
        signed = self._signed(request.body)
        facts = {
            "signed bytes": self._signed(b"<body>").message.decode("utf-8", "replace"),
            "body": f"{len(request.body)} bytes,"
            f" SHA-256 {hashlib.sha256(request.body).hexdigest()}",
            "algorithm": f"HMAC {signed.algorithm}",
            "signatures received": ", ".join(_shown(one) for one in signed.signatures),
            "signatures expected": ", ".join(
                self._expected(secret, signed) for secret in self.secrets
            )
            or "none: no secret was given",
        }
        if signed.at is not None:
            age = at - signed.at
            when = f"{age:.0f} s before" if age >= 0 else f"{-age:.0f} s after"
            tolerated = f"{self.document.tolerance_seconds} s are tolerated"
            facts["signed at"] = f"{_time(signed.at)}, {when} {_time(at)}; {tolerated}"
        return facts

    def hints(self) -> Iterator[str]:
        """See Evidence."""
        signed = self._signed(self.request.body)
        for number, secret in enumerate(self.secrets, start=1):
            for mistake, other in _other_secrets(secret):
                if self._fits(other, signed):
                    yield f"it fits if secret {number} is used {mistake}"
        for mistake, body in _other_bodies(self.request.body):
            changed = self._signed(body)
            if any(self._fits(secret, changed) for secret in self.secrets):
                yield f"it fits the body {mistake}: what was captured is not what was sent"
                return

    def _signed(self, body: bytes) -> Signed:
        return self.source.read(replace(self.request, body=body), self.document)

    def _expected(self, secret: str, signed: Signed) -> str:
        try:
            return _shown(self.source.signature(signed, secret, self.document))
        except ConfigurationError as error:
            return f"none ({error})"

    def _fits(self, secret: str, signed: Signed) -> bool:
        try:
            expected = self.source.signature(signed, secret, self.document)
        except ConfigurationError:
            return False
        return any_equal([expected], signed.signatures)


def _shown(signature: bytes) -> str:
    """The beginning of a signature, as base64 and hex: enough to compare, too little to use."""
    return f"{base64.b64encode(signature).decode()[:SHOWN]}… (hex {signature.hex()[:SHOWN]}…)"


def _time(epoch: float) -> str:
    try:
        return utc_text(datetime.fromtimestamp(epoch, UTC))
    except (ValueError, OverflowError, OSError):
        return f"{epoch:.0f} s"


def _other_secrets(secret: str) -> Iterator[tuple[str, str]]:
    yield "without the white space around it", secret.strip()
    yield "without whsec_", secret.strip().removeprefix("whsec_")
    yield "with whsec_ before it", f"whsec_{secret.strip()}"


def _other_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield "without the line break at its end", body.rstrip(b"\r\n")
    yield "with a line break at its end", body + b"\n"
    yield "with bare line feeds", body.replace(b"\r\n", b"\n")
    try:
        compact = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return
    yield "without the white space in its JSON", compact.encode("utf-8", "surrogatepass")
