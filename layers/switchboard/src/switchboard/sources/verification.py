"""What was wrong with a signature: a received request, looked at with its source's secrets.

For the operator who has the secrets; what is shown of them and of the signatures they make is too
little to use.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from switchboard.errors import ConfigurationError, EventError
from switchboard.event import utc_text
from switchboard.sources import (
    WEBHOOK_KINDS,
    Doubt,
    Received,
    Request,
    SignatureRefused,
    WebhookDocument,
)
from switchboard.sources.kind import Signed, WebhookKind
from switchboard.sources.signatures import any_equal, mac

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the receiver would say of a request, and why.

    `facts` are what was compared, by name; `hints` are changes with which the signature fits.
    """

    accepted: bool
    reason: str
    facts: dict[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()


class CapturedRequest(BaseModel):
    """A received request in a file: headers, and the body as text or as base64.

    A header's value is a list where it was there several times. `about` is not looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    headers: dict[str, str | list[str]]
    body: str | None = None
    body_base64: str | None = None
    source_ip: str = ""
    about: dict[str, Any] = Field(default_factory=dict)

    def request(self) -> Request:
        """The request as it was received.

        Raises:
            ConfigurationError: there is no body, or its base64 is none.
        """
        pairs = (
            (name, value)
            for name, values in self.headers.items()
            for value in ([values] if isinstance(values, str) else values)
        )
        return Request(tuple(pairs), self._bytes(), self.source_ip)

    def _bytes(self) -> bytes:
        if (self.body is None) == (self.body_base64 is None):
            raise ConfigurationError("reading the request: give either body or body_base64")
        if self.body is not None:
            return self.body.encode("utf-8", "surrogatepass")
        try:
            return base64.b64decode(self.body_base64 or "", validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError("reading the request: body_base64 is not base64") from None


def read_request(text: str) -> Request:
    """The request in a file's text.

    Raises:
        ConfigurationError: saying what is missing or wrong.
    """
    try:
        return CapturedRequest.model_validate_json(text).request()
    except ValidationError as error:
        raise ConfigurationError(f"reading the request: {_first(error)}") from None


def read_source(text: str) -> tuple[str, WebhookDocument]:
    """A source's kind and document from a file's text: the document with its `kind` added.

    Raises:
        ConfigurationError: naming the field and what is wrong with it.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"reading the source: it is not JSON ({error})") from None
    kind = str(fields.pop("kind", "")) if isinstance(fields, dict) else ""
    if kind not in WEBHOOK_KINDS:
        raise ConfigurationError(
            f"reading the source: kind must be one of {', '.join(sorted(WEBHOOK_KINDS))}"
        )
    try:
        # JSON again: networks and tuples are read from it, and not from Python's lists.
        return kind, WEBHOOK_KINDS[kind].document.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise ConfigurationError(f"reading the source: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "document"
    return f"{where}: {first['msg']}"


def explain(
    kind: str, document: WebhookDocument, secrets: Sequence[str], request: Request, at: float
) -> Verdict:
    """What the receiver would say of `request` if it came at `at` (epoch seconds), and why.

    `secrets` are the texts that count, newest first.
    """
    source = WEBHOOK_KINDS[kind]
    try:
        signed = source.read(request, document)
    except SignatureRefused as error:
        return Verdict(False, str(error), _headers(request))
    facts = _facts(source, document, secrets, request, signed, at)
    if request.source_ip and not document.allows(request.source_ip):
        return Verdict(False, f"{request.source_ip} is not in `allow`", facts)
    try:
        signed_at = source.verify(request, secrets, document, at)
        received = source.receive("source", request, document, signed_at, at)
    except SignatureRefused as error:
        wrong = error.doubt is Doubt.WRONG
        hints = tuple(_hints(source, document, secrets, request)) if wrong else ()
        return Verdict(False, str(error), facts, hints)
    except (EventError, ConfigurationError) as error:
        return Verdict(False, str(error), facts)
    return Verdict(True, "the signature is right", facts | _event_facts(received))


def _headers(request: Request) -> dict[str, str]:
    return {"headers received": ", ".join(sorted({name.lower() for name, _ in request.headers}))}


def _facts(
    source: WebhookKind,
    document: WebhookDocument,
    secrets: Sequence[str],
    request: Request,
    signed: Signed,
    at: float,
) -> dict[str, str]:
    around = source.read(replace(request, body=b"<body>"), document).message
    facts = {
        "signed bytes": around.decode("utf-8", "replace"),
        "body": f"{len(request.body)} bytes, SHA-256 {hashlib.sha256(request.body).hexdigest()}",
        "algorithm": f"HMAC {signed.algorithm}",
        "signatures received": ", ".join(_shown(one) for one in signed.signatures),
        "signatures expected": ", ".join(
            _expected(source, document, secret, signed) for secret in secrets
        )
        or "none: no secret was given",
    }
    if signed.at is not None:
        age = at - signed.at
        when = f"{age:.0f} s before" if age >= 0 else f"{-age:.0f} s after"
        facts["signed at"] = (
            f"{_time(signed.at)}, {when} {_time(at)}; {document.tolerance_seconds} s are tolerated"
        )
    return facts


def _expected(source: WebhookKind, document: WebhookDocument, secret: str, signed: Signed) -> str:
    try:
        return _shown(mac(source.key(secret, document), signed.message, signed.algorithm))
    except ConfigurationError as error:
        return f"none ({error})"


def _shown(signature: bytes) -> str:
    """The beginning of a signature, as base64 and hex: enough to compare, too little to use."""
    return f"{base64.b64encode(signature).decode()[:SHOWN]}… (hex {signature.hex()[:SHOWN]}…)"


def _time(epoch: float) -> str:
    try:
        return utc_text(datetime.fromtimestamp(epoch, UTC))
    except (ValueError, OverflowError, OSError):
        return f"{epoch:.0f} s"


def _event_facts(received: Received) -> dict[str, str]:
    event = received.event
    return {
        "event id": f"{event.sourceeventid}{' (made from the payload)' if event.weakid else ''}",
        "event type": event.type,
        "event time": utc_text(event.time),
        "group": received.group,
    }


def _hints(
    source: WebhookKind,
    document: WebhookDocument,
    secrets: Sequence[str],
    request: Request,
) -> Iterator[str]:
    """The usual mistakes, each tried."""
    signed = source.read(request, document)
    for number, secret in enumerate(secrets, start=1):
        for mistake, other in _other_secrets(secret):
            if _fits(source, document, other, signed):
                yield f"it fits if secret {number} is used {mistake}"
    for mistake, body in _other_bodies(request.body):
        changed = source.read(replace(request, body=body), document)
        if any(_fits(source, document, secret, changed) for secret in secrets):
            yield f"it fits the body {mistake}: what was captured is not what was sent"
            return


def _fits(source: WebhookKind, document: WebhookDocument, secret: str, signed: Signed) -> bool:
    try:
        expected = mac(source.key(secret, document), signed.message, signed.algorithm)
    except ConfigurationError:
        return False
    return any_equal([expected], signed.signatures)


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
