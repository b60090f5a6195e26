"""Any sender that signs with an HMAC: its document says how.

What GitHub, Slack, Zendesk, Stripe and PagerDuty do can all be written down: `events/sources/` has
their documents.
"""

import re
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.sources.kind import Received, Request
from switchboard.sources.payloads import identifier, read_object, read_time, weak_id
from switchboard.sources.rules import (
    Rule,
    found,
    found_id,
    named_event,
    ordered,
    safe_type,
    signed_time,
)
from switchboard.sources.signatures import (
    Doubt,
    Encoding,
    SignatureRefused,
    base64_key,
    decoded,
    epoch,
    text_key,
)
from switchboard.sources.signed import Signed, SignedDocument, SignedKind
from switchboard.sources.tenant import UNSAID, Tenant

_PLACE = re.compile(r"(\{(?:body|timestamp|id)\})")
_HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"


class Timestamp(BaseModel):
    """Where the signed time is: in a header of its own, or a part of the signature's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str | None = Field(
        default=None, pattern=_HEADER_NAME, description="The header that holds it."
    )
    part: str | None = Field(
        default=None,
        min_length=1,
        description="Its name in the signature's header, such as t in `t=…,v1=…`.",
    )
    format: Literal["seconds", "milliseconds", "iso"] = Field(
        default="seconds", description="Since 1970, or RFC 3339 (iso)."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.part is None):
            raise ValueError("timestamp needs either header or part")
        return self


class HmacDocument(SignedDocument):
    """Document of a sender with a scheme of its own: how it signs, and where its payload has what.

    `id_header` and `type_header` count where the expressions `id` and `type` find nothing. Unless
    `signed` holds `{id}`, these headers are not signed: they are as good as the connection.
    """

    header: str = Field(pattern=_HEADER_NAME, description="The header with the signature.")
    algorithm: Literal["sha1", "sha256", "sha512"] = Field(
        default="sha256", description="The hash of the HMAC; sha1 for senders that know no other."
    )
    encoding: Encoding = Field(default="hex", description="How the signature is written.")
    key_encoding: Literal["text", "base64"] = Field(
        default="text", description="Whether the secret's text is the key, or base64 of it."
    )
    prefix: str = Field(
        default="", description="What stands before a signature, such as sha256= or v0=."
    )
    separator: str | None = Field(
        default=None, min_length=1, description="What stands between parts of the header."
    )
    signed: str = Field(
        default="{body}",
        description="What is signed: text with {body}, {timestamp}, {id}: v0:{timestamp}:{body}",
    )
    timestamp: Timestamp | None = Field(default=None, description="Where the signed time is.")
    id_header: str | None = Field(
        default=None, pattern=_HEADER_NAME, description="The header with the event's id."
    )
    type_header: str | None = Field(
        default=None, pattern=_HEADER_NAME, description="The header with the event's type."
    )
    id: Rule | None = Field(default=None, description="JMESPath over the payload: its id.")
    type: Rule | None = Field(default=None, description="JMESPath over the payload: its type.")
    time: Rule | None = Field(
        default=None, description="JMESPath over the payload: epoch seconds or ms, or RFC 3339."
    )
    group: Rule | None = Field(
        default=None,
        description="JMESPath over the payload: the interaction whose events keep their order.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.signed.count("{body}") != 1:
            raise ValueError("signed must hold {body} once, or the body would not be protected")
        if ("{timestamp}" in self.signed) != (self.timestamp is not None):
            raise ValueError(
                "timestamp says where the time is and signed holds {timestamp}: both or neither,"
                " as a time that is not signed proves nothing"
            )
        if "{id}" in self.signed and self.id_header is None:
            raise ValueError("signed holds {id}, but id_header does not say where it is")
        if self.timestamp is not None and self.timestamp.part and self.separator is None:
            raise ValueError("timestamp.part needs a separator")
        return self


def read(request: Request, document: HmacDocument) -> Signed:
    """What is signed and how, as the document says."""
    header = request.header(document.header)
    parts = [header] if document.separator is None else header.split(document.separator)
    written = _written_time(request, document, parts)
    return Signed(
        message=_message(request, document, written or ""),
        signatures=_signatures(document, [part.strip() for part in parts]),
        at=None if document.timestamp is None else _moment(written or "", document.timestamp),
        algorithm=document.algorithm,
    )


def _written_time(request: Request, document: HmacDocument, parts: list[str]) -> str | None:
    place = document.timestamp
    if place is None:
        return None
    if place.header is not None:
        return request.header(place.header)
    named = (part.strip().partition("=") for part in parts)
    times = [value for name, _, value in named if name == place.part]
    if len(times) == 1:
        return times[0]
    doubt = Doubt.AMBIGUOUS if times else Doubt.MALFORMED
    raise SignatureRefused(
        doubt, f"verifying: {document.header} must hold {place.part}= once, not {len(times)} times"
    )


def _message(request: Request, document: HmacDocument, written: str) -> bytes:
    """The signed bytes: the template around the exact bytes of the body."""
    own_id = request.header(document.id_header or "") if "{id}" in document.signed else ""
    values = {
        "{timestamp}": written.encode("utf-8", "surrogatepass"),
        "{id}": own_id.encode("utf-8", "surrogatepass"),
        "{body}": request.body,
    }
    pieces = _PLACE.split(document.signed)
    return b"".join(values.get(piece, piece.encode("utf-8", "surrogatepass")) for piece in pieces)


def _signatures(document: HmacDocument, parts: list[str]) -> tuple[bytes, ...]:
    candidates = (
        decoded(part.removeprefix(document.prefix), document.encoding)
        for part in parts
        if part.startswith(document.prefix)
    )
    signatures = tuple(candidate for candidate in candidates if candidate is not None)
    if not signatures:
        after = f" after {document.prefix!r}" if document.prefix else ""
        raise SignatureRefused(
            Doubt.MALFORMED,
            f"verifying: {document.header} holds no {document.encoding} signature{after}",
        )
    return signatures


def _moment(written: str, place: Timestamp) -> float:
    what = "the signed timestamp"
    if place.format == "seconds":
        return epoch(written, what)
    if place.format == "milliseconds":
        return epoch(written, what, per_second=1000)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise SignatureRefused(
            Doubt.MALFORMED, "verifying: the signed timestamp is not RFC 3339"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def key(secret: str, document: HmacDocument) -> bytes:
    """The secret's text, or the bytes that it spells in base64."""
    return base64_key(secret) if document.key_encoding == "base64" else text_key(secret)


