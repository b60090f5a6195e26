"""A CloudWatch alarm as SNS brings it. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from switchboard.event import digest


@dataclass(frozen=True, slots=True)
class Alarm:
    """A notification of the alarm topic. `what_to_do` is the alarm's own description.

    `metric` is empty where the alarm is on several, or on none.
    """

    key: str
    name: str
    state: str
    what_to_do: str
    cause: str = ""
    at: str = ""
    metric: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


def read_alarms(event: Mapping[str, Any]) -> Sequence[Alarm]:
    """The alarms of a Lambda SNS event, in their order."""
    return [_alarm(record["Sns"]) for record in event["Records"]]


def _alarm(notification: Mapping[str, Any]) -> Alarm:
    """An alarm; what somebody else published to the topic is told as it is."""
    key = "alm_" + digest(str(notification["MessageId"]))
    text = str(notification.get("Message", ""))
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "AlarmName" not in told:
        subject = str(notification.get("Subject") or "a message to the alarm topic")
        return Alarm(key, subject, "", text)
    trigger = told.get("Trigger") or {}
    return Alarm(
        key=key,
        name=str(told["AlarmName"]),
        state=str(told.get("NewStateValue", "")),
        what_to_do=str(told.get("AlarmDescription") or ""),
        cause=str(told.get("NewStateReason") or ""),
        at=str(told.get("StateChangeTime") or ""),
        metric=str(trigger.get("MetricName") or ""),
        dimensions={str(one["name"]): str(one["value"]) for one in trigger.get("Dimensions") or ()},
    )
