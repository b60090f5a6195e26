"""One stand-in: what it stores, and how it fails. Pure but for its clock.

`crm` knows a key again and stores a repeated one once; `pager` ignores keys: what it accepts is a
record each time.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class FaultPlan:
    """What goes wrong at a stand-in, by seconds since the first request and by requests.

    `down` answers 503 from its first to its second time, and then once more to each of `stumbles`
    interactions, with two good answers before each: whoever breaks its circuit by failures in a row
    does so in the outage alone. Of the other requests the `limited_at`th is answered 429, the
    `page_at`th with a page of HTML and 200 that stores nothing, and the `silent_at`th is stored
    and never answered. What is stored from the first to the second time of `slow` is answered
    after `slow_seconds`.
    """

    down: tuple[float, float] = (0.0, 0.0)
    stumbles: int = 0
    limited_at: int | None = None
    retry_after: int = 3
    page_at: int | None = None
    silent_at: int | None = None
    slow: tuple[float, float] = (0.0, 0.0)
    slow_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, `after` seconds; status 0 is silence.

    `what` is the log's word for it, if not the status.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"ok":true}'
    content_type: str = "application/json"
    what: str = ""
    after: float = 0.0


BETWEEN_STUMBLES = 2
"""Good answers before each."""

DOWN = Reply(503, body='{"error":"down"}')
REFUSAL = Reply(422, body='{"error":"marked"}')
PAGE = Reply(
    200,
    body="<!doctype html><title>Sign in</title><p>Please sign in.",
    content_type="text/html; charset=utf-8",
    what="page of HTML",
)
"""A login page before the endpoint: 200, and nothing was stored."""


class Endpoint:
    """A stand-in by the name `crm` or `pager`."""

    def __init__(self, name: str, secret: str, *, knows_keys: bool, plan: FaultPlan) -> None:
        self._name = name
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._knows_keys = knows_keys
        self._plan = plan
        self._stored: set[str] = set()
        self._stumbled: set[object] = set()
        self._in_a_row = 0
        self._served = 0
        self._lock = threading.Lock()

    def take(
        self, headers: Mapping[str, str], body: bytes, now: float
    ) -> tuple[Reply, dict[str, Any]]:
        """The reply, and the line for the log."""
        key = headers.get("webhook-id", "")
        with self._lock:
            if not self._signed(headers, body):
                return Reply(401), self._line(key, body, "bad signature", stored=False)
            data = json.loads(body)["data"]
            if self._down(data.get("interaction"), now):
                return DOWN, self._line(key, body, "503", stored=False)
            if data.get("refuse"):
                return REFUSAL, self._line(key, body, "422", stored=False)
            fault = self._fault()
            if fault is not None and fault.status != 0:
                return fault, self._line(key, body, fault.what or str(fault.status), stored=False)
            again = key in self._stored
            self._stored.add(key)
            stored = not (again and self._knows_keys)
            what = "stored" if stored else "repeat"
            if fault is not None:
                return fault, self._line(key, body, f"{what}, unanswered", stored=stored)
            is_slow = self._plan.slow[0] <= now < self._plan.slow[1]
            reply = Reply(200, after=self._plan.slow_seconds if is_slow else 0.0)
            what += ", slow" if is_slow else ""
            return reply, self._line(key, body, what, stored=stored)

    def _signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        stamp = headers.get("webhook-timestamp", "")
        message = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
        made = base64.b64encode(hmac.digest(self._key, message, hashlib.sha256)).decode()
        given = headers.get("webhook-signature", "").split(" ")
        return any(hmac.compare_digest(f"v1,{made}", one) for one in given)

    def _down(self, interaction: object, now: float) -> bool:
        is_down = self._plan.down[0] <= now < self._plan.down[1] or self._stumbles(interaction, now)
        self._in_a_row = 0 if is_down else self._in_a_row + 1
        return is_down

    def _fault(self) -> Reply | None:
        plan = self._plan
        self._served += 1
        match self._served:
            case plan.limited_at:
                retry_after = {"Retry-After": str(plan.retry_after)}
                return Reply(429, retry_after, '{"error":"slow down"}')
            case plan.page_at:
                return PAGE
            case plan.silent_at:
                return Reply(0)
        return None

    def _stumbles(self, interaction: object, now: float) -> bool:
        is_over = now >= self._plan.down[1] and self._in_a_row >= BETWEEN_STUMBLES
        if not is_over or interaction in self._stumbled:
            return False
        if len(self._stumbled) == self._plan.stumbles:
            return False
        self._stumbled.add(interaction)
        return True

    def _line(self, key: str, body: bytes, what: str, *, stored: bool) -> dict[str, Any]:
        try:
            data = json.loads(body)["data"]
        except (ValueError, KeyError):
            data = {}
        return {
            "destination": self._name,
            "key": key,
            "id": data.get("id"),
            "interaction": data.get("interaction"),
            "sequence": data.get("sequence"),
            "what": what,
            "stored": stored,
        }
