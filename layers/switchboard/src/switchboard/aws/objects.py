"""S3 as an ObjectStore.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from typing import Any

from switchboard.aws.clients import s3_asked_once
from switchboard.aws.failures import error_code
from switchboard.errors import ConfigurationError, OutcomeUnknown, Rejected, Unavailable

_THERE = frozenset({"PreconditionFailed", "412"})
_OURS = frozenset({"AccessDenied", "NoSuchBucket", "AllAccessDisabled", "403", "404"})
_CLEAN = frozenset({"SlowDown", "503", "ConditionalRequestConflict", "409", "ServiceUnavailable"})


class S3Objects:
    """See ObjectStore. `s3` is a client of S3's that asks once; without one, the sandbox's own."""

    def __init__(self, s3: Any = None) -> None:
        self._s3 = s3

    def put_if_absent(self, bucket: str, key: str, body: bytes, content_type: str) -> bool:
        """See ObjectStore."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

        try:
            (self._s3 or s3_asked_once()).put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            if error_code(error) in _THERE:
                return False
            raise _meant(bucket, error) from None
        except EndpointConnectionError:
            raise Unavailable(f"writing to the bucket {bucket}: no connection") from None
        except BotoCoreError as error:
            raise OutcomeUnknown(
                f"writing to the bucket {bucket}: {type(error).__name__}"
            ) from None
        return True

    def is_there(self, bucket: str, key: str) -> bool:
        """See ObjectStore. Without s3:ListBucket, S3 answers 403 for what is not there."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            (self._s3 or s3_asked_once()).head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            code = error_code(error)
            if code in ("404", "NoSuchKey"):
                return False
            if code in _OURS:
                raise ConfigurationError(
                    f"looking into the bucket {bucket}: S3 answered {code}; allow the destination's"
                    " role to read there and to list the bucket"
                ) from None
            raise Unavailable(f"looking into the bucket {bucket}: S3 answered {code}") from None
        except BotoCoreError as error:
            raise Unavailable(f"looking into the bucket {bucket}: {type(error).__name__}") from None
        return True


def _meant(bucket: str, error: Any) -> Exception:
    """What S3's refusal means."""
    code = error_code(error)
    said = f"writing to the bucket {bucket}: S3 answered {code}"
    if code in _OURS:
        return ConfigurationError(
            f"{said}; create the bucket, or allow the destination's role to write there"
        )
    if code in _CLEAN:
        return Unavailable(said)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    return Rejected(said) if 400 <= status < 500 else OutcomeUnknown(said)
