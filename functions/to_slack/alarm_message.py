"""A CloudWatch alarm as a Slack message: what happened, since when, and what to do. Pure.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.to_slack.limits import LONGEST_TEXT, note, shortened, within_limits
from functions.to_slack.masking import masker
from functions.to_slack.message import Message, escaped, section
from switchboard.event import digest

_SIGNS = {"ALARM": "🔴", "OK": "🟢"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A notification of the alarm topic. `what_to_do` is the alarm's own description."""

    key: str
    name: str
    state: str
    what_to_do: str
    cause: str = ""
    at: str = ""
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
    dimensions = (told.get("Trigger") or {}).get("Dimensions") or ()
    return Alarm(
        key=key,
        name=str(told["AlarmName"]),
        state=str(told.get("NewStateValue", "")),
        what_to_do=str(told.get("AlarmDescription") or ""),
        cause=str(told.get("NewStateReason") or ""),
        at=str(told.get("StateChangeTime") or ""),
        dimensions={str(one["name"]): str(one["value"]) for one in dimensions},
    )


def alarm_message(alarm: Alarm) -> Message:
    """State and name, what to do, and the cause with the values that crossed the threshold."""
    hide = masker({})
    sign = _SIGNS.get(alarm.state, "⚪")
    title = f"{sign} *{escaped(alarm.name)}*" + (f" {alarm.state}" if alarm.state else "")
    where = " · ".join(f"{name} {value}" for name, value in alarm.dimensions.items())
    lines = [alarm.at, where, hide(alarm.cause)]
    blocks = [section(title)]
    if alarm.what_to_do:
        blocks.append(section(escaped(hide(alarm.what_to_do))))
    blocks += [note(escaped(line)) for line in lines if line]
    return Message(shortened(f"{title} {alarm.what_to_do}", LONGEST_TEXT), within_limits(blocks))
