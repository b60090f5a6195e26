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
    in `queues` if any are named; `down` are services (`sqs`, `dynamodb`, …) that answer 503, and
    `throttled` those that answer that there were too many requests. All of it meets the roles in
    `roles`; none named: every role. The operator is never refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    refuse_sends: float = Field(default=0.0, ge=0, le=1)
    queues: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()


@dataclass(slots=True)
class Faults:
    """The plan that is in force, and what it did."""

    plan: FaultPlan = field(default_factory=FaultPlan)
    refused_sends: int = 0
    _tries: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, plan: FaultPlan) -> None:
        """Put `plan` in force."""
        with self._lock:
            self.plan = plan
            self._tries.clear()

    def refuses_send(self, queue: str, role: str, deduplication_id: str) -> bool:
        """Whether this one message is refused, by its id and which try it is: not by chance."""
        plan = self.plan
        if not plan.refuse_sends or not self._meets(role) or queue not in (plan.queues or {queue}):
            return False
        with self._lock:
            self._tries[queue, deduplication_id] += 1
            tried = self._tries[queue, deduplication_id]
            drawn = hashlib.sha256(f"{plan.seed}|{queue}|{deduplication_id}|{tried}".encode())
            refused = int.from_bytes(drawn.digest()[:4], "big") < plan.refuse_sends * 2**32
            self.refused_sends += refused
            return refused

    def of(self, service: str, role: str) -> tuple[int, dict[str, Any]] | None:
        """The answer of a service that is down or throttles."""
        if not self._meets(role):
            return None
        if service in self.plan.down:
            return 503, {"__type": "ServiceUnavailable", "message": "the service is unavailable"}
        if service in self.plan.throttled:
            kinds = {"dynamodb": "ProvisionedThroughputExceededException"}
            code = kinds.get(service, "ThrottlingException")
            return 400, {"__type": code, "message": "too many requests"}
        return None

    def _meets(self, role: str) -> bool:
        return role != "OPERATOR" and role in (self.plan.roles or {role})
