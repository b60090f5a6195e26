"""The dashboard of a stage: every source and destination that there is, found by its metrics.

Its graphs search for what has the stage's dimension, so that a new destination appears in them and
the core's template stays as it is.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-search-expressions.html
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.constructs.signals import NAMESPACE

WIDTH, HEIGHT = 8, 6
MINUTE = 60

Of = Literal["source", "destination"]

# Heading, whose graphs they are, then title, metric and statistic; three graphs a row.
ROWS: Sequence[tuple[str, Of, Sequence[tuple[str, str, str]]]] = (
    (
        "Destinations",
        "destination",
        (
            ("delivered", "delivered", "Sum"),
            ("event to write, seconds (p90)", "delivery_seconds", "p90"),
            ("waiting", "waiting", "Maximum"),
            ("retried", "retried", "Sum"),
            ("dead letters", "dead_lettered", "Sum"),
            ("possible duplicates", "possible_duplicates", "Sum"),
        ),
    ),
    (
        "To act on",
        "destination",
        (
            ("refused credentials", "refused_credentials", "Sum"),
            ("configuration", "configuration_errors", "Sum"),
            ("breaker open", "breaker_open", "Maximum"),
        ),
    ),
    (
        "Sources",
        "source",
        (
            ("routed", "routed", "Sum"),
            ("event to routing, seconds (p90)", "routing_seconds", "p90"),
            ("held", "held", "Sum"),
            ("received", "received", "Sum"),
            ("refused", "refused", "Sum"),
            ("refused signatures", "refused_signature", "Sum"),
        ),
    ),
)


class StageDashboard(Construct):
    """One dashboard; its name is `name`."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, stage: str) -> None:
        super().__init__(scope, construct_id)
        body = {"widgets": list(_widgets(stage))}
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=name,
            dashboard_body=cdk.Fn.sub(json.dumps(body, separators=(",", ":"))),
        )


def _widgets(stage: str) -> Iterator[dict[str, Any]]:
    top = 0
    per_line = 24 // WIDTH
    for heading, of, graphs in ROWS:
        yield {
            "type": "text",
            "x": 0,
            "y": top,
            "width": 24,
            "height": 1,
            "properties": {"markdown": f"## {heading}"},
        }
        for number, graph in enumerate(graphs):
            yield {
                "type": "metric",
                "x": number % per_line * WIDTH,
                "y": top + 1 + number // per_line * HEIGHT,
                "width": WIDTH,
                "height": HEIGHT,
                "properties": _graph(stage, of, *graph),
            }
        top += 1 + HEIGHT * -(-len(graphs) // per_line)


def _graph(stage: str, of: Of, title: str, metric: str, statistic: str) -> dict[str, Any]:
    search = (
        f'SEARCH(\'{{{NAMESPACE},stage,{of}}} stage="{stage}" MetricName="{metric}"\','
        f" '{statistic}', {MINUTE})"
    )
    return {
        "title": title,
        "region": "${AWS::Region}",
        "view": "timeSeries",
        "period": MINUTE,
        "metrics": [[{"expression": search, "label": "", "id": "found"}]],
    }
