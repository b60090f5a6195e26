"""The deployed destinations of a stage, made at the desk as their functions make them."""

import importlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from desk.mappings.explaining import Deployed
from desk.target import Target
from infra.catalogue import destination_kinds
from switchboard.destination import Destination, DestinationDocument, DestinationSpec, Lane
from switchboard.errors import ConfigurationError
from switchboard.mapping.calls import Key
from switchboard.secrets import mapping_key

FOLDER = "deployment/destinations/"


def deployed(target: Target, parameters: Mapping[str, str]) -> Sequence[Deployed]:
    """Every destination that a stage's parameters say is deployed, by name."""
    kinds = destination_kinds()
    found = []
    for name, text in sorted(parameters.items()):
        if not name.startswith(FOLDER):
            continue
        about = json.loads(text)
        spec = kinds.get(about["kind"])
        if spec is not None:
            found.append(_deployed(target, name.removeprefix(FOLDER), spec, about))
    return found


def _deployed(target: Target, name: str, spec: DestinationSpec, about: dict[str, Any]) -> Deployed:
    secret = f"destinations/{name}"

    def accepted() -> tuple[Mapping[str, str], ...]:
        return _secret(target, secret)

    def make(document: DestinationDocument) -> Destination:
        entry = spec.deploy_time.model_validate(_deploy_time(target, about.get("function", "")))
        handler = importlib.import_module(f"functions.{spec.folder}.handler").lambda_handler
        made: Destination = handler.make(document, accepted, entry)
        return made

    lanes = frozenset(Lane(lane) for lane in about["queues"])
    return Deployed(name, spec, lanes, make, key_of(target, name))


def key_of(target: Target, destination: str) -> Key:
    """What `hash` and `tokenise` take in a destination's mapping: read once, when one is asked."""
    secret = f"destinations/{destination}"
    return cache(lambda: mapping_key(secret, _secret(target, secret)))


def _secret(target: Target, name: str) -> tuple[Mapping[str, str], ...]:
    try:
        found = target.client("secretsmanager").get_secret_value(
            SecretId=f"/switchboard/{target.stage}/{name}"
        )
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise ConfigurationError(
            f"reading the secret of {name}: AWS answered {code}; run `switchboard secrets set"
            f" {name}`"
        ) from None
    return (json.loads(found["SecretString"]),)


def _deploy_time(target: Target, function: str) -> dict[str, Any]:
    """The kind's part of its entry in cdk.json, as its function was told."""
    try:
        found = target.client("lambda").get_function_configuration(FunctionName=function or "none")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {}
    told = found.get("Environment", {}).get("Variables", {}).get("SWITCHBOARD_DEPLOY_TIME", "{}")
    entry: dict[str, Any] = json.loads(told)
    return entry
