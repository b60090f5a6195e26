import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk.laptop import LaptopStack, StackError
from desk.laptop.assembly import read_assembly
from desk.laptop.deployment import DeploymentFailed, deploy, read_deployed


def test_reads_what_was_deployed(stack: LaptopStack) -> None:
    deployed = stack.deployed
    assert set(deployed.functions) == {"one-echo", "one-look", "one-consume"}
    look = deployed.functions["one-look"]
    assert (look.handler, look.role, look.timeout) == ("handler.look", "one-look-role", 2)
    assert look.environment["QUEUE_URL"].endswith("/123456789012/one-in.fifo")
    (mapping,) = deployed.mappings
    assert (mapping.function, mapping.queue) == ("one-consume", "one-in.fifo")
    assert (mapping.batch_size, mapping.concurrency, mapping.enabled) == (10, 2, True)
    assert deployed.routes == {("POST", "/hooks"): "one-echo"}
    (schedule,) = deployed.schedules
    assert (schedule.function, schedule.seconds) == ("one-look", 7200)
    assert schedule.event() == {"do": "look"}


def snapshot(stack: LaptopStack) -> dict[str, Any]:
    """What the first stage consists of, and what of it was used."""
    iam, lambda_ = stack.client("iam"), stack.client("lambda")
    deployed = stack.deployed
    return {
        "deployed": read_deployed(stack.assembly, stack.endpoint_url),
        "functions": [
            lambda_.get_function_configuration(FunctionName=name) | {"ResponseMetadata": None}
            for name in sorted(deployed.functions)
        ],
        "policies": [
            iam.get_role_policy(RoleName=one.role, PolicyName="inline")["PolicyDocument"]
            for one in deployed.functions.values()
        ],
        "template": stack.client("cloudformation").get_template(StackName="one-core")[
            "TemplateBody"
        ],
        "queue": {
            key: value
            for key, value in stack.client("sqs")
            .get_queue_attributes(
                QueueUrl=f"{stack.endpoint_url}/123456789012/one-in.fifo", AttributeNames=["All"]
            )["Attributes"]
            .items()
            if not key.startswith("Approximate")
        },
    }


def test_a_second_stage_beside_the_first_changes_nothing_in_it(
    stack: LaptopStack, synthesize: Callable[..., Path], notes: Path
) -> None:
    before = snapshot(stack)
    second = read_assembly(synthesize("two", notes))
    deploy(second, stack.endpoint_url)
    assert snapshot(stack) == before
    other = read_deployed(second, stack.endpoint_url)
    assert set(other.functions) == {"two-echo", "two-look", "two-consume"}
    assert [mapping.queue for mapping in other.mappings] == ["two-in.fifo"]
    stack.invoke("one-look", {})
    assert not any("two" in one[0] for one in stack.usage()["used"])


def test_a_type_that_the_emulator_lacks_fails_the_deployment_by_name(
    stack: LaptopStack, synthesize: Callable[..., Path], notes: Path
) -> None:
    folder = synthesize("three", notes, Pipe={"Type": "AWS::Pipes::Pipe", "Properties": {}})
    with pytest.raises(DeploymentFailed, match=r"three-core.*AWS::Pipes::Pipe \(Pipe\)"):
        deploy(read_assembly(folder), stack.endpoint_url)


def test_a_template_that_fails_is_named(
    stack: LaptopStack, synthesize: Callable[..., Path], notes: Path
) -> None:
    broken = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}}
    folder = synthesize("four", notes, Broken=broken)
    with pytest.raises(DeploymentFailed, match=r"four-core.*EmulatorFailed.*Nobody"):
        deploy(read_assembly(folder), stack.endpoint_url)


def test_a_stage_that_is_up_is_not_started_twice(stack: LaptopStack) -> None:
    again = LaptopStack(Path("/nowhere"), name=stack.name)
    with pytest.raises(StackError, match="is up already"), again:
        pytest.fail("it was started")


def test_logs_reach_cloudwatch_under_the_functions_role(stack: LaptopStack) -> None:
    stack.invoke("one-look", {})
    for log in stack.logs:
        log.ship()
    logs = stack.client("logs")
    events = logs.filter_log_events(logGroupName="/aws/lambda/one-look")["events"]
    assert "looking around" in [event["message"] for event in events]
    used = {one[1] for one in stack.usage()["used"] if one[0] == "one-look-role"}
    assert {"logs:CreateLogStream", "logs:PutLogEvents"} <= used
    assert b"looking around\n" in (stack.folder / "one-look.log").read_bytes()


def test_assets_are_found_by_their_key(tmp_path: Path) -> None:
    files = {
        "a": {
            "source": {"path": "asset.a", "packaging": "zip"},
            "destinations": {"current": {"objectKey": "a.zip"}},
        },
        "t": {
            "source": {"path": "x.template.json", "packaging": "file"},
            "destinations": {"current": {"objectKey": "t.json"}},
        },
    }
    for name in ("p-destination-crm", "p-core"):
        (tmp_path / f"{name}.assets.json").write_text(json.dumps({"files": files}))
        (tmp_path / f"{name}.template.json").write_text('{"Resources": {}}')
    assembly = read_assembly(tmp_path)
    assert dict(assembly.assets) == {"a.zip": tmp_path / "asset.a"}
    assert [one.name for one in assembly.stacks] == ["p-core", "p-destination-crm"]
