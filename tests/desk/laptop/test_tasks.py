"""A task of an ECS service runs as itself: its role, its environment, and started again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.laptop import LaptopStack
from desk.laptop.address import folder_of
from infra import bundling

ACCOUNT = "arn:aws:{}:eu-west-1:123456789012:{}"
HOLD = """
import sys, time
from pathlib import Path
from desk.laptop import LaptopStack

assembly, stage, app = sys.argv[1:]
with LaptopStack(Path(assembly), stage=stage, layer=Path(app), reader=Path(app)) as stack:
    print(stack.tasks(f"{stage}-service")[0].pid, flush=True)
    time.sleep(600)
"""


def role(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    allowed = [{"Effect": "Allow", **one} for one in statements]
    document = {"Version": "2012-10-17", "Statement": allowed}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "Policies": [{"PolicyName": "own", "PolicyDocument": document}],
        },
    }


def queue(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "FifoQueue": True}}


def template(stage: str, notes: Path) -> dict[str, Any]:
    """A service of one task, which may send to `mine` and to nothing else."""
    log_group = f"/{stage}/service"
    streams = ACCOUNT.format("logs", f"log-group:{log_group}:log-stream:*")
    variables = {
        "NOTES": str(notes),
        "ALIVE": "/scratch/alive",
        "MINE": f"{stage}-mine.fifo",
        "FOREIGN": f"{stage}-foreign.fifo",
        "AWS_REGION": "eu-west-1",
    }
    container = {
        "Name": f"{stage}-service",
        "Image": "registry/assets:0123",
        "MountPoints": [
            {"SourceVolume": "scratch", "ContainerPath": "/scratch", "ReadOnly": False}
        ],
        "StopTimeout": 20,
        "Environment": [{"Name": name, "Value": value} for name, value in variables.items()],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": log_group}},
    }
    send = {"Action": "sqs:SendMessage", "Resource": ACCOUNT.format("sqs", f"{stage}-mine.fifo")}
    log = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": streams}
    return {
        "Resources": {
            "Mine": queue(f"{stage}-mine.fifo"),
            "Foreign": queue(f"{stage}-foreign.fifo"),
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": log_group}},
            "Role": role(f"{stage}-task-role", send),
            "ExecutionRole": role(f"{stage}-execution-role", log),
            "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": stage}},
            "Definition": {
                "Type": "AWS::ECS::TaskDefinition",
                "Properties": {
                    "Family": f"{stage}-service",
                    "RequiresCompatibilities": ["FARGATE"],
                    "Cpu": "256",
                    "Memory": "512",
                    "TaskRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]},
                    "Volumes": [{"Name": "scratch"}],
                    "ContainerDefinitions": [container],
                },
            },
            "Service": {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "ServiceName": f"{stage}-service",
                    "Cluster": {"Ref": "Cluster"},
                    "TaskDefinition": {"Ref": "Definition"},
                    "DesiredCount": 1,
                },
            },
        }
    }


def assembly(folder: Path, stage: str, notes: Path) -> Path:
    context = folder / "asset.image"
    context.mkdir()
    (context / "Dockerfile").write_text('FROM python\nENTRYPOINT ["python", "-m", "task"]\n')
    images = {
        "0123": {
            "source": {"directory": context.name},
            "destinations": {"here": {"imageTag": "0123"}},
        }
    }
    (folder / f"{stage}.template.json").write_text(json.dumps(template(stage, notes)))
    manifest = {"files": {}, "dockerImages": images}
    (folder / f"{stage}.assets.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the image's /app: the program and what it imports."""
    folder = tmp_path_factory.mktemp("app")
    brought = [*bundling.runtime(bundling.host_target()).iterdir()]
    for path in [*brought, *(Path(__file__).parent / "app").glob("*.py")]:
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def service(stage: str) -> str:
    return f"{stage}-tasks"


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("task-notes") / "notes.jsonl"


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, service: str, noted: Path, app: Path
) -> Iterator[LaptopStack]:
    made = assembly(tmp_path_factory.mktemp("cdk-task"), service, noted)
    os.environ["OF_THIS_MACHINE"] = "and of no task"
    with LaptopStack(made, stage=service, layer=app, reader=app) as stack:
        yield stack
    del os.environ["OF_THIS_MACHINE"]
    swept(stack.folder)


