"""EventBridge's schedules: rules with a `rate(…)` whose target is a deployed function.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.laptop.client import ACCOUNT, REGION, emulator_client

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeployedSchedule:
    """A function that is invoked every so many seconds. `given` is the target's own input."""

    rule: str
    function: str
    seconds: float
    given: str | None = None

    def event(self) -> Any:
        """What the function gets."""
        if self.given is not None:
            return json.loads(self.given)
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{self.rule}"],
            "detail": {},
        }


def read_schedules(functions: Collection[str], endpoint_url: str) -> Sequence[DeployedSchedule]:
    """The enabled schedules of `functions`.

    Raises:
        ValueError: a rule has a cron expression, which the laptop does not understand.
    """
    events = emulator_client("events", endpoint_url)
    return [
        DeployedSchedule(rule["Name"], name, _seconds(rule), target.get("Input"))
        for rule in events.list_rules()["Rules"]
        if rule.get("ScheduleExpression") and rule["State"] == "ENABLED"
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if (name := target["Arn"].rpartition(":")[2]) in functions
    ]


def _seconds(rule: Any) -> float:
    found = _RATE.fullmatch(rule["ScheduleExpression"])
    if found is None:
        raise ValueError(f"{rule['Name']}: the laptop fires rate(…) only, no cron(…)")
    return int(found[1]) * _SECONDS[found[2]]


def fire(
    schedule: DeployedSchedule, invoke: Callable[[Any], Any], stopping: threading.Event
) -> None:
    """Invoke on time until `stopping` is set; a failure is the function's and logged there."""
    due = time.monotonic() + schedule.seconds
    while not stopping.wait(max(0.0, due - time.monotonic())):
        due += schedule.seconds
        try:
            invoke(schedule.event())
        except Exception as error:  # noqa: BLE001 - the next one is fired all the same
            logger.debug("%s: %s", schedule.rule, error)
