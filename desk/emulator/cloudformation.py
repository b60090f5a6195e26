"""The CloudFormation types that moto lacks, so that unmodified templates deploy whole.

moto finds types among the subclasses of its CloudFormationModel; each made here lives as long as
the process. What no function ever calls is recorded and does nothing.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from desk.emulator.calls import ACCOUNT, REGION

Create = Callable[[str, Mapping[str, Any]], str]


def _secret(_: str, properties: Mapping[str, Any]) -> str:
    """A secret without a value, as CloudFormation makes it; its ARN."""
    backend = secretsmanager_backends[ACCOUNT][REGION]
    name = str(properties["Name"])
    if name not in backend.secrets:
        backend.secrets[name] = FakeSecret(
            account_id=ACCOUNT,
            region_name=REGION,
            secret_id=name,
            secret_version={},
            version_id=secrets.token_hex(16),
            description=properties.get("Description"),
        )
    return str(backend.secrets[name].arn)


def _stage(_: str, properties: Mapping[str, Any]) -> str:
    """A stage of a REST API."""
    name = str(properties["StageName"])
    apigateway_backends[ACCOUNT][REGION].create_stage(
        properties["RestApiId"], name, properties["DeploymentId"]
    )
    return name


_REAL: Mapping[str, Create] = {
    "AWS::SecretsManager::Secret": _secret,
    "AWS::ApiGateway::Stage": _stage,
}

# Without functions' calls: recorded only. Bucket policies among them: moto would apply a Deny
# without its condition, and refuse everything that does not come over TLS.
_RECORDED = (
    "AWS::ApiGateway::Account",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
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
            del attribute_name
            return self._physical_id

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
