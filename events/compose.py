"""Writes the samples of `webhooks/` and `invocations/`: `.venv/bin/python events/compose.py`.

Payloads are made up from the field lists that vendors publish; secrets are published test secrets
or plainly named. Signatures are made here, with nothing of Switchboard's code.
"""  # noqa: INP001 - a script among samples

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder, Envelope, Raw, RawRef, encode
from switchboard.event import Event, digest

HERE = Path(__file__).parent
AT = 1_788_250_531
RECEIVED = "2026-09-01T08:15:31.000Z"
NEVER_TOO_OLD = "4102444800000"
ACCOUNT = "arn:aws:sqs:eu-west-1:123456789012:switchboard-laptop"

SECRETS = {
    "meetings": "whsec_9635df66714a4cf088ee9d0979dd3bf6",
    "partner": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "legacy-pbx": "pbx-test-secret",
    "github": "It's a Secret to Everybody",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "stripe": "whsec_stripe-test-secret",
    "zendesk": "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",
    "pagerduty": "pagerduty-test-secret",
}
WRONG = "a-secret-that-this-source-does-not-have"
WRONG_STANDARD = "whsec_" + base64.b64encode(WRONG.encode()).decode()

Sample = dict[str, Any]


def mac(secret: str | bytes, message: str) -> bytes:
    """HMAC-SHA256."""
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def b64(value: bytes) -> str:
    """Base64."""
    return base64.b64encode(value).decode()


