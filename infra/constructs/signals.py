"""Figures of a source or a destination that are held against their own past, and alarm by it.

CloudWatch learns the band of each figure by itself, hour of day and day of week included.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.commands import on_stage

NAMESPACE = "Switchboard"
FIVE_MINUTES = 300
PERIODS = 3
DEVIATIONS = 3

Side = Literal["above", "below", "outside"]

_COMPARISONS: Mapping[Side, str] = {
    "above": "GreaterThanUpperThreshold",
    "below": "LessThanLowerThreshold",
    "outside": "LessThanLowerOrGreaterThanUpperThreshold",
}


@dataclass(frozen=True, slots=True)
class Signal:
    """A figure: an `expression` over `metrics` (an id, and its metric and statistic).

    It alarms when it leaves its band to the given `side` for a quarter of an hour. `description`
    may hold {name}, and names commands without their stage, which is added.
    """

    ending: str
    metrics: Mapping[str, tuple[str, str]]
    expression: str
    side: Side
    description: str


_OUTCOMES = {
    "good": ("delivered", "Sum"),
    "again": ("retried", "Sum"),
    "dead": ("dead_lettered", "Sum"),
}
_ALL = "(FILL(good, 0) + FILL(again, 0) + FILL(dead, 0))"

OF_DESTINATIONS: Sequence[Signal] = (
    Signal(
        "throughput",
        {"good": ("delivered", "Sum")},
        "FILL(good, 0)",
        "outside",
        "As many deliveries to {name} as now are unusual at this hour. Too few: compare with its"
        " sources (`switchboard destinations list`); too many: look who sends (`switchboard tail"
        " --destination {name}`).",
    ),
    Signal(
        "latency",
        {"late": ("delivery_seconds", "p90")},
        "late",
        "above",
        "From event to write {name} takes longer than it used to. Nothing is lost. Run `switchboard"
        " destinations list`: it shows whether the breaker is open, a rate limit holds, or events"
        " wait.",
    ),
    Signal(
        "success-ratio",
        _OUTCOMES,
        f"100 * FILL(good, 0) / {_ALL}",
        "below",
        "Fewer attempts at {name} succeed than used to. Run `switchboard tail --destination {name}"
        " --state waiting` and look at the vendor's answers.",
    ),
    Signal(
        "retry-ratio",
        _OUTCOMES,
        f"100 * FILL(again, 0) / {_ALL}",
        "above",
        "More attempts at {name} are repeated than used to be. Nothing is lost; the vendor is slow,"
        " down or limits. Run `switchboard destinations list`.",
    ),
    Signal(
        "dead-ratio",
        _OUTCOMES,
        f"100 * FILL(dead, 0) / {_ALL}",
        "above",
        "More deliveries to {name} stop than used to. Run `switchboard dead list {name}`: it says"
        " why, and how to replay them.",
    ),
)

_ROUTES = {
    "good": ("routed", "Sum"),
    "again": ("retried", "Sum"),
    "dead": ("dead_lettered", "Sum"),
}

OF_SOURCES: Sequence[Signal] = (
    Signal(
        "throughput",
        {"good": ("routed", "Sum")},
        "FILL(good, 0)",
        "outside",
        "As many events of {name} as now are unusual at this hour. Too few: the sender has stopped"
        " or is refused (`switchboard search --source {name}` shows the last ones); too many: a"
        " loop, or a replay on its side.",
    ),
    Signal(
        "latency",
        {"late": ("routing_seconds", "p90")},
        "late",
        "above",
        "From event to routing {name} takes longer than it used to. Nothing is lost. The sender is"
        " late, or route-events lags: look at its throttles and at the age of the ingest queue.",
    ),
    Signal(
        "success-ratio",
        _ROUTES,
        f"100 * FILL(good, 0) / {_ALL}",
        "below",
        "Fewer events of {name} are routed at their first try than used to be. Run `switchboard"
        " dead list route`, and read the logs of route-events.",
    ),
    Signal(
        "retry-ratio",
        _ROUTES,
        f"100 * FILL(again, 0) / {_ALL}",
        "above",
        "More events of {name} are routed in several tries than used to be. Nothing is lost: SQS,"
        " DynamoDB or S3 refuse. Read the logs of route-events.",
    ),
    Signal(
        "dead-ratio",
        _ROUTES,
        f"100 * FILL(dead, 0) / {_ALL}",
        "above",
        "More events of {name} cannot be routed than used to. Run `switchboard dead list route`: it"
        " says why, and how to replay them.",
    ),
)


def watch_signals(
    scope: Construct,
    signals: Sequence[Signal],
    *,
    topic_arn: str,
    prefix: str,
    stage: str,
    dimension: Literal["source", "destination"],
    name: str,
) -> None:
    """One anomaly alarm for each of `signals` of one source or destination."""
    for signal in signals:
        cloudwatch.CfnAlarm(
            scope,
            "".join(part.capitalize() for part in signal.ending.split("-")) + "Anomaly",
            alarm_name=f"{prefix}-{name}-{signal.ending}-anomaly",
            alarm_description=on_stage(signal.description.format(name=name), stage),
            metrics=[
                *(
                    _metric(query, metric, statistic, stage, dimension, name)
                    for query, (metric, statistic) in signal.metrics.items()
                ),
                _expression("figure", signal.expression),
                _expression("band", f"ANOMALY_DETECTION_BAND(figure, {DEVIATIONS})"),
            ],
            threshold_metric_id="band",
            comparison_operator=_COMPARISONS[signal.side],
            evaluation_periods=PERIODS,
            datapoints_to_alarm=PERIODS,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
        )


def watch_sources(
    scope: Construct, sources: Iterable[str], *, topic_arn: str, prefix: str, stage: str
) -> None:
    """Hold each of `sources` against its own past."""
    for name in sources:
        watch_signals(
            Construct(scope, f"Signals-{name}"),
            OF_SOURCES,
            topic_arn=topic_arn,
            prefix=prefix,
            stage=stage,
            dimension="source",
            name=name,
        )


def _expression(query: str, expression: str) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query, expression=expression, return_data=True
    )


def _metric(
    query: str, metric: str, statistic: str, stage: str, dimension: str, name: str
) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query,
        return_data=False,
        metric_stat=cloudwatch.CfnAlarm.MetricStatProperty(
            metric=cloudwatch.CfnAlarm.MetricProperty(
                namespace=NAMESPACE,
                metric_name=metric,
                dimensions=[
                    cloudwatch.CfnAlarm.DimensionProperty(name="stage", value=stage),
                    cloudwatch.CfnAlarm.DimensionProperty(name=dimension, value=name),
                ],
            ),
            period=FIVE_MINUTES,
            stat=statistic,
        ),
    )
