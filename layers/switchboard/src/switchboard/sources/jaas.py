"""JaaS and 8x8 Meetings webhooks.

https://developer.8x8.com/jaas/docs/webhooks-overview and, for X-Jaas-Signature,
https://developer.8x8.com/jaas/docs/webhooks-signatures. The key is the whole secret as it is
shown, `whsec_` included. Whether a redelivery is signed anew is not said anywhere: widen
`tolerance_seconds` where late ones are refused; the event's id removes repeats.
"""

from switchboard.envelope import Raw
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.sources.jaas_events import canonical_data, canonical_type
from switchboard.sources.kind import Received, Request
from switchboard.sources.payloads import (
    identifier,
    json_type,
    kept_id,
    read_object,
    read_time,
    read_time_or,
    weak_id,
)
from switchboard.sources.rules import named_event, ordered, signed_time
from switchboard.sources.signatures import Doubt, SignatureRefused, decoded, epoch, text_key
from switchboard.sources.signed import Signed, SignedDocument, SignedKind
from switchboard.sources.tenant import UNSAID, Tenant

HEADER = "X-Jaas-Signature"
SYNCHRONOUS = "SETTINGS_PROVISIONING"


class JaasDocument(SignedDocument):
    """Document of a JaaS source: nothing but what the document of every source that signs holds."""


def read(request: Request, document: JaasDocument) -> Signed:
    """`t` and every `v1` of the header. Base64 ends in `=`: a part is split at its first one."""
    del document
    times: list[str] = []
    signatures: list[bytes] = []
    for part in request.header(HEADER).split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1" and (signature := decoded(value, "base64")) is not None:
            signatures.append(signature)
    if len(times) > 1:
        raise SignatureRefused(Doubt.AMBIGUOUS, f"verifying: {HEADER} holds t {len(times)} times")
    if not times or not signatures:
        raise SignatureRefused(
            Doubt.MALFORMED, f"verifying: {HEADER} must hold t=<seconds>,v1=<base64>"
        )
    return Signed(
        message=times[0].encode("utf-8", "surrogatepass") + b"." + request.body,
        signatures=tuple(signatures),
        at=epoch(times[0], f"t of {HEADER}"),
    )


def key(secret: str, document: JaasDocument) -> bytes:
    """The whole text of the secret."""
    del document
    return text_key(secret)


def receive(
    source: str, request: Request, document: JaasDocument, signed_at: float | None, now: float
) -> Received:
    """Name and order the event: `idempotencyKey` is its id, the meeting's session its group.

    What cannot be read here is left to `normalise`, where it becomes a dead letter that is seen:
    of a request that is refused nothing stays.
    """
    del document
    payload = read_object(request.body)
    name = payload.get("eventType")
    if name == SYNCHRONOUS or (name is None and set(payload) == {"fqn"}):
        raise EventError(
            f"receiving {SYNCHRONOUS}: it is a question that wants its answer at once, not an"
            " event; take it off this endpoint's list in the JaaS console"
        )
    event = named_event(
        source,
        identifier(payload.get("idempotencyKey")),
        lambda: weak_id(request.body, signed_at),
        type=canonical_type(name),
        subject=_subject(payload.get("fqn")),
        time=read_time_or(payload.get("timestamp"), signed_time(signed_at, now)),
    )
    return ordered(event, identifier(payload.get("sessionId")))


def normalise(event: Event, raw: Raw, tenant: Tenant = UNSAID) -> Event:
    """The canonical event: the vendor's time, and the fields that all meetings share."""
    del tenant
    payload = read_object(raw.body)
    written = payload.get("timestamp")
    session = payload.get("sessionId")
    if session is not None and not isinstance(session, str | int):
        raise EventError(f"normalising sessionId: it is {json_type(session)}, not a text")
    name = payload.get("eventType")
    return event.model_copy(
        update={
            "type": canonical_type(name),
            "time": event.time if written is None else read_time(written, "timestamp"),
            "data": {
                "session": identifier(session),
                "room": _room(payload.get("fqn")),
                "app": identifier(payload.get("appId")),
                "customer": identifier(payload.get("customerId")),
                "details": canonical_data(name, payload.get("data")),
            },
        }
    )


def _subject(fqn: object) -> str | None:
    name = identifier(fqn)
    return None if name is None else kept_id(name)


def _room(fqn: object) -> str | None:
    """The room in `{AppID}/{room}`."""
    return fqn.partition("/")[2] or fqn if isinstance(fqn, str) else None


KIND = SignedKind(
    kind="jaas",
    summary="8x8 Meetings (JaaS) webhooks, signed with X-Jaas-Signature.",
    documentation="https://developer.8x8.com/jaas/docs/webhooks-overview",
    document=JaasDocument,
    read=read,
    key=key,
    receive=receive,
    normalise=normalise,
)
