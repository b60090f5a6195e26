from typing import Any

import pytest

from desk.demo.prices import is_source, price, shares, together


def call(service: str, action: str, **more: Any) -> dict[str, Any]:
    return {"role": "r", "service": service, "action": action, "bytes": 10, "resource": "x", **more}


@pytest.mark.parametrize(
    ("made", "dollars"),
    [
        (call("sqs", "SendMessageBatch"), 0.50),
        (call("sqs", "SendMessageBatch", bytes=65 * 1024), 1.00),
        (call("dynamodb", "PutItem", bytes=1024), 0.625),
        (call("dynamodb", "UpdateItem", bytes=1025), 1.25),
        (call("dynamodb", "PutItem", resource="arn:table/switchboard-laptop-events"), 1.25),
        (call("dynamodb", "Query"), 0.125),
        (call("s3", "PutObject"), 5.0),
        (call("s3", "GetObject"), 0.4),
        (call("secretsmanager", "GetSecretValue"), 5.0),
        (call("ssm", "GetParameters"), 0.0),
    ],
)
def test_a_million_requests_cost_what_aws_lists(made: dict[str, Any], dollars: float) -> None:
    assert price(made) * 1e6 == pytest.approx(dollars)


def test_idle_polls_logs_and_the_operator_are_nobodys_share() -> None:
    calls = [
        call("sqs", "ReceiveMessage", idle=True),
        call("logs", "PutLogEvents"),
        call("s3", "PutObject", role="OPERATOR"),
        call("sqs", "DeleteMessageBatch"),
        call("sqs", "SendMessage", role="switchboard-laptop-receive-webhook-role"),
    ]
    found = shares(calls)
    assert {role: share.requests for role, share in found.items()} == {
        "r": 1,
        "switchboard-laptop-receive-webhook-role": 1,
    }
    assert [is_source(role) for role in found] == [False, True]
    assert together(list(found.values())).of(4) == {
        "requests": 2,
        "requests_each": 0.5,
        "dollars_per_million": 0.25,
    }
