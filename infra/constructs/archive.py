"""The archive bucket: raw payloads, events and claim checks, private, versioned, TLS only."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.findings import acknowledge
from infra.stage import Stage
from infra.statements import policy, tls_only
from switchboard.hours import COMPACTED, MODELLED, RAW

WAITING_DAYS = 14
"""For so long a message may wait in a queue, and point to what is here."""


def kept_days(stage: Stage) -> Mapping[str, int]:
    """For how long each layer is kept: what references point into outlives the ledger."""
    referenced = stage.ledger_days + WAITING_DAYS
    return {
        **dict.fromkeys((RAW, "claims", "replays"), referenced),
        COMPACTED: stage.raw_days,
        MODELLED: stage.modelled_days,
    }


class Archive(Construct):
    """`name` may hold pseudo parameters. Each layer expires by itself."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.CfnBucket(
            self,
            "Bucket",
            bucket_name=cdk.Fn.sub(name),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True,
                block_public_policy=True,
                ignore_public_acls=True,
                restrict_public_buckets=True,
            ),
            bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
                server_side_encryption_configuration=[
                    s3.CfnBucket.ServerSideEncryptionRuleProperty(
                        server_side_encryption_by_default=(
                            s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
                                sse_algorithm="AES256"
                            )
                        )
                    )
                ]
            ),
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[
                    s3.CfnBucket.OwnershipControlsRuleProperty(
                        object_ownership="BucketOwnerEnforced"
                    )
                ]
            ),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(
                rules=[
                    *[
                        s3.CfnBucket.RuleProperty(
                            id=f"expire-{layer}",
                            status="Enabled",
                            prefix=f"{layer}/",
                            expiration_in_days=days,
                        )
                        for layer, days in kept_days(stage).items()
                    ],
                    s3.CfnBucket.RuleProperty(
                        id="replaced",
                        status="Enabled",
                        noncurrent_version_expiration=(
                            s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=7)
                        ),
                        abort_incomplete_multipart_upload=(
                            s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
                                days_after_initiation=1
                            )
                        ),
                    ),
                ]
            ),
        )
        bucket.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN if stage.retain else cdk.RemovalPolicy.DESTROY
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Only functions of this stage reach it, and each read or write is in their own logs;"
            " access logs would double the requests and need a bucket of their own.",
        )
        s3.CfnBucketPolicy(
            self,
            "TlsOnly",
            bucket=bucket.ref,
            policy_document=policy(
                [tls_only([bucket.attr_arn, cdk.Fn.join("", [bucket.attr_arn, "/*"])], "s3:*")]
            ),
        )
        self.name = bucket.ref
        self.pattern = name
