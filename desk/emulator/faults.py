"""What is made to fail, by seed: so that a run can be repeated."""

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FaultPlan(BaseModel):
    """A plan, as it is posted to the emulator.

    `refuse_sends` is the share of messages sent to SQS by functions that are refused one by one,
    in `queues` if any are named. `down` are services (`sqs`, `dynamodb`, …) that answer 503,
    `throttled` those that answer that there were too many requests, `slow` those that take so many
    seconds to begin, and `cut` those that do as asked and then close the connection without an
    answer: these four meet the share `share` of a service's requests. All of it meets the roles in
    `roles`; none named: every role. The operator is never refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    refuse_sends: float = Field(default=0.0, ge=0, le=1)
    queues: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()
    slow: dict[str, float] = Field(default_factory=dict)
    cut: tuple[str, ...] = ()
    share: float = Field(default=1.0, ge=0, le=1)


@dataclass(slots=True)
class Faults:
    """The plan that is in force, and what it did."""

    plan: FaultPlan = field(default_factory=FaultPlan)
    refused_sends: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    _tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    _requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, plan: FaultPlan) -> None:
        """Put `plan` in force."""
        with self._lock:
            self.plan = plan
            self._tries.clear()
            self._requests.clear()

    def refuses_send(self, queue: str, role: str, deduplication_id: str) -> bool:
        """Whether this one message is refused, by its id and which try it is: not by chance."""
        plan = self.plan
        if not plan.refuse_sends or not self._meets(role) or queue not in (plan.queues or {queue}):
            return False
        with self._lock:
            self._tries[queue, deduplication_id] += 1
            tried = self._tries[queue, deduplication_id]
            refused = _drawn(plan.refuse_sends, plan.seed, queue, deduplication_id, tried)
            self.refused_sends += refused
            return refused

    def of(self, service: str, role: str) -> tuple[int, dict[str, Any]] | None:
        """The answer of a service that is down or throttles."""
        plan = self.plan
        if self._strikes("down", service in plan.down, service, role):
            return 503, {"__type": "ServiceUnavailable", "message": "the service is unavailable"}
        if self._strikes("throttled", service in plan.throttled, service, role):
            kinds = {"dynamodb": "ProvisionedThroughputExceededException"}
            code = kinds.get(service, "ThrottlingException")
            return 400, {"__type": code, "message": "too many requests"}
        return None

    def slowness(self, service: str, role: str) -> float:
        """For how many seconds this request waits before anything is done of it."""
        seconds = self.plan.slow.get(service, 0.0)
        return seconds if self._strikes("slow", seconds > 0, service, role) else 0.0

    def cuts(self, service: str, role: str) -> bool:
        """Whether this request, which was carried out, gets no answer."""
        return self._strikes("cut", service in self.plan.cut, service, role)

    def _strikes(self, kind: str, planned: bool, service: str, role: str) -> bool:
        """Whether a planned fault meets this request, by which of the service's requests it is."""
        if not planned or not self._meets(role):
            return False
        with self._lock:
            plan = self.plan
            self._requests[kind, service] += 1
            number = self._requests[kind, service]
            struck = _drawn(plan.share, plan.seed, kind, service, number)
            self.injected[kind] += struck
            return struck

    def _meets(self, role: str) -> bool:
        return role != "OPERATOR" and role in (self.plan.roles or {role})


def _drawn(share: float, *what: object) -> bool:
    """Whether `what` is in the share: always the same."""
    drawn = hashlib.sha256("|".join(map(str, what)).encode())
    return int.from_bytes(drawn.digest()[:4], "big") < share * 2**32
