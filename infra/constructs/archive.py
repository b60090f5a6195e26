"""The archive bucket: raw payloads and claim checks, private, versioned, TLS only."""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.findings import acknowledge
from infra.statements import policy, tls_only


class Archive(Construct):
    """`name` may hold pseudo parameters. Objects expire after `days`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, name: str, days: int, retain: bool
    ) -> None:
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
                    s3.CfnBucket.RuleProperty(
                        id="expire",
                        status="Enabled",
                        expiration_in_days=days,
                        noncurrent_version_expiration=(
                            s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=7)
                        ),
                        abort_incomplete_multipart_upload=(
                            s3.CfnBucket.AbortIncompleteMultipartUploadProperty(
                                days_after_initiation=1
                            )
                        ),
                    )
                ]
            ),
        )
        bucket.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN if retain else cdk.RemovalPolicy.DESTROY
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
