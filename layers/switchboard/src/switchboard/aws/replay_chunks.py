"""The chunks of replays' plans, in the archive bucket under replays/."""

from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated
from switchboard.errors import EventError
from switchboard.replays import chunk_key


class ReplayChunks:
    """See ChunkStore. `s3` is a client; without one, the sandbox's own."""

    def __init__(self, bucket: str, *, s3: Any = None) -> None:
        self._bucket = bucket
        self._s3 = s3

    def write_chunk(self, replay_id: str, number: int, body: bytes) -> None:
        """See ChunkStore."""
        with translated("keeping a replay's chunk"):
            (self._s3 or client("s3")).put_object(
                Bucket=self._bucket,
                Key=chunk_key(replay_id, number),
                Body=body,
                ContentType="application/x-ndjson",
                ContentEncoding="gzip",
            )

    def read_chunk(self, replay_id: str, number: int) -> bytes:
        """See ChunkStore."""
        from botocore.exceptions import ClientError

        with translated("reading a replay's chunk"):
            try:
                answer = (self._s3 or client("s3")).get_object(
                    Bucket=self._bucket, Key=chunk_key(replay_id, number)
                )
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                raise EventError(
                    f"reading chunk {number} of the replay {replay_id}: it is gone; plan it again"
                ) from None
            return bytes(answer["Body"].read())
