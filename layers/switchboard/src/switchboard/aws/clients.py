"""The one boto3 factory. Clients are made on first use, so that an import makes none."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast, overload

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient


@overload
def client(service: Literal["sqs"]) -> "SQSClient": ...
@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["ssm"]) -> "SSMClient": ...
@overload
def client(service: Literal["lambda"]) -> "LambdaClient": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
def client(service: Literal["sqs", "dynamodb", "s3", "ssm", "secretsmanager", "lambda"]) -> Any:
    """A client of `service`, one per sandbox.

    Time-outs are short and retries few: what fails goes back to its queue, which waits better than
    a function that is paid by the millisecond.
    """
    return _made(service)


def s3_asked_once() -> "S3Client":
    """A client of S3's whose answer is that of its only request.

    What a second one is answered says nothing of the first, which may have been stored.
    """
    return cast("S3Client", _made("s3", attempts=1))


@cache
def _made(service: str, attempts: int = 3) -> Any:
    # boto3 costs 120 ms; a function that is refused at the edge of its input never pays them.
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": attempts},
        parameter_validation=False,
    )
    # botocore's own stub takes the service as a literal for each; this is the one dynamic call.
    return boto3.client(service, config=config)  # type: ignore[call-overload]