def compact(payload: dict[str, Any]) -> str:
    """JSON as the samples send it."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)


def jaas_headers(body: str, *secrets: str, at: int = AT) -> dict[str, Any]:
    """X-Jaas-Signature; without secrets, the published one."""
    parts = [f"v1={b64(mac(one, f'{at}.{body}'))}" for one in secrets or [SECRETS["meetings"]]]
    return {"X-Jaas-Signature": ",".join([f"t={at}", *parts])}


def standard_headers(body: str, *secrets: str, at: int = AT) -> dict[str, Any]:
    """The headers of Standard Webhooks; without secrets, the published one."""
    keys = [
        base64.b64decode(one.removeprefix("whsec_")) for one in secrets or [SECRETS["partner"]]
    ]
    signatures = [f"v1,{b64(mac(key, f'msg_2mK7.{at}.{body}'))}" for key in keys]
    return {
        "webhook-id": "msg_2mK7",
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def sample(
    source: str, case: str, headers: dict[str, Any], body: str, *, at: int = AT, **expected: Any
) -> Sample:
    """A received request, and what becomes of it: a type and a group, or an error."""
    status = 202 if "type" in expected else expected.pop("status", 401)
    about = {"case": case, "source": source, "secret": SECRETS[source], "at": at}
    return {
        "about": about | {"expected": {"status": status, **expected}},
        "headers": {"Content-Type": "application/json", **headers},
        "body": body,
    }


def meeting(name: str, data: Any, **changes: Any) -> str:
    """A JaaS payload; a field that is None is left out."""
    fields = {
        "idempotencyKey": "6f1f0a5e-8c1b-4a0e-9a53-0c1f2d3e4f50",
        "customerId": "c0ffee",
        "appId": "vpaas-magic-cookie-c0ffee",
        "eventType": name,
        "sessionId": "5a2b9e10-77aa-4a42-9c77-0b1c2d3e4f50",
        "timestamp": 1_788_250_530_188,
        "fqn": "vpaas-magic-cookie-c0ffee/weekly-sync",
        "data": data,
        **changes,
    }
    return compact({field: value for field, value in fields.items() if value is not None})


MEETING = "interaction:5a2b9e10-77aa-4a42-9c77-0b1c2d3e4f50"
ANN = {
    "name": "Ann",
    "email": "ann@example.com",
    "id": "u1",
    "participantJid": "a1@8x8.vc",
    "participantId": "a1",
    "avatar": "",
    "isBreakout": False,
}
JOINED = meeting("PARTICIPANT_JOINED", {"moderator": True, **ANN})
RECORDING = {
    "participants": [{"id": "u1", "name": "Ann", "avatar": ""}],
    "preAuthenticatedLink": "https://storage.example/rec.mp4",
    "share": True,
    "initiatorId": "u1",
    "durationSec": 612,
    "startTimestamp": 1_788_249_900_000,
    "endTimestamp": 1_788_250_512_000,
    "recordingSessionId": "rs-1",
}


def jaas_accepted() -> dict[str, Sample]:
    """Meetings that are taken; those with `dead_letter` are found impossible by the router."""
    rows: list[tuple[str, str, str, dict[str, Any]]] = [
        ("room-created", "a meeting begins", meeting("ROOM_CREATED", {"conference": "weekly"}), {}),
        ("participant-joined", "somebody comes", JOINED, {}),
        ("moderator-as-text", "a boolean arrives as a text",
         meeting("PARTICIPANT_JOINED", {"moderator": "true", **ANN}), {}),
        ("participant-left", "somebody goes",
         meeting("PARTICIPANT_LEFT", {**ANN, "disconnectReason": "left"}), {}),
        ("recording-uploaded", "a recording is there for 24 hours",
         meeting("RECORDING_UPLOADED", RECORDING), {}),
        ("speaker-stats", "a map by jid becomes a list",
         meeting("SPEAKER_STATS", {"a1@8x8.vc": {"time": 61_000, "id": "u1", "name": "Ann"}}), {}),
        ("usage", "data is a list",
         meeting("USAGE", [{"customerId": "c0ffee", "deviceId": "d1", "userId": "u1"}]), {}),
        ("unknown-type", "a type nobody knows passes through",
         meeting("HOLOGRAM_STARTED", {"beam": 1}), {"type": "8x8.unknown.HOLOGRAM_STARTED"}),
        ("without-idempotency-key", "its id is made from body and signed time",
         meeting("ROOM_CREATED", {}, idempotencyKey=None), {"weakid": True}),
        ("group-with-spaces-and-umlauts", "SQS takes no such group: it is hashed",
         meeting("ROOM_CREATED", {}, sessionId="Führung am Montag"),
         {"group": "hash:" + digest("interaction:Führung am Montag")}),
        ("nul-and-lone-surrogate", "both travel as escapes",
         meeting("ROOM_CREATED", {"conference": "?"}).replace("?", r"\u0000\ud800"), {}),
        ("time-that-is-none", "accepted, and a dead letter of the router",
         meeting("ROOM_CREATED", {}, timestamp="yesterday"),
         {"dead_letter": "timestamp: it is a text that is no time"}),
        ("data-of-another-shape", "accepted, and a dead letter of the router",
         meeting("ROOM_CREATED", "weekly"), {"dead_letter": "data: it is a text, not an object"}),
    ]  # fmt: skip
    types = {"PARTICIPANT_JOINED": "meeting.participant.joined",
             "PARTICIPANT_LEFT": "meeting.participant.left",
             "RECORDING_UPLOADED": "meeting.recording.uploaded",
             "SPEAKER_STATS": "meeting.speaker_stats.reported",
             "USAGE": "meeting.usage.reported",
             "ROOM_CREATED": "meeting.room.created"}  # fmt: skip
    return {
        name: sample(
            "meetings", case, jaas_headers(body), body,
            **{"type": types.get(json.loads(body)["eventType"], ""), "group": MEETING, **expected},
        )
        for name, case, body, expected in rows
    }  # fmt: skip


def refused(
    source: str, body: str, headers: Any, wrong: str, *, at_header: str
) -> dict[str, Sample]:
    """What every signed kind refuses, and the two signatures of which one is right."""
    twice = headers(body) | {at_header: [headers(body)[at_header], headers(body, wrong)[at_header]]}
    return {
        "wrong-key": sample(source, "signed with another secret", headers(body, wrong), body,
                            error="signature_wrong"),
        "tampered-body": sample(source, "the body was changed after it was signed", headers(body),
                                body.replace("Ann", "Eve"), error="signature_wrong"),
        "expired": sample(source, "signed ten minutes ago", headers(body, at=AT - 600), body,
                          error="signature_expired"),
        "from-the-future": sample(source, "signed in ten minutes", headers(body, at=AT + 600), body,
                                  error="signature_from_the_future"),
        "duplicated-header": sample(source, "two signature headers: nobody knows which counts",
                                    twice, body, error="signature_ambiguous"),
        "without-signature": sample(source, "nothing signed", {}, body, error="signature_missing"),
        "not-json": sample(source, "a form", headers("name=Ann"), "name=Ann",
                           status=400, error="invalid_event"),
    }  # fmt: skip
