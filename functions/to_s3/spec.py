"""What `to_s3` is."""

from functions.to_s3.settings import S3DeployTime, S3Document
from switchboard.destination import DestinationSpec, LanePer, ParcelSpec, Permission, Repeat

SPEC = DestinationSpec(
    kind="s3",
    folder="to_s3",
    summary="A bucket: one JSON object per event or parcel, under a key made from its content.",
    documentation="https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
    document=S3Document,
    deploy_time=S3DeployTime,
    repeat=Repeat.NATIVE,
    lane_per=LanePer.EVENT,
    permissions=(
        Permission(actions=("s3:PutObject",), resource="arn:{partition}:s3:::{bucket}/{prefix}*"),
    ),
    vendor_timeout_seconds=10,
    parcels=ParcelSpec(
        repeat=Repeat.READ_BACK,
        largest_count=500,
        largest_bytes=16_000_000,
        permissions=(
            Permission(
                actions=("s3:GetObject",), resource="arn:{partition}:s3:::{bucket}/{prefix}*"
            ),
            Permission(actions=("s3:ListBucket",), resource="arn:{partition}:s3:::{bucket}"),
        ),
    ),
)
