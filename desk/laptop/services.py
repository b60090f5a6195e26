"""ECS's services as they were deployed: what each of their tasks is to run, and as whom."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.laptop.assembly import Assembly
from desk.laptop.client import emulator_client

ENTRYPOINT = "ENTRYPOINT "


@dataclass(frozen=True, slots=True)
class DeployedService:
    """A service of one container. `command` is its image's, without the interpreter.

    `scratch` is the folder of the container that may be written to.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    role: str
    execution_role: str
    log_group: str
    scratch: str
    stop_seconds: int
    tasks: int


def read_services(assembly: Assembly, endpoint_url: str) -> Mapping[str, DeployedService]:
    """The services whose image is one of the assembly's, by name."""
    ecs = emulator_client("ecs", endpoint_url)
    found: dict[str, DeployedService] = {}
    for service in _services(ecs):
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        task = definition["taskDefinition"]
        (container,) = task["containerDefinitions"]
        context = assembly.images.get(container["image"].rpartition(":")[2])
        if context is not None:
            found[service["serviceName"]] = _service(service, task, container, context)
    return found


def _services(ecs: Any) -> Iterator[Any]:
    for cluster in ecs.list_clusters()["clusterArns"]:
        arns = ecs.list_services(cluster=cluster)["serviceArns"]
        if arns:
            yield from ecs.describe_services(cluster=cluster, services=arns)["services"]


def _service(service: Any, task: Any, container: Any, context: Path) -> DeployedService:
    (scratch,) = (one["containerPath"] for one in container["mountPoints"] if not one["readOnly"])
    return DeployedService(
        name=service["serviceName"],
        command=entrypoint(context)[1:],
        environment={one["name"]: one["value"] for one in container["environment"]},
        role=task["taskRoleArn"].rpartition("/")[2],
        execution_role=task["executionRoleArn"].rpartition("/")[2],
        log_group=container["logConfiguration"]["options"]["awslogs-group"],
        scratch=scratch,
        stop_seconds=int(container["stopTimeout"]),
        tasks=int(service["desiredCount"]),
    )


def entrypoint(context: Path) -> Sequence[str]:
    """What an image runs, by the Dockerfile that it is built from."""
    lines = (context / "Dockerfile").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(ENTRYPOINT))
    return [str(part) for part in json.loads(line.removeprefix(ENTRYPOINT))]
