"""The archive bucket as it is compacted."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice

from switchboard.aws.clients import client
from switchboard.aws.failures import error_code, translated
from switchboard.hours import RAW, Stored

AT_ONCE = 16
"""Requests at once: an hour has thousands of objects, and each is small."""

MADE_OF = "made-of"


class ArchiveHours:
    """See ArchivedHours."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def of_day(self, day: date) -> Iterator[Stored]:
        """See ArchivedHours."""
        pages = client("s3").get_paginator("list_objects_v2")
        with translated("listing the archive"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{RAW}/{day:%Y/%m/%d}/"):
                for found in page.get("Contents", []):
                    yield Stored(found["Key"], found["ETag"])

    def read(self, keys: Iterable[str]) -> Iterator[bytes]:
        """See ArchivedHours."""
        rest = iter(keys)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while some := list(islice(rest, AT_ONCE)):
                yield from (body for body in pool.map(self._get, some) if body is not None)

    def made_of(self, key: str) -> str | None:
        """See ArchivedHours."""
        from botocore.exceptions import ClientError

        with translated("looking at a compacted hour"):
            try:
                found = client("s3").head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) not in ("404", "NoSuchKey"):
                    raise
                return None
            return found["Metadata"].get(MADE_OF)

    def write(self, key: str, body: bytes, made_of: str) -> None:
        """See ArchivedHours."""
        with translated("writing a compacted hour"):
            client("s3").put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType="application/x-ndjson",
                ContentEncoding="gzip",
                Metadata={MADE_OF: made_of},
            )

    def _get(self, key: str) -> bytes | None:
        from botocore.exceptions import ClientError

        with translated("reading raw payloads"):
            try:
                answer = client("s3").get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            return bytes(answer["Body"].read())
