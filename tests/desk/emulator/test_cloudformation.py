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
