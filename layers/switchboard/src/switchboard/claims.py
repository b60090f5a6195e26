"""Claim checks: what is too large for a queue waits in S3 while a reference travels."""

import json
from typing import Protocol

from switchboard.envelope import CLAIM_CHECK_BYTES, Claim, Envelope, ObjectRef, encode
from switchboard.errors import EventError
from switchboard.event import Event


class ClaimStore(Protocol):
    """Where claims are kept."""

    def store(self, name: str, body: str) -> ObjectRef:
        """Keep `body` under `name` (storing the same name again is harmless).

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...

    def load(self, ref: ObjectRef) -> str:
        """What was stored.

        Raises:
            EventError: it is gone.
            Unavailable: the store cannot be reached.
        """
        ...


def claim_name(event_id: str) -> str:
    """What an event's claim is called."""
    return f"{event_id}.json"


def check_in(envelope: Envelope, store: ClaimStore) -> str:
    """The message body for `envelope`: itself, or one that refers to its stored claim."""
    body = encode(envelope)
    if len(body) <= CLAIM_CHECK_BYTES or envelope.event is None:
        return body
    claim = Claim(event=envelope.event, raw=envelope.raw)
    ref = store.store(claim_name(envelope.event.id), encode(claim))
    return encode(envelope.model_copy(update={"event": None, "raw": None, "event_ref": ref}))


def keep_event(event: Event, store: ClaimStore) -> ObjectRef:
    """Keep an event as a claim of its own."""
    return store.store(claim_name(event.id), encode(Claim(event=event)))


def check_out(envelope: Envelope, store: ClaimStore) -> tuple[Event, Envelope]:
    """The event of `envelope`, and the envelope with its claim put back in."""
    if envelope.event is not None:
        return envelope.event, envelope
    assert envelope.event_ref is not None  # noqa: S101 - the model holds it: one of the two is set
    try:
        # Not model_validate_json: its parser refuses the lone surrogates that json writes.
        claim = Claim.model_validate(json.loads(store.load(envelope.event_ref)))
    except ValueError:
        raise EventError(
            f"reading the claim {envelope.event_ref.key}: it holds no event of ours"
        ) from None
    whole = envelope.model_copy(
        update={"event": claim.event, "event_ref": None, "raw": claim.raw or envelope.raw}
    )
    return claim.event, whole
