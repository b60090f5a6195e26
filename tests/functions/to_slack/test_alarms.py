"""A stage's alarms, as SNS hands them to the destination's own function."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.to_slack.alarm import read_alarms
from functions.to_slack.alarm_message import alarm_message
from switchboard.errors import ConfigurationError
from tests.functions.to_slack.test_message import assert_slack_takes
from tests.functions.to_slack.workspace import CHANNEL, OTHER, Slack

SAMPLE = Path(__file__).parents[3] / "events" / "invocations" / "to_slack" / "alarm.json"


def sample(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(SAMPLE.read_text())
    event["Records"][0]["Sns"] |= changes
    return event


def test_an_alarm_says_what_happened_and_the_exact_command(slack: Slack) -> None:
    (alarm,) = read_alarms(sample())
    slack.destination().announce(alarm_message(alarm), alarm.key)
    (message,) = slack.workspace.posted(CHANNEL)
    shown = json.dumps(message["blocks"], ensure_ascii=False)
    for told in (
        "switchboard-dev-crm-dead-lettered",
        "ALARM",
        "`switchboard dead list crm --stage dev`",
        "destination crm",
        "[3.0 (27/11/26 14:40:00)]",
        "2026-11-27T14:46:12",
    ):
        assert told in shown
    assert message["metadata"]["event_payload"] == {"key": alarm.key}


def test_it_goes_to_the_channel_for_alarms_or_through_the_webhook(slack: Slack) -> None:
    (alarm,) = read_alarms(sample())
    slack.destination(alarm_channel=OTHER).announce(alarm_message(alarm), alarm.key)
    assert (len(slack.texts(OTHER)), slack.texts()) == (1, [])
    webhook = slack.destination(credential="webhook_url", channel=None)
    webhook.announce(alarm_message(alarm), alarm.key)
    assert len(slack.texts()) == 1


def test_without_a_channel_it_says_what_to_write(slack: Slack) -> None:
    (alarm,) = read_alarms(sample())
    destination = slack.destination(channel=None, channel_by="data.channel")
    with pytest.raises(ConfigurationError, match="alarm_channel"):
        destination.announce(alarm_message(alarm), alarm.key)


@pytest.mark.parametrize("message", ["plain words", "[]", '{"other": 1}', "", "x" * 200_000])
def test_whatever_is_published_to_the_topic_is_told(message: str) -> None:
    (alarm,) = read_alarms(sample(Message=message, Subject=None))
    assert_slack_takes(alarm_message(alarm))


def test_what_looks_like_a_persons_number_is_masked() -> None:
    told = {"AlarmName": "a", "NewStateReason": "call +14155552671", "AlarmDescription": "b"}
    (alarm,) = read_alarms(sample(Message=json.dumps(told)))
    assert "4155552671" not in json.dumps(list(alarm_message(alarm).blocks))