def swept(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()


def notes_in(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def begun(path: Path) -> list[dict[str, Any]]:
    """What each process noted at its start."""
    return [line for line in notes_in(path) if "environment" in line]


def until(done: Callable[[], object]) -> None:
    for _ in range(300):
        if done():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to be")


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_it_has_the_environment_of_its_stack_and_nothing_of_this_machine(
    running: LaptopStack, noted: Path, app: Path
) -> None:
    until(lambda: begun(noted))
    first = begun(noted)[0]
    environment = first["environment"]
    assert environment["MINE"] == f"{running.stage}-mine.fifo"
    assert environment["AWS_ENDPOINT_URL"] == running.endpoint_url
    assert "OF_THIS_MACHINE" not in environment
    assert "PATH" not in environment
    assert str(app) in first["path"]
    assert not [path for path in first["path"] if "site-packages" in path or path == ""]
    assert not [path for path in first["path"] if path.startswith(str(bundling.ROOT))]


def test_what_it_writes_to_its_volume_is_in_the_folder_of_the_stack(
    running: LaptopStack, noted: Path
) -> None:
    until(lambda: begun(noted))
    assert (running.folder / "alive").exists()


def test_it_may_do_what_its_role_allows_and_no_more(running: LaptopStack, noted: Path) -> None:
    until(lambda: begun(noted))
    assert begun(noted)[0]["sent"] == {"MINE": "sent", "FOREIGN": "AccessDenied"}
    foreign = ACCOUNT.format("sqs", f"{running.stage}-foreign.fifo")
    role_name = f"{running.stage}-task-role"
    denied = [one[:3] for one in running.usage()["denied"]]
    assert [role_name, "sqs:SendMessage", foreign] in denied


def test_what_it_says_is_in_its_log_group_written_by_the_role_that_starts_it(
    running: LaptopStack, noted: Path, service: str
) -> None:
    until(lambda: begun(noted))
    said = f"task {begun(noted)[0]['pid']} says hello"
    assert said in (running.folder / f"{service}-service.log").read_text()
    logs = running.client("logs")

    def shipped() -> bool:
        found = logs.filter_log_events(logGroupName=f"/{service}/service")["events"]
        return said in [event["message"] for event in found]

    until(shipped)
    writers = {one[0] for one in running.usage()["used"] if one[1] == "logs:PutLogEvents"}
    assert writers == {f"{service}-execution-role"}


def test_one_that_is_killed_is_followed_by_a_new_one(
    running: LaptopStack, noted: Path, service: str
) -> None:
    until(lambda: begun(noted))
    (task,) = running.tasks(f"{service}-service")
    before = begun(noted)[-1]["pid"]
    ended = [line["pid"] for line in notes_in(noted) if "ended" in line]
    task.kill()
    until(lambda: is_gone(before))
    until(lambda: begun(noted)[-1]["pid"] != before)
    # It was given no time to say so.
    assert [line["pid"] for line in notes_in(noted) if "ended" in line] == ended


def test_a_deployment_ends_it_by_sigterm_and_starts_another(
    running: LaptopStack, noted: Path
) -> None:
    until(lambda: begun(noted))
    before = begun(noted)[-1]["pid"]
    running.redeploy_tasks()
    assert notes_in(noted)[-1] == {"pid": before, "ended": True}
    until(lambda: begun(noted)[-1]["pid"] != before)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_none_stays_however_the_stack_ends(
    how: signal.Signals, stage: str, app: Path, tmp_path: Path
) -> None:
    name, noted = f"{stage}-held-{how.name.lower()}", tmp_path / "notes.jsonl"
    made = tmp_path / "cdk"
    made.mkdir()
    command = [sys.executable, "-c", HOLD, str(assembly(made, name, noted)), name, str(app)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever started the tests may ignore it, as a shell does for what is in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        assert process.stdout is not None
        init = int(process.stdout.readline())
        until(lambda: begun(noted))
        process.send_signal(how)
        process.wait(60)
    until(lambda: is_gone(init))
    until(lambda: is_gone(begun(noted)[0]["pid"]))
    assert len(begun(noted)) == 1
    swept(folder_of(name))
