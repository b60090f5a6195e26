"""What is sent, by seed: interactions of three vendors, repeats, refusals and poison.

Every payload carries the sender's own id, interaction and sequence under `demo`, so that what
arrives anywhere can be told apart without asking the product.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

DESTINATIONS = ("crm", "pager", "lake")
"""What takes everything that a vendor sends."""

CHAT = "chat"
OPENED = "ticket.opened"
TOLD = frozenset({OPENED, "ticket.closed"})
"""What `chat` takes besides."""

DUPLICATES = 0.02


@dataclass(frozen=True, slots=True)
class Sending:
    """One request, and what is to become of it.

    `expect` is the status; `deliver` are the destinations where it becomes a record, and `dead`
    those where it becomes a dead letter (`route`: before fan-out). `spoil` is how the request is
    made invalid after it was signed.
    """

    source: str
    event: str
    interaction: str
    sequence: int
    payload: Any
    expect: int = 202
    deliver: Sequence[str] = DESTINATIONS
    dead: Sequence[str] = ()
    spoil: str = ""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Interaction:
    """Requests that are sent one after the other."""

    source: str
    name: str
    sendings: Sequence[Sending] = field(default_factory=tuple)


def interactions(events: int, seed: int, now: int) -> Sequence[Interaction]:
    """`events` valid events in interactions, repeats, and one of every poison and refusal."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    made: list[Interaction] = []
    left = events
    repeats = max(1, round(DUPLICATES * events))
    repeated = frozenset(dice.sample(range(events), min(events, repeats)))
    while left > 0:
        source = dice.choice(["meetings", "partner", "legacy-pbx"])
        name = f"{source}-{seed}-{len(made)}"
        length = min(left, dice.randint(3, 8))
        first = events - left
        again = frozenset(number - first for number in repeated)
        made.append(Interaction(source, name, list(_interaction(source, name, length, now, again))))
        left -= length
    made.insert(len(made) // 3, _poison(seed, now))
    made.insert(len(made) // 2, _refusals(seed, now))
    return made


def _interaction(
    source: str, name: str, length: int, now: int, repeated: frozenset[int]
) -> Iterator[Sending]:
    for sequence in range(length):
        event = f"{name}-{sequence}"
        payload = PAYLOADS[source](event, name, sequence, now, {"last": sequence == length - 1})
        deliver = (*DESTINATIONS, CHAT) if payload.get("type") in TOLD else DESTINATIONS
        sending = Sending(source, event, name, sequence, payload, deliver=deliver)
        yield sending
        if sequence in repeated:
            yield replace(sending, repeat=True)


def _meeting(event: str, name: str, sequence: int, now: int, more: dict[str, Any]) -> Any:
    kinds = ["ROOM_CREATED", "PARTICIPANT_JOINED", "RECORDING_STARTED", "PARTICIPANT_LEFT"]
    kind = "ROOM_DESTROYED" if more.get("last") else kinds[sequence % len(kinds)]
    return {
        "idempotencyKey": event,
        "customerId": "c0ffee",
        "appId": "vpaas-magic-cookie-c0ffee",
        "eventType": more.get("kind", kind),
        "sessionId": name,
        "timestamp": more.get("timestamp", now * 1000 + sequence),
        "fqn": f"vpaas-magic-cookie-c0ffee/{name}",
        "data": {
            "conference": name,
            "name": "Jörg Müller",
            "durationSec": more.get("seconds", 30 * sequence),
            "demo": {
                "id": event,
                "interaction": name,
                "sequence": sequence,
                "refuse": more.get("refuse", False),
            },
        },
    }


def _ticket(event: str, name: str, sequence: int, now: int, more: dict[str, Any]) -> Any:
    kind = "ticket.closed" if more.get("last") else "ticket.commented" if sequence else OPENED
    return {
        "type": kind,
        "timestamp": more.get("timestamp", f"2026-01-01T00:00:{sequence:02d}.000Z"),
        "data": {
            "call_id": name,
            "title": "Line 7 is noisy",
            "seconds": more.get("seconds", sequence),
            "sent": now,
            "demo": {
                "id": event,
                "interaction": name,
                "sequence": sequence,
                "refuse": more.get("refuse", False),
            },
        },
    }


def _call(event: str, name: str, sequence: int, now: int, more: dict[str, Any]) -> Any:
    return {
        "event_id": event,
        "event": "call.ended" if more.get("last") else f"call.step{sequence}",
        "occurred_at": now + sequence,
        "call": {
            "id": name,
            "from": "(415) 555-2671",
            "queue": "Support",
            "seconds": more.get("seconds", str(12 * sequence)),
        },
        "demo": {
            "id": event,
            "interaction": name,
            "sequence": sequence,
            "refuse": more.get("refuse", False),
        },
    }


PAYLOADS = {"meetings": _meeting, "partner": _ticket, "legacy-pbx": _call}


def _poison(seed: int, now: int) -> Interaction:
    """Validly signed, accepted, and then impossible: one of each kind."""
    name = f"poison-{seed}"
    cases: list[tuple[str, str, dict[str, Any], Sequence[str], Sequence[str]]] = [
        ("meetings", "no-time", {"timestamp": "soon"}, (), ("route",)),
        ("partner", "no-time", {"timestamp": "soon"}, (), ("route",)),
        ("legacy-pbx", "no-duration", {"seconds": "soon"}, ("lake",), ("crm", "pager")),
        ("meetings", "refused", {"refuse": True}, ("lake",), ("crm", "pager")),
        ("meetings", "unknown-type", {"kind": "NEVER_HEARD_OF"}, DESTINATIONS, ()),
    ]
    sendings = []
    for sequence, (source, case, more, deliver, dead) in enumerate(cases):
        event = f"{name}-{source}-{case}"
        payload = PAYLOADS[source](event, f"{name}-{source}", sequence, now, more)
        sendings.append(
            Sending(
                source, event, f"{name}-{source}", sequence, payload, deliver=deliver, dead=dead
            )
        )
    return Interaction("meetings", name, sendings)


def _refusals(seed: int, now: int) -> Interaction:
    """What is refused at the edge: one of each sort."""
    name = f"refused-{seed}"
    cases = [
        ("meetings", "wrong-key", 401),
        ("meetings", "tampered", 401),
        ("meetings", "expired", 401),
        ("partner", "future", 401),
        ("partner", "unsigned", 401),
        ("legacy-pbx", "not-json", 400),
        ("legacy-pbx", "too-large", 413),
        ("nobody", "unknown-source", 403),
    ]
    sendings = []
    for sequence, (source, spoil, status) in enumerate(cases):
        event = f"{name}-{spoil}"
        make = PAYLOADS.get(source, _meeting)
        payload = make(event, name, sequence, now, {})
        sendings.append(
            Sending(source, event, name, sequence, payload, expect=status, deliver=(), spoil=spoil)
        )
    return Interaction("meetings", name, sendings)


def body_of(sending: Sending) -> bytes:
    """The exact bytes."""
    if sending.spoil == "not-json":
        return b"call=ended&demo=" + sending.event.encode()
    if sending.spoil == "too-large":
        return json.dumps({**sending.payload, "padding": "x" * 2_000_000}).encode()
    return json.dumps(sending.payload, ensure_ascii=False).encode()
