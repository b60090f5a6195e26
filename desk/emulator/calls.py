"""A request as AWS sees it: whose it is, which action it asks for, and on which resources."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

ACCOUNT = "123456789012"
REGION = "eu-west-1"

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/aws4_request")

_MAPPING = re.compile(r"/2015-03-31/event-source-mappings/([^/?]+)")
_INVOCATION = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations")
_MAPPING_ACTIONS = {"GET": "GetEventSourceMapping", "PUT": "UpdateEventSourceMapping"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `resources` are ARNs; a call on several needs to be allowed on each.

    `operation` is the name that was called, `action` the permission that it needs.
    """

    key_id: str
    service: str
    action: str
    resources: tuple[str, ...]
    body: bytes
    parameters: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""

    @property
    def name(self) -> str:
        """The action as policies write it."""
        return f"{self.service}:{self.action}"


def read_call(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call | None:
    """The call in a signed request; None for what is not signed."""
    found = _CREDENTIAL.search(headers.get("Authorization", ""))
    if found is None:
        return None
    key_id, service = found.groups()
    if service == "s3":
        action = _s3_action(method, path)
        return Call(key_id, "s3", action, (_object(path),), body, operation=action)
    if service == "lambda" and (mapping := _MAPPING.match(path)):
        action = _MAPPING_ACTIONS.get(method, "")
        arn = _arn("lambda", f"event-source-mapping:{mapping[1]}")
        return Call(key_id, service, action, (arn,), body, operation=action)
    if service == "lambda" and (invoked := _INVOCATION.match(path)):
        parameters = {
            "FunctionName": invoked[1],
            "InvocationType": headers.get("X-Amz-Invocation-Type", "RequestResponse"),
        }
        function = (_arn("lambda", f"function:{invoked[1]}"),)
        return Call(key_id, service, "InvokeFunction", function, body, parameters, "Invoke")
    target = headers.get("X-Amz-Target", "")
    if not target:
        return Call(key_id, service, "", ("*",), body)
    parameters = json.loads(body or b"{}")
    action = target.rpartition(".")[2]
    resources = _RESOURCES.get(service, _anything)(parameters)
    permission = _permission(service, action)
    return Call(key_id, service, permission, resources, body, parameters, action)


def _permission(service: str, action: str) -> str:
    """Batches of SQS need the permission of the single action."""
    return action.removesuffix("Batch") if service == "sqs" else action


def _s3_action(method: str, path: str) -> str:
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put"}.get(method, method.capitalize())
    if "/" in path.strip("/"):
        return f"{verb}Object"
    return "ListBucket" if verb == "Get" else "CreateBucket"


def _object(path: str) -> str:
    return f"arn:aws:s3:::{unquote(path.partition('?')[0]).strip('/')}"


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _queue(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    url = str(parameters.get("QueueUrl", ""))
    name = url.rpartition("/")[2] or str(parameters.get("QueueName", "*"))
    return (_arn("sqs", name),)


def _table(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    index = parameters.get("IndexName")
    of_index = f"/index/{index}" if index else ""
    # A batch names its tables, each with what is asked of it.
    tables = parameters.get("RequestItems") or [parameters.get("TableName", "*")]
    names = [str(table).rpartition("/")[2] for table in tables]
    return tuple(_arn("dynamodb", f"table/{name}{of_index}") for name in names)


def _parameter(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    names = parameters.get("Names") or [parameters.get("Name") or parameters.get("Path") or "*"]
    return tuple(_arn("ssm", f"parameter/{str(name).strip('/')}") for name in names)


def _secret(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The ARN with its six random characters, also for a secret that is asked for by name."""
    # Reading requests is tested without moto, which is a second of imports.
    from moto.secretsmanager.models import secretsmanager_backends

    wanted = str(parameters.get("SecretId") or parameters.get("Name") or "*")
    if wanted.startswith("arn:"):
        return (wanted,)
    found = secretsmanager_backends[ACCOUNT][REGION].secrets.get(wanted)
    return (str(found.arn) if found else _arn("secretsmanager", f"secret:{wanted}"),)


def _stream(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    group, stream = parameters.get("logGroupName", "*"), parameters.get("logStreamName", "*")
    return (_arn("logs", f"log-group:{group}:log-stream:{stream}"),)


def _anything(_: Mapping[str, Any]) -> tuple[str, ...]:
    return ("*",)


_RESOURCES = {
    "sqs": _queue,
    "dynamodb": _table,
    "ssm": _parameter,
    "secretsmanager": _secret,
    "logs": _stream,
}
