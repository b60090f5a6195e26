"""What tells a stage's alarms to people, by a destination's own code."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.function import Function
from infra.constructs.queues import Queue
from infra.findings import acknowledge
from infra.names import Names
from infra.stage import DestinationEntry, Stage
from infra.statements import Statement, allow, arn


class AlarmTeller(Construct):
    """A function that the alarm topic invokes; what it fails on for good waits in its own queue.

    The core knows nothing of it: it subscribes itself to the topic's name.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        destination: str,
        entry: DestinationEntry,
        code: assets.Asset,
        layer: lambda_.CfnLayerVersion,
        settings: Stage,
        environment: Mapping[str, str],
        statements: Sequence[Statement],
        removal: cdk.RemovalPolicy,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        topic = cdk.Fn.sub(arn("sns", f"{names.prefix}-alarms"))
        dead_name = f"{names.prefix}-{destination}-alarms-dead"
        # Lambda sends what failed three times to a standard queue only.
        dead = Queue(self, "Dead", name=dead_name, visibility=entry.timeout, retain=settings.retain)
        acknowledge(
            dead.resource,
            "AwsSolutions-SQS3",
            "It is a dead-letter queue itself, of a function's events.",
        )
        function = Function(
            self,
            "Function",
            names=names,
            name=names.function(f"alarms-to-{destination}"),
            folder=entry.spec.folder,
            module=str(entry.spec.alarms),
            code=code,
            layer=layer,
            cpu=settings.cpu,
            timeout=entry.timeout,
            memory=entry.spec.memory_mb,
            environment=environment,
            statements=[*statements, allow(["sqs:SendMessage"], dead.arn)],
            log_retention_days=settings.log_retention_days,
            removal=removal,
            alarms=alarms,
            dead_letters=dead.resource.attr_arn,
        )
        permission = lambda_.CfnPermission(
            self,
            "TopicMayInvoke",
            action="lambda:InvokeFunction",
            function_name=function.resource.ref,
            principal="sns.amazonaws.com",
            source_arn=topic,
        )
        subscription = sns.CfnSubscription(
            self,
            "Subscription",
            topic_arn=topic,
            protocol="lambda",
            endpoint=function.resource.attr_arn,
        )
        subscription.add_resource_dependency(permission)
        alarms.on_metric(
            self,
            "Untold",
            name=f"{names.prefix}-{destination}-alarms-untold",
            description=f"Alarms could not be told through {destination}. Read the logs of"
            f" {function.name}; the alarms are in the queue {dead_name}, and in CloudWatch.",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": dead_name},
            statistic="Maximum",
        )
