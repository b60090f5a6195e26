"""The CDK app: the stacks of one stage of cdk.json (`-c stage=dev`)."""

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra import bundling
from infra.core_stack import CoreStack
from infra.destination_stack import DestinationStack
from infra.stage import Stage, StageError, read_stage
from infra.stream_stack import StreamStack


def build(app: cdk.App, stage: Stage, *, bytecode: bool = True) -> list[cdk.Stack]:
    """The stacks of `stage`: the core, one per destination, and one for its streams, if any.

    They are joined by names alone.
    """
    target = bundling.deploy_target(stage.cpu, bytecode=bytecode)
    core = CoreStack(app, stage, target)
    stacks: list[cdk.Stack] = [core]
    for name, entry in stage.destinations.items():
        stack = DestinationStack(app, stage, name, entry, target)
        stack.add_stack_dependency(core)
        stacks.append(stack)
    if stage.streams:
        streams = StreamStack(app, stage)
        streams.add_stack_dependency(core)
        stacks.append(streams)
    for each in stacks:
        cdk.Tags.of(each).add(
            "switchboard:stage", stage.name, exclude_resource_types=["AWS::SSM::Parameter"]
        )
    return stacks


def main() -> None:
    """Synthesize; the folder is what CDK says, else cdk.out."""
    app = cdk.App(context=None if "CDK_CONTEXT_JSON" in os.environ else file_context())
    try:
        stage = read_stage(
            app.node.try_get_context("stage") or "dev", app.node.try_get_context("stages") or {}
        )
    except StageError as error:
        sys.exit(f"synth: {error}")
    bytecode = app.node.try_get_context("bytecode") != "false"
    if bytecode and bundling.deployed_python() is None:
        sys.stderr.write(
            f"synth: no Python {bundling.DEPLOYED_PYTHON} on this machine: assets have no"
            " byte-code, and cannot be deployed\n"
        )
        bytecode = False
    build(app, stage, bytecode=bytecode)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


def file_context() -> dict[str, object]:
    """The context of cdk.json and of `-c key=value`, for a synthesis without the CDK CLI.

    `-c stages-file=PATH` takes the stages from another file.
    """
    text = (Path(__file__).resolve().parent.parent / "cdk.json").read_text()
    context: dict[str, object] = json.loads(text)["context"]
    arguments = sys.argv[1:]
    for flag, pair in pairwise(arguments):
        if flag == "-c":
            key, _, value = pair.partition("=")
            context[key] = value
    if isinstance(given := context.get("stages-file"), str):
        context["stages"] = json.loads(Path(given).read_text())
    return context


if __name__ == "__main__":
    main()
