"""The archive bucket as it is compacted."""

import gzip
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest

from functions.compact_archive.compacting import Compacting
from switchboard.archive import RawLine
from switchboard.aws import archived_hours
from switchboard.aws.archive import ArchiveBucket
from switchboard.aws.archived_hours import ArchiveHours
from switchboard.envelope import Raw
from switchboard.testing.deliveries import make_event

DAY = date(2026, 9, 1)


def archive(number: int, hour: int) -> str:
    event = make_event(number)
    at = datetime(2026, 9, 1, hour, tzinfo=UTC)
    raw = Raw(kind="jaas", body="{}", received_at=at.isoformat())
    line = RawLine(event.id, event.source, at, raw, event)
    return ArchiveBucket("archive").write([line])[event.id].key


@pytest.mark.usefixtures("aws")
def test_a_day_is_listed_read_and_made_once() -> None:
    s3: Any = boto3.client("s3")
    s3.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    keys = [archive(number, 9) for number in range(archived_hours.AT_ONCE + 3)]
    archive(99, 11)
    hours = ArchiveHours("archive")
    assert len(list(hours.of_day(DAY))) == len(keys) + 1
    assert list(hours.of_day(date(2026, 9, 2))) == []
    bodies = list(hours.read([*keys[:1], "raw/none", *keys[1:]]))
    assert bodies == [s3.get_object(Bucket="archive", Key=key)["Body"].read() for key in keys]
    assert hours.made_of("compacted/2026/09/01/09.jsonl.gz") is None
    compacting = Compacting(hours, lambda: 0.0)
    assert compacting.run(date(2026, 9, 2), 1e9).made == 2
    assert compacting.run(date(2026, 9, 2), 1e9).made == 0
    body = s3.get_object(Bucket="archive", Key="modelled/2026/09/01/09.jsonl.gz")["Body"].read()
    assert len(gzip.decompress(body).splitlines()) == len(keys)
    archive(100, 11)
    assert compacting.run(date(2026, 9, 2), 1e9).made == 1
