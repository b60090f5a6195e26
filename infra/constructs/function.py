"""A function with its role, its log group and its alarms."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.findings import acknowledge
from infra.names import Names
from infra.statements import Statement, allow, arn, policy, trust, wildcards

NAMESPACE = "Switchboard"
RUNTIME = "python3.13"


class Function(Construct):
    """A deployed unit. Its role may do what `statements` say, and write its own logs.

    `module` of its folder has the handler. What it is invoked with asynchronously, and fails on for
    good, goes to the queue `dead_letters`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        name: str,
        folder: str,
        code: assets.Asset,
        layer: lambda_.CfnLayerVersion,
        cpu: str,
        timeout: int,
        memory: int,
        environment: Mapping[str, str],
        statements: Sequence[Statement],
        log_retention_days: int,
        removal: cdk.RemovalPolicy,
        alarms: Alarms,
        module: str = "handler",
        dead_letters: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = name
        self.timeout = timeout
        group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=names.log_group(name),
            retention_in_days=log_retention_days,
        )
        group.apply_removal_policy(removal)
        write_logs = allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            arn("logs", f"log-group:{names.log_group(name)}:log-stream:*"),
        )
        role = iam.CfnRole(
            self,
            "Role",
            role_name=names.role(name),
            assume_role_policy_document=trust("lambda"),
            policies=[
                iam.CfnRole.PolicyProperty(
                    policy_name="own", policy_document=policy([*statements, write_logs])
                )
            ],
        )
        for resource in wildcards([*statements, write_logs]):
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                "A wildcard stands only after a fixed prefix: the function's own log streams,"
                " objects under one prefix of one bucket, mappings of this stage.",
            )
        self.resource = lambda_.CfnFunction(
            self,
            "Function",
            function_name=name,
            runtime=RUNTIME,
            architectures=[cpu],
            handler=f"functions.{folder}.{module}.lambda_handler",
            code=lambda_.CfnFunction.CodeProperty(
                s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key
            ),
            layers=[layer.ref],
            role=role.attr_arn,
            timeout=timeout,
            memory_size=memory,
            dead_letter_config=lambda_.CfnFunction.DeadLetterConfigProperty(target_arn=dead_letters)
            if dead_letters
            else None,
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={
                    **environment,
                    "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                }
            ),
        )
        self.resource.add_resource_dependency(group)
        acknowledge(
            self.resource,
            "AwsSolutions-L1",
            "python3.13 is the one runtime of all functions: the layer's wheels and byte-code are"
            " made for it, and it is raised for all of them at once.",
        )
        code.add_resource_metadata(self.resource, "Code")
        self._alarm(alarms)

    def _alarm(self, alarms: Alarms) -> None:
        for metric, what in (("Errors", "crashed or ran out of time"), ("Throttles", "throttled")):
            alarms.on_metric(
                self,
                metric,
                name=f"{self.name}-{metric.lower()}",
                description=f"{self.name} was {what}. Nothing is lost: its messages come back."
                f" Read the logs in /aws/lambda/{self.name}."
                if metric == "Errors"
                else f"{self.name} was throttled. Nothing is lost, but it is late: raise the"
                " account's concurrency quota, or lower `concurrency` of destinations.",
                namespace="AWS/Lambda",
                metric=metric,
                dimensions={"FunctionName": self.name},
            )

    def poll(
        self,
        construct_id: str,
        queue_arn: str,
        *,
        batch_size: int,
        concurrency: int,
        window: int = 0,
        enabled: bool = True,
    ) -> lambda_.CfnEventSourceMapping:
        """Let Lambda poll a queue for it; a standard queue's batch may be gathered for `window`."""
        return lambda_.CfnEventSourceMapping(
            self,
            construct_id,
            function_name=self.resource.ref,
            event_source_arn=queue_arn,
            batch_size=batch_size,
            maximum_batching_window_in_seconds=window or None,
            enabled=None if enabled else False,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=lambda_.CfnEventSourceMapping.ScalingConfigProperty(
                maximum_concurrency=concurrency
            ),
        )


def poll_statement(*queue_arns: str) -> Statement:
    """What Lambda's pollers and the loop need of the queues that a function is fed from."""
    return allow(
        [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
        *queue_arns,
    )
