"""Raw payloads are read back from S3, line by line."""

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from switchboard.archive import RawLine
from switchboard.aws.archive import ArchiveBucket
from switchboard.envelope import Raw
from switchboard.errors import EventError

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.mark.usefixtures("aws")
def test_a_payload_is_read_as_it_was_received() -> None:
    s3: Any = boto3.client("s3")
    s3.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    bodies = ["{}", json.dumps({"ü": "\ud800"}), "\u0000"]
    raws = [Raw(kind="jaas", body=body, received_at="2026-09-01T12:00:00.000Z") for body in bodies]
    lines = [RawLine(f"e{number}", "meetings", AT, raw) for number, raw in enumerate(raws)]
    refs = ArchiveBucket("archive").write(lines)
    bucket = ArchiveBucket("archive")
    assert [bucket.read(refs[line.event_id]) for line in lines] == raws
    with pytest.raises(EventError, match="line 9: it holds no payload"):
        bucket.read(refs["e0"].model_copy(update={"line": 9}))
    with pytest.raises(EventError, match="is gone"):
        bucket.read(refs["e0"].model_copy(update={"key": "raw/none"}))
