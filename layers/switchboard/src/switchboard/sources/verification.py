"""What was wrong with a received request, looked at with its source's secrets.

For the operator who has them; what is shown of a secret is too little to use.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
from switchboard.sources.evidence import evidence_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the receiver would say of a request, and why.

    `facts` are what was compared, by name; `hints` are changes with which it fits.
    """

    accepted: bool
    reason: str
    facts: Mapping[str, str] = field(default_factory=dict)
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
        evidence = evidence_of(source, document, secrets, request)
        facts = evidence.facts(at)
    except SignatureRefused as error:
        return Verdict(False, str(error), _headers(request))
    if request.source_ip and not document.allows(request.source_ip):
        return Verdict(False, f"{request.source_ip} is not in `allow`", facts)
    try:
        signed_at = source.verify(request, secrets, document, at)
        received = source.receive("source", request, document, signed_at, at)
    except SignatureRefused as error:
        wrong = error.doubt is Doubt.WRONG
        hints = tuple(evidence.hints()) if wrong else ()
        return Verdict(False, str(error), facts, hints)
    except (EventError, ConfigurationError) as error:
        return Verdict(False, str(error), facts)
    return Verdict(True, evidence.accepted, {**facts, **_event_facts(received)})


def _headers(request: Request) -> dict[str, str]:
    return {"headers received": ", ".join(sorted({name.lower() for name, _ in request.headers}))}


def _event_facts(received: Received) -> dict[str, str]:
    event = received.event
    return {
        "event id": f"{event.sourceeventid}{' (made from the payload)' if event.weakid else ''}",
        "event type": event.type,
        "event time": utc_text(event.time),
        "group": received.group,
    }
