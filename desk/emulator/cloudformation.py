"""The CloudFormation types that moto lacks or halves, so that unmodified templates deploy whole.

moto finds types among the subclasses of its CloudFormationModel; each made here lives as long as
the process. What neither a function nor the desk ever asks for is recorded and does nothing.
"""

import json
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.cloudformation import parsing
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.core.utils import pascal_to_camelcase, remap_nested_keys
from moto.ecs.models import ecs_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends
from moto.sqs.models import sqs_backends

from desk.emulator.calls import ACCOUNT, REGION

Create = Callable[[str, Mapping[str, Any]], str]


def _secret(logical_id: str, properties: Mapping[str, Any]) -> str:
    """A secret, with a value only if the template gives or generates one; its ARN."""
    backend = secretsmanager_backends[ACCOUNT][REGION]
    name = str(properties.get("Name", logical_id))
    value = _secret_value(properties)
    if value is not None:
        backend.create_secret(
            name=name,
            secret_string=value,
            secret_binary=None,
            description=properties.get("Description"),
            tags=[],
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
    else:
        backend.secrets[name] = FakeSecret(
            account_id=ACCOUNT,
            region_name=REGION,
            secret_id=name,
            secret_version={},
            version_id=secrets.token_hex(16),
            description=properties.get("Description"),
        )
    return str(backend.secrets[name].arn)


def _secret_value(properties: Mapping[str, Any]) -> str | None:
    generate = properties.get("GenerateSecretString")
    if generate is None:
        value = properties.get("SecretString")
        return None if value is None else str(value)
    length = int(generate.get("PasswordLength", 32))
    password = "".join(secrets.choice(string.ascii_letters) for _ in range(length))
    if "GenerateStringKey" not in generate:
        return password
    template = json.loads(generate.get("SecretStringTemplate", "{}"))
    return json.dumps({**template, generate["GenerateStringKey"]: password})


def _queue_policy(logical_id: str, properties: Mapping[str, Any]) -> str:
    """The policy, at its queues. moto shows it and does not enforce it."""
    for url in properties["Queues"]:
        sqs_backends[ACCOUNT][REGION].set_queue_attributes(
            str(url).rpartition("/")[2], {"Policy": json.dumps(properties["PolicyDocument"])}
        )
    return logical_id


def _alarm(logical_id: str, properties: Mapping[str, Any]) -> str:
    """A metric alarm, for `describe-alarms`; no metric ever arrives here. Its name."""
    name = str(properties.get("AlarmName", logical_id))
    cloudwatch_backends[ACCOUNT][REGION].put_metric_alarm(
        name=name,
        namespace=properties.get("Namespace", ""),
        metric_name=properties.get("MetricName", ""),
        comparison_operator=properties["ComparisonOperator"],
        evaluation_periods=int(properties["EvaluationPeriods"]),
        period=int(properties.get("Period", 60)),
        threshold=float(properties.get("Threshold", 0)),
        statistic=properties.get("Statistic", ""),
        description=properties.get("AlarmDescription", ""),
        dimensions=properties.get("Dimensions", []),
        alarm_actions=properties.get("AlarmActions", []),
        treat_missing_data=properties.get("TreatMissingData"),
    )
    return name


def _stage(_: str, properties: Mapping[str, Any]) -> str:
    """A stage of a REST API."""
    name = str(properties["StageName"])
    apigateway_backends[ACCOUNT][REGION].create_stage(
        properties["RestApiId"], name, properties["DeploymentId"]
    )
    return name


def _task_definition(logical_id: str, properties: Mapping[str, Any]) -> str:
    """A task definition with its roles, which moto's own leaves out; its ARN."""
    given = {
        name: remap_nested_keys(properties.get(name, []), pascal_to_camelcase)
        for name in ("ContainerDefinitions", "Volumes")
    }
    made = ecs_backends[ACCOUNT][REGION].register_task_definition(
        family=str(properties.get("Family", logical_id)),
        container_definitions=given["ContainerDefinitions"],
        volumes=given["Volumes"],
        requires_compatibilities=properties.get("RequiresCompatibilities"),
        cpu=properties.get("Cpu"),
        memory=properties.get("Memory"),
        task_role_arn=properties.get("TaskRoleArn"),
        execution_role_arn=properties.get("ExecutionRoleArn"),
    )
    return str(made.arn)


_REAL: Mapping[str, Create] = {
    "AWS::ECS::TaskDefinition": _task_definition,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::ApiGateway::Stage": _stage,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::SQS::QueuePolicy": _queue_policy,
}

_ARNS = {"AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}"}
"""Of the types whose physical id is not their ARN."""

# Without functions' calls: recorded only. Bucket policies among them: moto would apply a Deny
# without its condition, and refuse everything that does not come over TLS.
_RECORDED = (
    "AWS::ApiGateway::Account",
    "AWS::Glue::Database",
    "AWS::Glue::Table",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
)

_made: list[type[CloudFormationModel]] = []


def _type(name: str, create: Create) -> type[CloudFormationModel]:  # noqa: C901 - moto's protocol
    """A resource type; `create` answers the physical id."""

    class Resource(CloudFormationModel):
        # moto's metaclass splits the module's name at its dots.
        __module__ = "desk.emulator.cloudformation"

        def __init__(self, physical_id: str) -> None:
            self._physical_id = physical_id

        @property
        def physical_resource_id(self) -> str:
            return self._physical_id

        @staticmethod
        def cloudformation_name_type() -> str:
            return ""

        @staticmethod
        def cloudformation_type() -> str:
            return name

        @classmethod
        def has_cfn_attr(cls, attr: str) -> bool:
            return attr in {"Id", "Arn"}

        def get_cfn_attribute(self, attribute_name: str) -> str:
            arn = _ARNS.get(name, "{}") if attribute_name == "Arn" else "{}"
            return arn.format(self._physical_id)

        @classmethod
        def create_from_cloudformation_json(
            cls, resource_name: str, cloudformation_json: Any, *_: Any, **__: Any
        ) -> "Resource":
            return cls(create(resource_name, cloudformation_json.get("Properties", {})))

        @classmethod
        def update_from_cloudformation_json(cls, original_resource: Any, *_: Any, **__: Any) -> Any:
            return original_resource

        @classmethod
        def delete_from_cloudformation_json(cls, *_: Any, **__: Any) -> None:
            return None

        def delete(self, *_: Any) -> None:
            return None

    return Resource


def register() -> None:
    """Make the types known to moto, once per process."""
    if _made:
        return
    _made.extend(_type(name, create) for name, create in _REAL.items())
    _made.extend(_type(name, lambda physical_id, _: physical_id) for name in _RECORDED)
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
