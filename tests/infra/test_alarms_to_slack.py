"""A destination whose entry says `alarms: true` is told the stage's alarms."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.stage import StageError, read_stage
from tests.infra.conftest import Synthesized

Make = Callable[[str, Mapping[str, Any]], Synthesized]
CHAT = {"sources": {}, "destinations": {"chat": {"kind": "slack", "alarms": True}}}


@pytest.fixture(scope="module")
def chat(make_stage: Make) -> dict[str, Any]:
    found: dict[str, Any] = make_stage("chat", CHAT).template("destination-chat")["Resources"]
    return found


def of_type(resources: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


def test_the_topic_invokes_a_function_of_the_destinations_own_code(chat: dict[str, Any]) -> None:
    functions = {one["FunctionName"]: one for one in of_type(chat, "AWS::Lambda::Function")}
    teller = functions["switchboard-made-alarms-to-chat"]
    assert teller["Handler"] == "functions.to_slack.alarms.lambda_handler"
    assert teller["Code"] == functions["switchboard-made-to-chat"]["Code"]
    (subscription,) = of_type(chat, "AWS::SNS::Subscription")
    (permission,) = of_type(chat, "AWS::Lambda::Permission")
    assert "switchboard-made-alarms" in json.dumps(subscription["TopicArn"])
    assert subscription["TopicArn"] == permission["SourceArn"]
    assert subscription["Protocol"] == "lambda"
    assert (permission["Action"], permission["Principal"]) == (
        "lambda:InvokeFunction",
        "sns.amazonaws.com",
    )


def test_what_cannot_be_told_waits_in_a_queue_of_its_own(chat: dict[str, Any]) -> None:
    (teller,) = (one for one in of_type(chat, "AWS::Lambda::Function") if "DeadLetterConfig" in one)
    dead = teller["DeadLetterConfig"]["TargetArn"]["Fn::GetAtt"][0]
    queue = chat[dead]["Properties"]
    assert queue["QueueName"] == "switchboard-made-chat-alarms-dead"
    # Lambda sends to no FIFO queue.
    assert "FifoQueue" not in queue
    alarms = {one["AlarmName"] for one in of_type(chat, "AWS::CloudWatch::Alarm")}
    assert "switchboard-made-chat-alarms-untold" in alarms


def test_of_deliveries_it_may_read_the_newest_dead_letter_and_its_event(
    chat: dict[str, Any],
) -> None:
    roles = {one["RoleName"]: one for one in of_type(chat, "AWS::IAM::Role")}
    policy = roles["switchboard-made-alarms-to-chat-role"]["Policies"][0]["PolicyDocument"]
    actions = {
        action
        for statement in policy["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert actions == {
        "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
        "logs:CreateLogStream", "logs:PutLogEvents",
        "secretsmanager:GetSecretValue", "sqs:SendMessage", "ssm:GetParameters",
    }  # fmt: skip
    places = {
        action: [
            resource["Fn::Sub"].rpartition(":")[2]
            for one in policy["Statement"]
            for resource in one["Resource"]
            if one["Action"] == [action]
        ]
        for action in ("dynamodb:Query", "dynamodb:BatchGetItem")
    }
    assert places == {
        "dynamodb:Query": ["table/switchboard-made-ledger/index/dead"],
        "dynamodb:BatchGetItem": ["table/switchboard-made-events"],
    }


def test_a_kind_that_tells_no_alarms_is_refused() -> None:
    entry = {"kind": "webhook", "alarms": True}
    with pytest.raises(StageError, match="alarms"):
        read_stage("made", {"made": {"sources": {}, "destinations": {"crm": entry}}})