def receive(
    source: str, request: Request, document: HmacDocument, signed_at: float | None, now: float
) -> Received:
    """Name and order the event by the document's expressions and headers; see HmacDocument."""
    payload = read_object(request.body)
    own_id = found_id(document.id, payload, "id") or _named_by(request, document.id_header)
    own_type = identifier(found(document.type, payload))
    written = found(document.time, payload)
    event = named_event(
        source,
        own_id,
        lambda: weak_id(request.body, signed_at),
        type=safe_type(own_type or _named_by(request, document.type_header), source),
        time=signed_time(signed_at, now) if written is None else read_time(written, "time"),
    )
    return ordered(event, found_id(document.group, payload, "group"))


def _named_by(request: Request, header: str | None) -> str | None:
    return request.optional_header(header) or None if header else None


def normalise(event: Event, raw: Raw, tenant: Tenant = UNSAID) -> Event:
    """The payload as it is: what its fields mean, only its mapping knows."""
    del tenant
    return event.model_copy(update={"data": read_object(raw.body)})


KIND = SignedKind(
    kind="hmac",
    summary="Any sender that signs with an HMAC; the document says how.",
    documentation="https://www.rfc-editor.org/rfc/rfc2104",
    document=HmacDocument,
    read=read,
    key=key,
    receive=receive,
    normalise=normalise,
)
