"""Any sender that signs with an HMAC: its document says how.

What GitHub, Slack, Zendesk, Stripe and PagerDuty do can all be written down:

    header           the header with the signature
    algorithm        sha256, sha512 or sha1
    encoding         hex, base64 or base64url
    prefix           what stands before a signature in its header, such as `sha256=` or `v0=`
    separator        what stands between several signatures in one header
    signed           what is signed: text with {body}, {timestamp} and {id}, such as
                     `v0:{timestamp}:{body}`
    timestamp        where the signed time is: a header, or a part such as `t` of the header
    id_header        the header with the sender's id of the event
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from switchboard.envelope import Raw
from switchboard.event import Event, event_id, group_of
from switchboard.sources.generic import canonical_type, checked_expression, found, found_id
from switchboard.sources.kind import (
    Received,
    Request,
    SignatureRefused,
    SourceDocument,
    SourceKind,
)
from switchboard.sources.payloads import read_object, read_time, weak_id
from switchboard.sources.signatures import any_equal, check_age, seconds


class Timestamp(BaseModel):
    """Where the signed time is: the header `header`, or the part `part=` of the signature's.

    `format` is `seconds` since 1970, `milliseconds`, or `iso` (RFC 3339).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    header: str | None = None
    part: str | None = None
    format: Literal["seconds", "milliseconds", "iso"] = "seconds"

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.part is None):
            raise ValueError("timestamp needs either header or part")
        return self


class HmacDocument(SourceDocument):
    """How this sender signs, and where its payload has id, type, time and group (JMESPath)."""

    header: str = Field(min_length=1)
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    prefix: str = ""
    separator: str | None = Field(default=None, min_length=1)
    signed: str = "{body}"
    timestamp: Timestamp | None = None
    id_header: str | None = None
    id: str | None = None
    type: str | None = None
    time: str | None = None
    group: str | None = None

    _expressions = field_validator("id", "type", "time", "group")(checked_expression)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.signed.count("{body}") != 1:
            raise ValueError("signed must hold {body} once, or the body would not be protected")
        if "{timestamp}" in self.signed and self.timestamp is None:
            raise ValueError("signed holds {timestamp}, but timestamp does not say where it is")
        if self.timestamp is not None and "{timestamp}" not in self.signed:
            raise ValueError("a timestamp that is not in signed proves nothing; take it out")
        if "{id}" in self.signed and self.id_header is None:
            raise ValueError("signed holds {id}, but id_header does not say where it is")
        if self.timestamp is not None and self.timestamp.part and self.separator is None:
            raise ValueError("timestamp.part needs a separator")
        return self


def verify(
    request: Request, secrets: Sequence[str], document: HmacDocument, now: float
) -> float | None:
    """Check the signature as the document says; several in one header are several candidates."""
    header = request.header(document.header)
    parts = [header] if document.separator is None else header.split(document.separator)
    written = _written_time(request, document, parts)
    message = _message(request, document, written)
    given = _given(document, parts)
    made = [hmac.digest(secret.encode(), message, document.algorithm) for secret in secrets]
    if not any_equal(made, given):
        raise SignatureRefused("verifying: no signature was made with a secret of this source")
    if written is None or document.timestamp is None:
        return None
    moment = _moment(written, document.timestamp)
    check_age(moment, document.tolerance_seconds, now)
    return moment


def _written_time(request: Request, document: HmacDocument, parts: list[str]) -> str | None:
    place = document.timestamp
    if place is None:
        return None
    if place.header is not None:
        return request.header(place.header)
    times = [part.strip().partition("=")[2] for part in parts if _named(part, place.part)]
    if len(times) != 1:
        raise SignatureRefused(f"verifying: {document.header} needs one part {place.part}=")
    return times[0]


def _named(part: str, name: str | None) -> bool:
    return part.strip().partition("=")[0] == name


def _message(request: Request, document: HmacDocument, written: str | None) -> bytes:
    """The signed bytes: the template around the exact bytes of the body."""
    own_id = _signed_id(request, document) or ""
    before, _, after = document.signed.partition("{body}")
    ends = [
        end.replace("{timestamp}", written or "").replace("{id}", own_id) for end in (before, after)
    ]
    return ends[0].encode("utf-8", "replace") + request.body + ends[1].encode("utf-8", "replace")


def _signed_id(request: Request, document: HmacDocument) -> str | None:
    if document.id_header is None or "{id}" not in document.signed:
        return None
    return request.header(document.id_header)


def _given(document: HmacDocument, parts: list[str]) -> list[bytes]:
    given = [
        decoded
        for part in parts
        if (text := part.strip()).startswith(document.prefix)
        and (decoded := _decoded(text.removeprefix(document.prefix), document.encoding))
    ]
    if not given:
        raise SignatureRefused(
            f"verifying: {document.header} holds no {document.encoding} signature"
            + (f" after {document.prefix!r}" if document.prefix else "")
        )
    return given


def _decoded(text: str, encoding: str) -> bytes:
    """The signature's bytes; empty where the text is no such encoding."""
    try:
        if encoding == "hex":
            return bytes.fromhex(text)
        if encoding == "base64url":
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _moment(written: str, place: Timestamp) -> float:
    if place.format == "seconds":
        return seconds(written, "the signed timestamp")
    if place.format == "milliseconds":
        return seconds(written[:-3], "the signed timestamp")
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise SignatureRefused("verifying: the signed timestamp is not RFC 3339") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def receive(
    source: str, request: Request, document: HmacDocument, signed_at: float | None, now: float
) -> Received:
    """Name and order the event by the document's expressions; see HmacDocument."""
    payload = read_object(request.body)
    own = found_id(document.id, payload, "id") or _signed_id(request, document)
    named = own or weak_id(request.body, signed_at)
    known = event_id(source, named)
    written = found(document.time, payload)
    time = (
        datetime.fromtimestamp(now if signed_at is None else signed_at, UTC)
        if written is None
        else read_time(written, "time")
    )
    event = Event(
        id=known,
        source=source,
        type=canonical_type(found(document.type, payload), source),
        time=time,
        sourceeventid=named,
        weakid=own is None,
    )
    interaction = found_id(document.group, payload, "group")
    return Received(event, group_of(known, time, interaction=interaction))


def normalise(event: Event, raw: Raw) -> Event:
    """The payload as it is: what its fields mean, only its mapping knows."""
    return event.model_copy(update={"data": read_object(raw.body)})


KIND = SourceKind(
    kind="hmac",
    summary="Any sender that signs with an HMAC; the document says how.",
    documentation="https://www.rfc-editor.org/rfc/rfc2104",
    document=HmacDocument,
    verify=verify,
    receive=receive,
    normalise=normalise,
)
