"""The archive bucket: raw payloads under raw/, claim checks under claims/."""

from collections.abc import Mapping, Sequence

from switchboard.archive import RawLine, encode_lines, object_key
from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated
from switchboard.envelope import ObjectRef, RawRef
from switchboard.errors import EventError


class ArchiveBucket:
    """See RawArchive and ClaimStore."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def write(self, lines: Sequence[RawLine]) -> Mapping[str, RawRef]:
        """See RawArchive."""
        key = object_key(lines)
        with translated("archiving raw payloads"):
            client("s3").put_object(
                Bucket=self._bucket,
                Key=key,
                Body=encode_lines(lines),
                ContentType="application/x-ndjson",
                ContentEncoding="gzip",
            )
        return {
            line.event_id: RawRef(bucket=self._bucket, key=key, line=number)
            for number, line in enumerate(lines)
        }

    def store(self, name: str, body: str) -> ObjectRef:
        """See ClaimStore."""
        key = f"claims/{name}"
        with translated("storing a claim check"):
            client("s3").put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body.encode("ascii"),
                ContentType="application/json",
            )
        return ObjectRef(bucket=self._bucket, key=key)

    def load(self, ref: ObjectRef) -> str:
        """See ClaimStore."""
        from botocore.exceptions import ClientError

        with translated("reading a claim check"):
            try:
                answer = client("s3").get_object(Bucket=ref.bucket, Key=ref.key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                raise EventError(f"reading the claim {ref.key}: it is gone") from None
            return answer["Body"].read().decode("ascii")
