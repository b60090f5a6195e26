"""Every source and destination is held against its own past, and shown on one dashboard."""

import json
import re
from typing import Any

import pytest

from infra.constructs.signals import OF_DESTINATIONS, OF_SOURCES, Signal
from infra.constructs.stage_dashboard import ROWS

NAMED = [
    *(("destination", name, OF_DESTINATIONS) for name in ("crm", "pager", "lake", "chat")),
    *(("source", name, OF_SOURCES) for name in ("meetings", "partner", "contact-centre")),
]


def anomalies(laptop: Any) -> dict[str, dict[str, Any]]:
    return {
        alarm["AlarmName"]: alarm
        for _, _, alarm in laptop.resources("AWS::CloudWatch::Alarm")
        if alarm["AlarmName"].endswith("-anomaly")
    }


@pytest.mark.parametrize(("dimension", "name", "signals"), NAMED)
def test_each_figure_alarms_when_it_leaves_its_band(
    laptop: Any, dimension: str, name: str, signals: list[Signal]
) -> None:
    found = anomalies(laptop)
    for signal in signals:
        alarm = found[f"switchboard-laptop-{name}-{signal.ending}-anomaly"]
        queries = {query["Id"]: query for query in alarm["Metrics"]}
        assert queries["band"]["Expression"].startswith("ANOMALY_DETECTION_BAND(figure,")
        assert alarm["ThresholdMetricId"] == "band"
        # CloudWatch takes two that return data: what is watched, and its band.
        assert [one for one, query in queries.items() if query["ReturnData"]] == [
            "figure",
            "band",
        ]
        used = set(re.findall(r"[a-z]+", queries["figure"]["Expression"]))
        assert used == set(queries) - {"figure", "band"}
        for query in used:
            metric = queries[query]["MetricStat"]["Metric"]
            assert {"Name": dimension, "Value": name} in metric["Dimensions"]
        assert f"{name}" in alarm["AlarmDescription"]
        assert "{" not in alarm["AlarmDescription"]


def test_a_stage_may_do_without_them(make_stage: Any) -> None:
    stage = make_stage(
        "calm",
        {
            "anomaly_alarms": False,
            "sources": {"meetings": {"kind": "jaas"}},
            "destinations": {"crm": {"kind": "webhook"}},
        },
    )
    assert anomalies(stage) == {}


def test_the_dashboard_finds_sources_and_destinations_by_their_stage(laptop: Any) -> None:
    board = laptop.template("core")["Resources"]
    (found,) = [one for one in board.values() if one["Type"] == "AWS::CloudWatch::Dashboard"]
    assert found["Properties"]["DashboardName"] == "switchboard-laptop"
    widgets = json.loads(found["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = [
        widget["properties"]["metrics"][0][0]["expression"]
        for widget in widgets
        if widget["type"] == "metric"
    ]
    assert len(shown) == sum(len(graphs) for _, _, graphs in ROWS)
    for expression in shown:
        assert expression.startswith("SEARCH('{Switchboard,stage,")
        assert 'stage="laptop"' in expression
    places = [(widget["x"], widget["y"]) for widget in widgets]
    assert len(set(places)) == len(places)
