"""Alarms to one topic; each says in its description what to do."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.commands import on_stage

FIVE_MINUTES = 300


class Alarms:
    """Makes alarms that notify one SNS topic, which is known by its ARN.

    A description names commands between backticks and without their stage, which is added.
    """

    def __init__(self, topic_arn: str, stage: str) -> None:
        self._topic_arn = topic_arn
        self._stage = stage

    def on_metric(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        threshold: float = 1,
        statistic: str = "Sum",
        periods: int = 1,
        heartbeat: bool = False,
    ) -> None:
        """Alarm when `metric` reaches `threshold` within five minutes, `periods` times in a row.

        A `heartbeat` alarms the other way: when it stays below, or is not there at all.
        """
        cloudwatch.CfnAlarm(
            scope,
            f"{construct_id}Alarm",
            alarm_name=name,
            alarm_description=on_stage(description, self._stage),
            namespace=namespace,
            metric_name=metric,
            dimensions=_dimensions(dimensions),
            statistic=statistic,
            period=FIVE_MINUTES,
            evaluation_periods=periods,
            threshold=threshold,
            comparison_operator="LessThanThreshold"
            if heartbeat
            else "GreaterThanOrEqualToThreshold",
            treat_missing_data="breaching" if heartbeat else "notBreaching",
            alarm_actions=[self._topic_arn],
        )

    def on_own(
        self,
        scope: Construct,
        metric: str,
        *,
        name: str,
        description: str,
        source: str | None = None,
        destination: str | None = None,
        threshold: float = 1,
        statistic: str = "Sum",
        periods: int = 1,
        heartbeat: bool = False,
    ) -> None:
        """Alarm on a metric of Switchboard's own, of one source or destination."""
        which = {"source": source} if source is not None else {"destination": str(destination)}
        self.on_metric(
            scope,
            "".join(part.capitalize() for part in metric.split("_")),
            name=name,
            description=description,
            namespace="Switchboard",
            metric=metric,
            dimensions={"stage": self._stage, **which},
            threshold=threshold,
            statistic=statistic,
            periods=periods,
            heartbeat=heartbeat,
        )

    def on_age(self, scope: Construct, *, queue: str, seconds: int, description: str) -> None:
        """Alarm when a queue's oldest message is older than `seconds`."""
        self.on_metric(
            scope,
            "Age",
            name=f"{queue.removesuffix('.fifo')}-age",
            description=description,
            namespace="AWS/SQS",
            metric="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": queue},
            threshold=seconds,
            statistic="Maximum",
        )

    def on_moved_by_sqs(self, scope: Construct, *, queue: str, command: str) -> None:
        """Alarm when a dead-letter queue grew by more than was sent to it.

        What SQS itself moves is not counted in NumberOfMessagesSent, and what this product
        buries is: the difference is what only `maxReceiveCount` stopped.
        """
        cloudwatch.CfnAlarm(
            scope,
            "MovedAlarm",
            alarm_name=f"{queue.removesuffix('.fifo')}-moved-by-sqs",
            alarm_description=on_stage(
                "SQS moved messages to the dead-letter queue after 1,000 receives: this is a bug,"
                f" since attempts end long before. Look with `{command}`.",
                self._stage,
            ),
            metrics=[
                cloudwatch.CfnAlarm.MetricDataQueryProperty(
                    id="moved",
                    expression="IF(DIFF(visible) > sent, 1, 0)",
                    return_data=True,
                ),
                _query("visible", queue, "ApproximateNumberOfMessagesVisible", "Maximum"),
                _query("sent", queue, "NumberOfMessagesSent", "Sum"),
            ],
            evaluation_periods=1,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[self._topic_arn],
        )


def _dimensions(
    dimensions: Mapping[str, str],
) -> Sequence[cloudwatch.CfnAlarm.DimensionProperty]:
    return [
        cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
        for name, value in dimensions.items()
    ]


def _query(
    query_id: str, queue: str, metric: str, statistic: str
) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query_id,
        return_data=False,
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
            metric=cloudwatch.CfnAlarm.MetricProperty(
                namespace="AWS/SQS",
                metric_name=metric,
                dimensions=_dimensions({"QueueName": queue}),
            ),
            period=FIVE_MINUTES,
            stat=statistic,
        ),
    )
