import json
from collections.abc import Iterator
from typing import Any

import pytest

from desk.laptop.emulator import EmulatorProcess

PREFIX = "arn:aws:{service}:eu-west-1:123456789012:{resource}"


def arn(service: str, resource: str) -> str:
    return PREFIX.format(service=service, resource=resource)


def statement(actions: str | list[str], resources: Any, effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": actions, "Resource": resources}


def policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


STATEMENTS = [
    statement("sqs:SendMessage", arn("sqs", "allowed.fifo")),
    statement(
        ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"],
        arn("dynamodb", "table/allowed"),
    ),
    statement("dynamodb:Query", arn("dynamodb", "table/allowed/index/by-day")),
    statement("lambda:UpdateEventSourceMapping", arn("lambda", "event-source-mapping:allowed")),
    statement("lambda:InvokeFunction", arn("lambda", "function:allowed")),
    statement("ssm:GetParameters", arn("ssm", "parameter/stage/one")),
    statement("ssm:GetParameters", arn("ssm", "parameter/stage/map?ings/*")),
    statement("ssm:GetParametersByPath", arn("ssm", "parameter/stage")),
    statement("secretsmanager:GetSecretValue", {"Ref": "AllowedSecret"}),
    statement("s3:PutObject", "arn:aws:s3:::the-bucket/claims/*"),
    statement("s3:PutObject", "arn:aws:s3:::the-bucket/claims/closed/*", "Deny"),
    statement(
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        arn("logs", "log-group:/aws/lambda/f:log-stream:*"),
    ),
]


def table(name: str) -> dict[str, Any]:
    key = [{"AttributeName": "group", "KeyType": "HASH"}]
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "group", "AttributeType": "S"},
                {"AttributeName": "day", "AttributeType": "S"},
            ],
            "KeySchema": key,
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index,
                    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index in ("by-day", "by-night")
            ],
        },
    }


def fifo(name: str, **more: Any) -> dict[str, Any]:
    properties = {"QueueName": name, "FifoQueue": True, "VisibilityTimeout": 30, **more}
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def standard(name: str, **more: Any) -> dict[str, Any]:
    properties = {"QueueName": name, "VisibilityTimeout": 30, **more}
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


TLS_ONLY = {
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
}

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Allowed": fifo(
            "allowed.fifo",
            RedrivePolicy={
                "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                "maxReceiveCount": 3,
            },
        ),
        "Other": fifo("other.fifo"),
        "Dead": fifo("dead.fifo"),
        "Lake": standard("lake"),
        "AllowedPolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Allowed"}], "PolicyDocument": TLS_ONLY},
        },
        "AllowedTable": table("allowed"),
        "OtherTable": table("other"),
        "AllowedSecret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "/stage/allowed"},
        },
        "OtherSecret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "/stage/other", "SecretString": "given"},
        },
        "MadeSecret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": "/stage/made",
                "GenerateSecretString": {
                    "SecretStringTemplate": '{"user": "me"}',
                    "GenerateStringKey": "password",
                    "PasswordLength": 20,
                },
            },
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "the-bucket"}},
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": TLS_ONLY},
        },
        "LogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/lambda/f"},
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": "too-old",
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Statistic": "Maximum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 300,
                "ComparisonOperator": "GreaterThanThreshold",
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "the-role",
                "AssumeRolePolicyDocument": {"Statement": []},
                "Policies": [
                    {"PolicyName": "inline", "PolicyDocument": policy(STATEMENTS)},
                ],
            },
        },
        "Attached": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "Roles": [{"Ref": "Role"}],
                "PolicyName": "attached",
                "PolicyDocument": policy(
                    [statement("sqs:ReceiveMessage", arn("sqs", "allowed.fifo"))]
                ),
            },
        },
    },
    "Outputs": {"AlarmArn": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}}},
}


@pytest.fixture(scope="package")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    with EmulatorProcess(tmp_path_factory.mktemp("emulator"), log_sends=True) as running:
        running.client("cloudformation").create_stack(
            StackName="tests", TemplateBody=json.dumps(TEMPLATE)
        )
        yield running
