"""What `to_s3` is."""

from functions.to_s3.settings import S3DeployTime, S3Document
from switchboard.destination import DestinationSpec, LanePer, Permission, Repeat

SPEC = DestinationSpec(
    kind="s3",
    folder="to_s3",
    summary="A bucket: one JSON object per event, under a key made from its content.",
    documentation="https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
    document=S3Document,
    deploy_time=S3DeployTime,
    repeat=Repeat.NATIVE,
    lane_per=LanePer.EVENT,
    permissions=(
        Permission(actions=("s3:PutObject",), resource="arn:{partition}:s3:::{bucket}/{prefix}*"),
    ),
    vendor_timeout_seconds=10,
)
