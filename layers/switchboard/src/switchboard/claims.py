"""Claim checks: what is too large for a queue, or for its item, waits in S3; a reference travels.

A claim is never written over: it is called after what it holds. Of one event there are several: as
it arrived, with its payload, and as it is sent.
"""

import json
import re
from typing import Protocol

from switchboard.envelope import CLAIM_CHECK_BYTES, Claim, Envelope, ObjectRef, encode
from switchboard.errors import EventError
from switchboard.event import Event, digest

_NAME = re.compile(r"([A-Za-z0-9_-]{1,64})(?:\.[0-9a-f]{40})?\.json")


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


def claim_name(event_id: str, body: str) -> str:
    """What a claim of an event is called, which holds `body`."""
    return f"{event_id}.{digest(body)}.json"


def claimed_event(key: str) -> str:
    """The id of the event whose claim has this key; "": it is no claim's.

    Release 0.1.0 called every claim of an event after the event alone.
    """
    found = _NAME.fullmatch(key.rpartition("/")[2])
    return found[1] if found else ""


def check_in(envelope: Envelope, store: ClaimStore) -> str:
    """The message body for `envelope`: itself, or one that refers to its stored claim."""
    body = encode(envelope)
    if len(body) <= CLAIM_CHECK_BYTES or envelope.event is None:
        return body
    ref = _store(Claim(event=envelope.event, raw=envelope.raw), store)
    return encode(envelope.model_copy(update={"event": None, "raw": None, "event_ref": ref}))


def keep_event(event: Event, store: ClaimStore) -> ObjectRef:
    """Keep a canonical event as a claim of its own."""
    return _store(Claim(event=event), store)


def _store(claim: Claim, store: ClaimStore) -> ObjectRef:
    body = encode(claim)
    return store.store(claim_name(claim.event.id, body), body)


def load_claim(ref: ObjectRef, store: ClaimStore) -> Claim:
    """The claim that `ref` refers to.

    Raises:
        EventError: it is gone, or none of ours.
        Unavailable: the store cannot be reached.
    """
    try:
        # Not model_validate_json: its parser refuses the lone surrogates that json writes.
        return Claim.model_validate(json.loads(store.load(ref)))
    except ValueError:
        raise EventError(f"reading the claim {ref.key}: it holds no event of ours") from None


def check_out(envelope: Envelope, store: ClaimStore) -> tuple[Event, Envelope]:
    """The event of `envelope`, and the envelope with its claim put back in."""
    if envelope.event is not None:
        return envelope.event, envelope
    assert envelope.event_ref is not None  # noqa: S101 - the model holds it: one of the two is set
    claim = load_claim(envelope.event_ref, store)
    whole = envelope.model_copy(
        update={"event": claim.event, "event_ref": None, "raw": claim.raw or envelope.raw}
    )
    return claim.event, whole
