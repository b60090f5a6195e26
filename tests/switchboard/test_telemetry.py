import json
from typing import Any

import pytest
from aws_lambda_powertools.logging import Logger

from switchboard.telemetry import LARGEST_DISTRIBUTION, InvocationTelemetry


def written(capsys: pytest.CaptureFixture[str], telemetry: InvocationTelemetry) -> list[Any]:
    telemetry.flush()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


@pytest.fixture
def telemetry() -> InvocationTelemetry:
    return InvocationTelemetry("test", Logger(service="telemetry-under-test"))


def test_a_destination_is_one_line_with_counts_and_every_duration(
    capsys: pytest.CaptureFixture[str], telemetry: InvocationTelemetry
) -> None:
    telemetry.count("delivered", destination="crm", lane="normal")
    telemetry.count("delivered", destination="crm", lane="urgent")
    for seconds in (0.25, 1.5, 0.25):
        telemetry.took_seconds("delivery_seconds", seconds, destination="crm")
    (line,) = written(capsys, telemetry)
    assert (line["stage"], line["destination"]) == ("test", "crm")
    assert line["delivered"] == [2]
    assert line["delivery_seconds"] == [0.25, 1.5, 0.25]
    assert line["lane"] == ["normal", "urgent"]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {"delivered": "Count", "delivery_seconds": "Seconds"}
    assert sorted(directive["Dimensions"][0]) == ["destination", "stage"]
    assert written(capsys, telemetry) == []


def test_a_source_of_which_only_a_duration_is_known_has_its_line(
    capsys: pytest.CaptureFixture[str], telemetry: InvocationTelemetry
) -> None:
    telemetry.took_seconds("routing_seconds", 3.0, source="meetings")
    (line,) = written(capsys, telemetry)
    assert (line["source"], line["routing_seconds"]) == ("meetings", [3.0])


def test_more_durations_than_a_line_takes_are_left_out(
    capsys: pytest.CaptureFixture[str], telemetry: InvocationTelemetry
) -> None:
    for number in range(300):
        telemetry.took_seconds("delivery_seconds", number, destination="crm")
    (line,) = written(capsys, telemetry)
    assert len(line["delivery_seconds"]) == LARGEST_DISTRIBUTION
