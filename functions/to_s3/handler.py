"""The Lambda handler of `to_s3`."""

from functions.to_s3.request import S3Destination
from functions.to_s3.spec import SPEC
from switchboard.aws.destinations import destination_handler
from switchboard.aws.objects import S3Objects

lambda_handler = destination_handler(SPEC, S3Destination.over(S3Objects()))
