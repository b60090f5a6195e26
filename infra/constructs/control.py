"""What `control_destinations` may do: of its own, and what each destination's stack lets it."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from infra.names import Names
from infra.statements import Statement, allow, arn, policy


def control_statements(names: Names, state_arn: str) -> Sequence[Statement]:
    """Which destinations there are, and their states."""
    folder = names.parameter("deployment/destinations")
    return [
        allow(["ssm:GetParametersByPath"], arn("ssm", f"parameter{folder}")),
        allow(["dynamodb:GetItem"], state_arn),
    ]


def let_the_control_switch(
    stack: cdk.Stack,
    names: Names,
    destination: str,
    mappings: Sequence[lambda_.CfnEventSourceMapping],
    queue_arns: Sequence[str],
    function: str,
) -> None:
    """The one function that may switch mappings may switch these, count what waits, and drain."""
    ids = [stack.get_logical_id(mapping) for mapping in mappings]
    iam.CfnPolicy(
        stack,
        "ControlMaySwitch",
        policy_name=f"switch-{destination}",
        roles=[names.role(names.function("control_destinations"))],
        policy_document=policy(
            [
                allow(
                    ["lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping"],
                    *[arn("lambda", f"event-source-mapping:${{{one}}}") for one in ids],
                ),
                allow(["sqs:GetQueueAttributes"], *queue_arns),
                allow(["lambda:InvokeFunction"], arn("lambda", f"function:{function}")),
            ]
        ),
    )
