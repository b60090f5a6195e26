import json

import pytest
from botocore.exceptions import ClientError

from desk.laptop.emulator import EmulatorProcess


def test_a_secret_is_made_without_a_value_and_takes_one(emulator: EmulatorProcess) -> None:
    secrets = emulator.client("secretsmanager")
    name = "/stage/unset"
    template = {
        "Resources": {"S": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": name}}}
    }
    emulator.client("cloudformation").create_stack(
        StackName="unset", TemplateBody=json.dumps(template)
    )
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.get_secret_value(SecretId=name)
    secrets.put_secret_value(SecretId=name, SecretString="first")
    secrets.put_secret_value(SecretId=name, SecretString="second")
    current = secrets.get_secret_value(SecretId=name)
    previous = secrets.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")
    assert (current["SecretString"], previous["SecretString"]) == ("second", "first")


def test_a_secret_takes_the_value_given_or_generated(emulator: EmulatorProcess) -> None:
    secrets = emulator.client("secretsmanager")
    assert secrets.get_secret_value(SecretId="/stage/other")["SecretString"] == "given"
    made = json.loads(secrets.get_secret_value(SecretId="/stage/made")["SecretString"])
    assert made["user"] == "me"
    assert len(made["password"]) == 20


def test_an_alarm_is_there_to_be_described(emulator: EmulatorProcess) -> None:
    (alarm,) = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarm["AlarmName"] == "too-old"
    assert alarm["Threshold"] == 300
    (stack,) = emulator.client("cloudformation").describe_stacks(StackName="tests")["Stacks"]
    (output,) = stack["Outputs"]
    assert output["OutputValue"] == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:too-old"


def test_a_queue_has_its_policy(emulator: EmulatorProcess) -> None:
    attributes = emulator.client("sqs").get_queue_attributes(
        QueueUrl=f"{emulator.url}/123456789012/allowed.fifo", AttributeNames=["Policy"]
    )["Attributes"]
    assert "aws:SecureTransport" in attributes["Policy"]


def test_a_bucket_policy_for_tls_does_not_close_the_bucket(emulator: EmulatorProcess) -> None:
    emulator.client("s3").put_object(Bucket="the-bucket", Key="open", Body=b"x")


def test_a_task_definition_keeps_its_roles(emulator: EmulatorProcess) -> None:
    container = {"Name": "one", "Image": "image", "StopTimeout": 7, "MountPoints": []}
    properties = {
        "Family": "reader",
        "RequiresCompatibilities": ["FARGATE"],
        "Cpu": "256",
        "Memory": "512",
        "TaskRoleArn": "arn:aws:iam::123456789012:role/task",
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "ContainerDefinitions": [container],
    }
    template = {"Resources": {"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}}
    emulator.client("cloudformation").create_stack(
        StackName="tasks", TemplateBody=json.dumps(template)
    )
    found = emulator.client("ecs").describe_task_definition(taskDefinition="reader")
    made = found["taskDefinition"]
    assert made["taskRoleArn"] == properties["TaskRoleArn"]
    assert made["executionRoleArn"] == properties["ExecutionRoleArn"]
    assert made["containerDefinitions"][0]["stopTimeout"] == 7
