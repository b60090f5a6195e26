"""Invoking a function again and again."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.constructs.function import Function


class Schedule(Construct):
    """A rule that invokes `function` at a rate ("1 minute") with `given`, and may do so."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: Function,
        every: str,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        rule = events.CfnRule(
            self,
            "Rule",
            name=f"{function.name}-schedule",
            schedule_expression=f"rate({every})",
            state="ENABLED",
            targets=[
                events.CfnRule.TargetProperty(
                    id="function",
                    arn=function.resource.attr_arn,
                    input=None if given is None else json.dumps(given),
                )
            ],
        )
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=function.resource.ref,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )
