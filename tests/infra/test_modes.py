"""What each mode is made of."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.stage import StageError, read_stage

Make = Callable[[str, Mapping[str, Any]], Any]

LAKE = {"kind": "s3", "bucket": "a-bucket-of-ours", "prefix": "events/"}
HOOK = {"kind": "webhook"}
BATCHED = {"mode": "batched", "window_seconds": 45, "batch_size": 2000}
SCHEDULED = {"mode": "scheduled", "every": "15 minutes"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.infra.conftest import synthesize

    stage = {
        "sources": {},
        "destinations": {
            "lake": {**LAKE, **BATCHED},
            "hook": {**HOOK, "mode": "batched"},
            "nightly": {**LAKE, **SCHEDULED},
            "crm": HOOK,
        },
    }
    return synthesize(tmp_path_factory.mktemp("modes") / "made", "made", {"made": stage})


def properties(made: Any, stack: str, kind: str) -> list[dict[str, Any]]:
    found = made.template(stack)["Resources"].values()
    return [one.get("Properties", {}) for one in found if one["Type"] == kind]


def one(made: Any, destination: str, kind: str) -> dict[str, Any]:
    (only,) = properties(made, f"destination-{destination}", kind)
    return only


def queues(made: Any, destination: str) -> dict[str, dict[str, Any]]:
    found = properties(made, f"destination-{destination}", "AWS::SQS::Queue")
    return {queue["QueueName"]: queue for queue in found}


def test_a_batched_destination_has_standard_queues_and_so_has_its_dead_letter_queue(
    made: Any,
) -> None:
    found = queues(made, "lake")
    assert set(found) == {"switchboard-made-lake-normal", "switchboard-made-lake-dead"}
    for queue in found.values():
        assert not {"FifoQueue", "DeduplicationScope", "FifoThroughputLimit"} & set(queue)
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


@pytest.mark.parametrize("destination", ["lake", "hook", "nightly", "crm"])
def test_a_dead_letter_queue_is_of_the_type_of_its_queue(made: Any, destination: str) -> None:
    assert len({name.endswith(".fifo") for name in queues(made, destination)}) == 1


def test_a_batched_mapping_gathers_for_its_window(made: Any) -> None:
    lake = one(made, "lake", "AWS::Lambda::EventSourceMapping")
    assert (lake["BatchSize"], lake["MaximumBatchingWindowInSeconds"]) == (2000, 45)
    hook = one(made, "hook", "AWS::Lambda::EventSourceMapping")
    assert (hook["BatchSize"], hook["MaximumBatchingWindowInSeconds"]) == (500, 30)


@pytest.mark.parametrize("destination", ["nightly", "crm"])
def test_a_fifo_mapping_has_no_window(made: Any, destination: str) -> None:
    mapping = one(made, destination, "AWS::Lambda::EventSourceMapping")
    assert mapping["BatchSize"] <= 10
    assert "MaximumBatchingWindowInSeconds" not in mapping


@pytest.mark.parametrize("destination", ["lake", "hook", "nightly", "crm"])
def test_a_queue_hides_a_message_six_time_outs_and_the_window_long(
    made: Any, destination: str
) -> None:
    timeout = one(made, destination, "AWS::Lambda::Function")["Timeout"]
    mapping = one(made, destination, "AWS::Lambda::EventSourceMapping")
    window = mapping.get("MaximumBatchingWindowInSeconds", 0)
    for queue in queues(made, destination).values():
        assert queue["VisibilityTimeout"] >= 6 * timeout + window


def test_only_a_scheduled_mapping_is_off(made: Any) -> None:
    enabled = {
        name: one(made, name, "AWS::Lambda::EventSourceMapping").get("Enabled", True)
        for name in ("lake", "nightly", "crm")
    }
    assert enabled == {"lake": True, "nightly": False, "crm": True}


def test_only_a_scheduled_destination_has_a_schedule_which_may_invoke_it(made: Any) -> None:
    rule = one(made, "nightly", "AWS::Events::Rule")
    assert (rule["ScheduleExpression"], rule["State"]) == ("rate(15 minutes)", "ENABLED")
    (target,) = rule["Targets"]
    assert json.loads(target["Input"]) == {"drain": {"kind": "deliver"}}
    permission = one(made, "nightly", "AWS::Lambda::Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["Action"] == "lambda:InvokeFunction"
    assert "Fn::GetAtt" in permission["SourceArn"]
    for name in ("lake", "hook", "crm"):
        assert properties(made, f"destination-{name}", "AWS::Events::Rule") == []


def test_a_function_knows_its_mode(made: Any) -> None:
    for name, mode in {"lake": "batched", "nightly": "scheduled", "crm": "ordered"}.items():
        variables = one(made, name, "AWS::Lambda::Function")["Environment"]["Variables"]
        assert variables["SWITCHBOARD_MODE"] == mode
        # A schedule runs one at a time; each lane is polled by as many as `concurrency`.
        assert variables["SWITCHBOARD_CONCURRENCY"] == ("1" if mode == "scheduled" else "5")


def test_only_who_looks_for_parcels_may_read_the_bucket(made: Any) -> None:
    for name, may in {"lake": True, "nightly": False}.items():
        role = one(made, name, "AWS::IAM::Role")
        (policy,) = role["Policies"]
        actions = {
            action
            for statement in policy["PolicyDocument"]["Statement"]
            for action in statement["Action"]
        }
        assert ("s3:ListBucket" in actions) is may


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"mode": "batched", "lanes": True}, "lanes are for mode ordered"),
        ({"mode": "batched", "timeout_seconds": 30}, "at least 40"),
        ({"mode": "batched", "window_seconds": 301}, "window_seconds"),
        ({"mode": "batched", "batch_size": 10_001}, "batch_size"),
        ({"mode": "batched", "every": "1 hour"}, "belongs to mode scheduled"),
        ({"mode": "scheduled", "every": "1 hour", "timeout_seconds": 40}, "at least 50"),
        ({"mode": "scheduled"}, "belongs to mode scheduled"),
        ({"mode": "scheduled", "every": "hourly"}, "every"),
        ({"mode": "scheduled", "every": "1 hours"}, "every"),
        ({"batch_size": 11}, "at most 10 for a FIFO queue"),
        ({"window_seconds": 30}, "FIFO queues have no window"),
        ({"mode": "sometimes"}, "mode"),
    ],
)
def test_what_no_mode_can_be_is_refused_and_named(entry: Any, why: str) -> None:
    stage = {"sources": {}, "destinations": {"crm": {**HOOK, **entry}}}
    with pytest.raises(StageError, match=why):
        read_stage("dev", {"dev": stage})
