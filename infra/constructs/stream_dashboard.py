"""A dashboard of the streams: a row of graphs for each source."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.task import NAMESPACE

WIDTH, HEIGHT = 6, 6
MINUTE = 60

# Title, then metrics with their statistics. CloudWatch is 24 units wide: four graphs a row.
GRAPHS: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("events", (("events", "Sum"), ("frames", "Sum"), ("other_frames", "Sum"))),
    ("lag in seconds", (("lag_seconds", "Maximum"),)),
    ("in flight", (("in_flight", "Maximum"),)),
    ("milliseconds", (("ack_lag_ms", "Maximum"), ("sqs_latency_ms", "Average"))),
    ("connection", (("reconnects", "Sum"), ("refused_handshakes", "Sum"), ("muted", "Sum"))),
    ("kept back", (("duplicates", "Sum"), ("passed_over", "Sum"))),
    ("to look at", (("gaps", "Sum"), ("poison", "Sum"), ("sqs_refused", "Sum"))),
    ("alive", (("alive", "Sum"), ("silent", "Sum"), ("nothing_ever_came", "Sum"))),
)


class StreamDashboard(Construct):
    """One dashboard; its name is `name`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, stage: str, sources: Iterable[str]
    ) -> None:
        super().__init__(scope, construct_id)
        body = {
            "widgets": [
                widget for row, source in enumerate(sources) for widget in _row(stage, source, row)
            ]
        }
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=name,
            dashboard_body=cdk.Fn.sub(json.dumps(body, separators=(",", ":"))),
        )


def _row(stage: str, source: str, row: int) -> Iterable[dict[str, Any]]:
    per_line = 24 // WIDTH
    top = row * (1 + HEIGHT * (len(GRAPHS) // per_line))
    yield {
        "type": "text",
        "x": 0,
        "y": top,
        "width": 24,
        "height": 1,
        "properties": {"markdown": f"## {source}"},
    }
    for number, (title, metrics) in enumerate(GRAPHS):
        yield {
            "type": "metric",
            "x": number % per_line * WIDTH,
            "y": top + 1 + number // per_line * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {
                "title": f"{source}: {title}",
                "region": "${AWS::Region}",
                "view": "timeSeries",
                "period": MINUTE,
                "metrics": [
                    [NAMESPACE, metric, "stage", stage, "source", source, {"stat": statistic}]
                    for metric, statistic in metrics
                ],
            },
        }
