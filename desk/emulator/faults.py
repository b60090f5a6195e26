"""What is made to fail, by seed: so that a run can be repeated."""

import random
import threading
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict


class FaultPlan(BaseModel):
    """A plan, as it is posted to the emulator.

    `refuse_sends` is the share of messages sent to SQS by functions that are refused one by one;
    `down` are services (`sqs`, `dynamodb`, …) that answer 503 to every function, and `throttled`
    those that answer that there were too many requests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    refuse_sends: float = 0.0
    down: tuple[str, ...] = ()
    throttled: tuple[str, ...] = ()


@dataclass(slots=True)
class Faults:
    """The plan that is in force, and what it did."""

    plan: FaultPlan = field(default_factory=FaultPlan)
    refused_sends: int = 0
    _random: random.Random = field(
        default_factory=lambda: random.Random(0)  # noqa: S311 - repeatable, not secret
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, plan: FaultPlan) -> None:
        """Put `plan` in force."""
        with self._lock:
            self.plan = plan
            self._random = random.Random(plan.seed)  # noqa: S311 - repeatable, not secret

    def refuses_send(self, queue: str, role: str) -> bool:
        """Whether this one message is refused. What the operator sends always arrives."""
        del queue
        with self._lock:
            refused = role != "OPERATOR" and self._random.random() < self.plan.refuse_sends
            self.refused_sends += refused
            return refused

    def of(self, service: str) -> tuple[int, dict[str, Any]] | None:
        """The answer of a service that is down or throttles."""
        if service in self.plan.down:
            return 503, {"__type": "ServiceUnavailable", "message": "the service is unavailable"}
        if service in self.plan.throttled:
            kinds = {"dynamodb": "ProvisionedThroughputExceededException"}
            code = kinds.get(service, "ThrottlingException")
            return 400, {"__type": code, "message": "too many requests"}
        return None
