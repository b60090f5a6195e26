import threading
from typing import Any

import pytest

from desk.laptop import LaptopStack
from desk.laptop.schedules import DeployedSchedule, fire, read_schedules


def test_a_scheduled_event_looks_like_eventbridges() -> None:
    event = DeployedSchedule("the-rule", "f", 60).event()
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert event["resources"] == ["arn:aws:events:eu-west-1:123456789012:rule/the-rule"]


def test_fires_again_and_again_also_after_a_failure() -> None:
    stopping = threading.Event()
    given: list[Any] = []

    def invoke(event: Any) -> None:
        given.append(event)
        if len(given) == 3:
            stopping.set()
        raise RuntimeError("the function failed")

    fire(DeployedSchedule("r", "f", 0.01, '{"a": 1}'), invoke, stopping)
    assert given == [{"a": 1}] * 3


def test_cron_is_refused_rather_than_never_fired(stack: LaptopStack) -> None:
    events = stack.client("events")
    events.put_rule(Name="cron", ScheduleExpression="cron(0 * * * ? *)", State="ENABLED")
    target = {"Id": "1", "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:one-look"}
    events.put_targets(Rule="cron", Targets=[target])
    with pytest.raises(ValueError, match="no cron"):
        read_schedules({"one-look"}, stack.endpoint_url)
    events.disable_rule(Name="cron")
    assert [one.rule for one in read_schedules({"one-look"}, stack.endpoint_url)] == ["one-hourly"]
