"""The function that tells alarms, invoked as SNS does, over AWS's APIs in this process."""

import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from desk.command.app import app
from functions.to_slack import alarms
from switchboard.errors import ReasonClass, Unavailable
from switchboard.event import Event
from switchboard.ledger import State
from tests.desk.invoked import Context
from tests.desk.staged import Staged, staged
from tests.functions.to_slack.test_alarms import sample
from tests.functions.to_slack.workspace import CHANNEL, TOKEN, Slack

Tell = Callable[[dict[str, Any]], Any]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as made:
        made.put("destinations/chat", {"channel": CHANNEL, "personal_data": "show"})
        boto3.client("secretsmanager").create_secret(
            Name="/switchboard/dev/destinations/chat",
            SecretString=json.dumps({"bot_token": TOKEN}),
        )
        yield made


@pytest.fixture
def tell(stage: Staged, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Tell:
    del stage
    deploy_time = {"api_url": f"{slack.url}/api", "private_hosts": ["127.0.0.1"]}
    environment = {
        "STAGE": "dev",
        "STATE_TABLE": "state",
        "CONFIGURATION_TABLE": "configuration",
        "ARCHIVE_BUCKET": "archive",
        "LEDGER_TABLE": "ledger",
        "EVENTS_TABLE": "events",
        "DESTINATION": "chat",
        "DEPLOY_TIME": json.dumps(deploy_time),
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"SWITCHBOARD_{name}", value)
    # A new sandbox: the handler is wired once.
    handle = importlib.reload(alarms).lambda_handler
    return lambda event: handle(event, Context(function_name="alarms-to-chat"))


def dead(stage: Staged, number: int = 1, **changes: Any) -> Event:
    data = {"caller": {"name": "Ann Example", "phone": "+14155552671"}, "queue": "sales"}
    event = stage.route(number, "crm", data=data)
    entry = {
        "reason_class": ReasonClass.REJECTED,
        "reason": "answered 422",
        "answer": "Ann Example is no contact: ann@example.com",
        "updated_at": 1_790_000_000.0 + number,
        **changes,
    }
    stage.settle(event, "crm", State.DEAD, **entry)
    return event


def told(slack: Slack) -> str:
    (message,) = slack.workspace.posted(CHANNEL)
    return json.dumps(message["blocks"], ensure_ascii=False)


def on(metric: str, **changes: Any) -> dict[str, Any]:
    event = sample()
    notification = event["Records"][0]["Sns"]
    alarm = json.loads(notification["Message"])
    alarm["Trigger"]["MetricName"] = metric
    notification["Message"] = json.dumps(alarm | changes)
    return event


def test_the_sample_tells_the_newest_dead_letter_and_the_exact_commands(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    dead(stage, 1, reason="an older one")
    event = dead(stage, 2)
    assert tell(sample()) == {}
    shown = told(slack)
    for part in (
        "2026-09-21T14:13:22.000Z: rejected",
        "answered 422",
        "read the vendor's answer, correct mapping or record, then replay it",
        "meeting.participant.joined",
        "sales",
        f"`switchboard dead show crm {event.id[:12]} --stage dev`",
        "`switchboard replay plan crm --reason rejected --stage dev`",
        "`switchboard dead list crm --stage dev`",
    ):
        assert part in shown
    assert "an older one" not in shown


def test_it_is_masked_even_where_the_channel_may_see_personal_data(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    dead(stage, reason="no contact Ann Example")
    tell(sample())
    shown = told(slack)
    for personal in ("Ann Example", "4155552671", "ann@example.com"):
        assert personal not in shown
    assert "caller.name" in shown
    assert "@example.com" in shown


def test_a_field_that_the_channel_is_not_allowed_is_not_in_the_sample(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    stage.put("policies/fields", {"sensitive": ["data.queue"]})
    dead(stage)
    tell(sample())
    shown = told(slack)
    assert "sales" not in shown
    assert "caller.name" in shown


@pytest.mark.parametrize("reason", list(ReasonClass))
def test_each_command_is_one_that_the_cli_takes(
    tell: Tell, stage: Staged, slack: Slack, reason: ReasonClass
) -> None:
    dead(stage, reason_class=reason)
    tell(sample())
    named = [part for part in told(slack).split("`") if part.startswith("switchboard ")]
    assert len(named) == 3
    for command in named:
        _, bound, _ = app.parse_args(command.split()[1:], exit_on_error=False)
        assert bound.arguments["stage"] == "dev"


def test_what_was_never_fanned_out_is_shown_and_nothing_to_replay_is_offered(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    event = stage.route(1)
    stage.settle(event, "route", State.DEAD, reason_class=ReasonClass.EVENT, reason="no id")
    trigger = {
        "MetricName": "dead_lettered",
        "Dimensions": [
            {"name": "stage", "value": "dev"},
            {"name": "destination", "value": "route"},
        ],
    }
    tell(on("dead_lettered", Trigger=trigger))
    shown = told(slack)
    assert f"`switchboard dead show route {event.id[:12]} --stage dev`" in shown
    assert "replay plan" not in shown


@pytest.mark.parametrize(
    ("metric", "reason", "shows"),
    [
        ("bugs", ReasonClass.BUG, True),
        ("bugs", ReasonClass.REJECTED, False),
        ("refused_credentials", ReasonClass.REJECTED, False),
        ("breaker_open", ReasonClass.REJECTED, False),
    ],
)
def test_only_a_dead_letter_that_explains_the_alarm_is_shown(
    tell: Tell, stage: Staged, slack: Slack, metric: str, reason: ReasonClass, *, shows: bool
) -> None:
    dead(stage, reason_class=reason)
    tell(on(metric))
    assert ("newest dead letter" in told(slack)) is shows


def test_an_alarm_that_is_over_shows_none(tell: Tell, stage: Staged, slack: Slack) -> None:
    dead(stage)
    tell(on("dead_lettered", NewStateValue="OK"))
    assert "newest dead letter" not in told(slack)


def test_an_event_that_is_not_kept_any_more_leaves_the_reason_and_the_commands(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    event = dead(stage)
    stage.remove("events", "interaction:one", event.id)
    tell(sample())
    shown = told(slack)
    assert "answered 422" in shown
    assert "sales" not in shown
    assert f"dead show crm {event.id[:12]}" in shown


def test_a_ledger_that_cannot_be_read_keeps_no_alarm_from_being_told(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    dead(stage)
    boto3.client("dynamodb").delete_table(TableName="ledger")
    tell(sample())
    assert "switchboard dead list crm --stage dev" in told(slack)


def test_while_slack_is_away_the_invocation_fails_so_that_lambda_tries_it_again(
    tell: Tell, stage: Staged, slack: Slack
) -> None:
    dead(stage)
    slack.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            tell(sample())
    assert slack.texts() == []
    slack.away = False
    tell(sample())
    assert "newest dead letter" in told(slack)
