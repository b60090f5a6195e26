import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.to_s3.request import S3Destination, stored_object
from functions.to_s3.settings import S3DeployTime, S3Document
from switchboard.testing.contract import a_delivery
from switchboard.testing.deliveries import make_event

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
SAFE_KEY = re.compile(r"events/source=[^/]+/type=[^/]+/dt=[\d-]+/hour=\d\d/dlv_[0-9a-f]+\.json")


class MemoryObjects:
    """See ObjectStore."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}

    def put_if_absent(self, bucket: str, key: str, body: bytes, content_type: str) -> bool:
        del content_type
        there = (bucket, key) in self.objects
        self.objects.setdefault((bucket, key), body)
        return not there


def test_the_object_is_the_one_a_reviewer_reads() -> None:
    stored = stored_object(a_delivery(), S3Document(), "events/")
    (case,) = CASES
    expected = json.loads(case.read_text())
    assert {"key": stored.key, "body": json.loads(stored.body)} == expected


def test_the_same_delivery_twice_is_one_object() -> None:
    objects = MemoryObjects()
    destination = S3Destination(
        S3Document(), S3DeployTime(bucket="a-bucket", prefix="events/"), objects
    )
    receipts = {destination.send(a_delivery(attempt=n)).remote_id for n in (1, 2)}
    assert len(objects.objects) == len(receipts) == 1
    assert list(objects.objects.values()) == [destination.check(a_delivery())]


def test_equal_events_make_equal_bytes_when_compressed() -> None:
    document = S3Document(compression="gzip")
    first, second = (stored_object(a_delivery(), document, "") for _ in range(2))
    assert first == second
    assert json.loads(gzip.decompress(first.body))["data"]["data"] == {"number": 1}


@given(source=st.text(max_size=200), kind=st.text(max_size=200))
def test_no_source_or_type_leaves_its_place_in_the_key(source: str, kind: str) -> None:
    event = make_event(1).model_copy(update={"source": source, "type": kind})
    stored = stored_object(replace(a_delivery(), event=event), S3Document(), "events/")
    assert SAFE_KEY.fullmatch(stored.key)


@pytest.mark.parametrize("prefix", ["/events/", "events", "../up/", "a b/"])
def test_an_odd_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        S3DeployTime(bucket="a-bucket", prefix=prefix)
