"""What stacks are given as code: a function's folder, and their own version of the layer."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra import bundling
from infra.stage import Stage


def function_asset(scope: Construct, folder: str, target: bundling.Target) -> assets.Asset:
    """The code of one function."""
    return assets.Asset(
        scope, f"Code-{folder}", path=str(bundling.function(folder, target)), exclude=[".DS_Store"]
    )


def layer_version(
    scope: Construct, stage: Stage, target: bundling.Target
) -> lambda_.CfnLayerVersion:
    """This stack's version of the shared layer; old ones stay, so that a rollback finds its own."""
    asset = assets.Asset(scope, "LayerCode", path=str(bundling.layer(target)))
    layer = lambda_.CfnLayerVersion(
        scope,
        "Layer",
        layer_name=f"switchboard-{stage.name}",
        description="The package switchboard and its locked dependencies",
        content=lambda_.CfnLayerVersion.ContentProperty(
            s3_bucket=asset.s3_bucket_name, s3_key=asset.s3_object_key
        ),
        compatible_architectures=[stage.cpu],
        compatible_runtimes=["python3.13"],
    )
    asset.add_resource_metadata(layer, "Content")
    layer.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return layer
