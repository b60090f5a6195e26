import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.laptop import LaptopStack

ACCOUNT = "arn:aws:{}:eu-west-1:123456789012:{}"
CODE = {
    "S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
    "S3Key": "0123.zip",
}


def role(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    log = ACCOUNT.format("logs", f"log-group:/aws/lambda/{name}:log-stream:*")
    mine = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": log}
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", **one} for one in (mine, *statements)],
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": f"{name}-role",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "Policies": [{"PolicyName": "inline", "PolicyDocument": document}],
        },
    }


def function(name: str, handler: str, logical_role: str, **variables: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": name,
            "Handler": f"handler.{handler}",
            "Runtime": "python3.13",
            "Code": CODE,
            "Role": {"Fn::GetAtt": [logical_role, "Arn"]},
            "Timeout": 2,
            "MemorySize": 512,
            "Environment": {"Variables": variables},
        },
    }


def template(prefix: str, notes: Path) -> dict[str, Any]:
    """One function of each way in, with what they need."""
    queue = ACCOUNT.format("sqs", f"{prefix}-in.fifo")
    poll = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    put = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{prefix}-bucket/mine/*"}
    uri = (
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
        + ACCOUNT.format("lambda", f"function:{prefix}-echo")
        + "/invocations"
    )
    integration = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri}
    resources: dict[str, Any] = {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": f"{prefix}-in.fifo",
                "FifoQueue": True,
                "VisibilityTimeout": 12,
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"{prefix}-bucket"}},
        "EchoRole": role(f"{prefix}-echo"),
        "Echo": function(f"{prefix}-echo", "echo", "EchoRole"),
        "LookRole": role(f"{prefix}-look", put),
        "Look": function(
            f"{prefix}-look",
            "look",
            "LookRole",
            QUEUE_URL={"Ref": "Queue"},
        ),
        "ConsumeRole": role(f"{prefix}-consume", {"Action": poll, "Resource": queue}),
        "Consume": function(f"{prefix}-consume", "consume", "ConsumeRole", NOTES=str(notes)),
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Consume"},
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
            },
        },
        "Api": {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {"Name": f"{prefix}-api", "BinaryMediaTypes": ["*/*"]},
        },
        "Hooks": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ParentId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
                "PathPart": "hooks",
            },
        },
        "Post": {
            "Type": "AWS::ApiGateway::Method",
            "Properties": {
                "RestApiId": {"Ref": "Api"},
                "ResourceId": {"Ref": "Hooks"},
                "HttpMethod": "POST",
                "AuthorizationType": "NONE",
                "Integration": integration,
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": f"{prefix}-hourly",
                "ScheduleExpression": "rate(2 hours)",
                "State": "ENABLED",
                "Targets": [
                    {"Id": "1", "Arn": {"Fn::GetAtt": ["Look", "Arn"]}, "Input": '{"do": "look"}'}
                ],
            },
        },
    }
    for name in ("echo", "look", "consume"):
        resources[f"Log{name}"] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{prefix}-{name}"},
        }
    return {"Resources": resources}


@pytest.fixture(scope="session")
def synthesize(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a cdk.out with one stack, and answers its folder."""

    def write(prefix: str, notes: Path, **more: Any) -> Path:
        folder = tmp_path_factory.mktemp(f"cdk-{prefix}")
        whole = template(prefix, notes)
        whole["Resources"] |= more
        asset = Path(__file__).parent / "asset"
        files = {
            "0123": {
                "source": {"path": str(asset), "packaging": "zip"},
                "destinations": {"current": {"objectKey": "0123.zip"}},
            }
        }
        (folder / f"{prefix}-core.template.json").write_text(json.dumps(whole))
        (folder / f"{prefix}-core.assets.json").write_text(json.dumps({"files": files}))
        return folder

    return write


@pytest.fixture(scope="session")
def no_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("layer")


@pytest.fixture(scope="session")
def stage() -> str:
    """Another one for every process that tests, so that none meets another."""
    return f"test{os.getpid()}"


@pytest.fixture(scope="session")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes") / "notes.jsonl"


@pytest.fixture(scope="session")
def stack(
    synthesize: Callable[..., Path], stage: str, notes: Path, no_layer: Path
) -> Iterator[LaptopStack]:
    with LaptopStack(synthesize("one", notes), stage=stage, layer=no_layer) as running:
        yield running
    for left in running.folder.iterdir():
        left.unlink()
    running.folder.rmdir()
