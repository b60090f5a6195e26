"""S3 as an ObjectStore.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code
from switchboard.errors import ConfigurationError, OutcomeUnknown, Unavailable

_THERE = frozenset({"PreconditionFailed", "412"})
_OURS = frozenset({"AccessDenied", "NoSuchBucket", "AllAccessDisabled", "403", "404"})
_CLEAN = frozenset({"SlowDown", "503", "ConditionalRequestConflict", "409", "ServiceUnavailable"})


class S3Objects:
    """See ObjectStore."""

    def put_if_absent(self, bucket: str, key: str, body: bytes, content_type: str) -> bool:
        """See ObjectStore."""
        from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

        try:
            client("s3").put_object(
                Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            code = error_code(error)
            if code in _THERE:
                return False
            if code in _OURS:
                raise ConfigurationError(
                    f"writing to the bucket {bucket}: S3 answered {code}; create the bucket, or"
                    " allow the destination's role to write there"
                ) from None
            if code in _CLEAN:
                raise Unavailable(f"writing to the bucket {bucket}: S3 answered {code}") from None
            raise OutcomeUnknown(f"writing to the bucket {bucket}: S3 answered {code}") from None
        except EndpointConnectionError:
            raise Unavailable(f"writing to the bucket {bucket}: no connection") from None
        except BotoCoreError as error:
            raise OutcomeUnknown(
                f"writing to the bucket {bucket}: {type(error).__name__}"
            ) from None
        return True
