"""Deploying a cloud assembly into the emulator, and reading back what came to be."""

import io
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from desk.laptop.assembly import Assembly, StagedStack
from desk.laptop.client import ACCOUNT, REGION, emulator_client
from desk.laptop.schedules import DeployedSchedule, read_schedules

ASSETS_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"


class DeploymentFailed(Exception):
    """A stack could not be created; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """A function as it was deployed: its staged code, environment, role and limits."""

    name: str
    handler: str
    code: Path
    role: str
    environment: Mapping[str, str]
    timeout: int
    memory: int


@dataclass(frozen=True, slots=True)
class DeployedMapping:
    """An event source mapping."""

    mapping_id: str
    function: str
    queue: str
    batch_size: int
    concurrency: int
    enabled: bool
    window: int = 0


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the runner runs. `routes` are method and path to a function's name."""

    functions: Mapping[str, DeployedFunction]
    mappings: Sequence[DeployedMapping]
    schedules: Sequence[DeployedSchedule]
    routes: Mapping[tuple[str, str], str]


def deploy(assembly: Assembly, endpoint_url: str) -> None:
    """Create every stack from its unmodified template, beside whatever is deployed already.

    Raises:
        DeploymentFailed: a stack was not created, or not all of it.
    """
    _bootstrap(assembly, endpoint_url)
    cloudformation = emulator_client("cloudformation", endpoint_url)
    for stack in assembly.stacks:
        try:
            cloudformation.create_stack(
                StackName=stack.name, TemplateBody=stack.text, Capabilities=["CAPABILITY_NAMED_IAM"]
            )
        except (BotoCoreError, ClientError) as error:
            raise DeploymentFailed(f"{stack.name}: {error}") from error
        (described,) = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
        if described["StackStatus"] != "CREATE_COMPLETE":
            raise DeploymentFailed(f"{stack.name}: {described['StackStatus']}")
        if missing := _missing(stack, cloudformation):
            raise DeploymentFailed(
                f"{stack.name}: the emulator made no {', '.join(missing)}; add such types to"
                " desk/emulator/cloudformation.py"
            )


def _bootstrap(assembly: Assembly, endpoint_url: str) -> None:
    """What `cdk bootstrap` leaves, and the assets that `cdk deploy` publishes."""
    s3 = emulator_client("s3", endpoint_url)
    if ASSETS_BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        where = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=ASSETS_BUCKET, CreateBucketConfiguration=where)
    for key in assembly.assets:
        # Code runs from the staged folder; CloudFormation only wants to find the object.
        s3.put_object(Bucket=ASSETS_BUCKET, Key=key, Body=_empty_zip())
    emulator_client("ssm", endpoint_url).put_parameter(
        Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True
    )


def _missing(stack: StagedStack, cloudformation: Any) -> Sequence[str]:
    """The template's resources that are not there: moto passes over types that it lacks."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    made = {
        found["LogicalResourceId"] for page in pages for found in page["StackResourceSummaries"]
    }
    return sorted(
        f"{resource['Type']} ({logical_id})"
        for logical_id, resource in stack.template["Resources"].items()
        if logical_id not in made and "Condition" not in resource
    )


def _empty_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("staged", "")
    return buffer.getvalue()


def read_deployed(assembly: Assembly, endpoint_url: str) -> Deployed:
    """What was deployed, with every reference resolved by CloudFormation."""
    staged = _staged_code(assembly)
    lambda_ = emulator_client("lambda", endpoint_url)
    functions = {
        found["FunctionName"]: DeployedFunction(
            name=found["FunctionName"],
            handler=found["Handler"],
            code=staged[found["FunctionName"]],
            role=found["Role"].rpartition("/")[2],
            environment=found.get("Environment", {}).get("Variables", {}),
            timeout=int(found["Timeout"]),
            memory=int(found["MemorySize"]),
        )
        for page in lambda_.get_paginator("list_functions").paginate()
        for found in page["Functions"]
        if found["FunctionName"] in staged
    }
    return Deployed(
        functions,
        read_mappings(set(functions), endpoint_url),
        read_schedules(set(functions), endpoint_url),
        _routes(endpoint_url, set(functions)),
    )


def read_mappings(functions: Collection[str], endpoint_url: str) -> Sequence[DeployedMapping]:
    """The event source mappings of `functions`, as they are now."""
    listed = emulator_client("lambda", endpoint_url).list_event_source_mappings()
    return [
        DeployedMapping(
            mapping_id=found["UUID"],
            function=found["FunctionArn"].rpartition(":")[2],
            queue=found["EventSourceArn"].rpartition(":")[2],
            batch_size=int(found["BatchSize"]),
            concurrency=int(found.get("ScalingConfig", {}).get("MaximumConcurrency", 10)),
            enabled=found["State"] == "Enabled",
            window=int(found.get("MaximumBatchingWindowInSeconds", 0)),
        )
        for found in listed["EventSourceMappings"]
        if found["FunctionArn"].rpartition(":")[2] in functions
    ]


def _staged_code(assembly: Assembly) -> Mapping[str, Path]:
    """The staged folder of each function, by the function's name."""
    return {
        resource["Properties"]["FunctionName"]: assembly.assets[
            resource["Properties"]["Code"]["S3Key"]
        ].resolve()
        for stack in assembly.stacks
        for resource in stack.template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _routes(endpoint_url: str, functions: set[str]) -> Mapping[tuple[str, str], str]:
    """Every method of every deployed REST API whose integration is one of `functions`."""
    gateway = emulator_client("apigateway", endpoint_url)
    routes: dict[tuple[str, str], str] = {}
    for api in gateway.get_rest_apis()["items"]:
        for resource in gateway.get_resources(restApiId=api["id"], embed=["methods"])["items"]:
            for method, found in (resource.get("resourceMethods") or {}).items():
                uri = str(_integration(gateway, api["id"], resource["id"], method, found))
                name = uri.rpartition(":function:")[2].removesuffix("/invocations")
                if name in functions:
                    routes[method, resource["path"]] = name
    return routes


def _integration(gateway: Any, api: str, resource: str, method: str, found: Any) -> Any:
    integration = (found or {}).get("methodIntegration") or gateway.get_integration(
        restApiId=api, resourceId=resource, httpMethod=method
    )
    return integration["uri"]


def deployment_parameters(endpoint_url: str, stage: str) -> Mapping[str, Any]:
    """What the stacks wrote about themselves, by the name under `deployment/`."""
    prefix = f"/switchboard/{stage}/deployment/"
    pages = emulator_client("ssm", endpoint_url).get_paginator("get_parameters_by_path")
    return {
        parameter["Name"].removeprefix(prefix): json.loads(parameter["Value"])
        for page in pages.paginate(Path=prefix, Recursive=True)
        for parameter in page["Parameters"]
    }
