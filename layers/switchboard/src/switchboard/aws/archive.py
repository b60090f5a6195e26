"""The archive bucket: raw payloads under raw/, claim checks under claims/."""

from collections.abc import Mapping, Sequence

from switchboard.archive import RawLine, decode_line, encode_lines, object_key
from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated
from switchboard.envelope import ObjectRef, Raw, RawRef
from switchboard.errors import EventError


class ArchiveBucket:
    """See RawArchive and ClaimStore."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._last: tuple[str, bytes] = ("", b"")

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

    def read(self, ref: RawRef) -> Raw:
        """See RawArchive. The last object is kept: what is read together was archived together."""
        if self._last[0] != ref.key:
            self._last = ref.key, self._get(ref, "reading a raw payload")
        return decode_line(self._last[1], ref)

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
        return self._get(ref, "reading a claim check").decode("ascii")

    def _get(self, ref: ObjectRef, doing: str) -> bytes:
        from botocore.exceptions import ClientError

        with translated(doing):
            try:
                answer = client("s3").get_object(Bucket=ref.bucket, Key=ref.key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                raise EventError(f"{doing}: {ref.key} is gone") from None
            body: bytes = answer["Body"].read()
            return body
