"""What must be there before a stage is deployed: `python -m desk.first_deploy STAGE`.

In an account that has never seen ECS, the first service fails without ECS's service-linked role,
and CloudFormation cannot make the role only where it is missing.
"""

import json
import os
import shutil
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.bundling import ROOT
from infra.stage import Stage, StageError, read_stage

SERVICE = "ecs.amazonaws.com"
TAKEN = "has been taken"


class NotReadyError(Exception):
    """The stage cannot be deployed from here; the message says what to do."""


def prepare(stage: Stage, iam: Any) -> str:
    """Make what `stage` needs besides its stacks, and say what was done.

    Raises:
        NotReadyError: AWS refused it.
    """
    if not stage.streams:
        return "nothing: the stage reads no stream"
    try:
        iam.create_service_linked_role(AWSServiceName=SERVICE)
    except ClientError as error:
        if TAKEN in error.response["Error"].get("Message", ""):
            return "the service-linked role of ECS is there"
        raise NotReadyError(_refused(error)) from error
    except BotoCoreError as error:
        raise NotReadyError(_refused(error)) from error
    return "the service-linked role of ECS was created"


def check_builder(stage: Stage, builder: str) -> None:
    """Look for what builds the image, before anything is deployed.

    Raises:
        NotReadyError: `stage` needs it and it is missing.
    """
    if stage.streams and shutil.which(builder) is None:
        raise NotReadyError(
            f"the stage {stage.name} reads streams, and {builder}, which builds the reader's image,"
            " is not on the PATH; install Docker, or name another builder by CDK_DOCKER"
        )


def _refused(error: Exception) -> str:
    return (
        f"creating the service-linked role of ECS: {error}; let somebody who may run `aws iam"
        f" create-service-linked-role --aws-service-name {SERVICE}` once for this account"
    )


def main(arguments: list[str]) -> int:
    """Prepare the account for one stage of cdk.json."""
    stages = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]
    try:
        stage = read_stage(arguments[0], stages)
        check_builder(stage, os.environ.get("CDK_DOCKER", "docker"))
        done = prepare(stage, boto3.client("iam"))
    except (StageError, NotReadyError) as error:
        sys.stderr.write(f"deploy: {error}\n")
        return 1
    sys.stdout.write(f"deploy: prepared: {done}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
