import gzip
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.to_s3.request import S3Destination, parcel_object, stored_object
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

    def is_there(self, bucket: str, key: str) -> bool:
        return (bucket, key) in self.objects


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


def made(objects: MemoryObjects) -> S3Destination:
    return S3Destination(S3Document(), S3DeployTime(bucket="a-bucket", prefix="events/"), objects)


def test_a_parcel_is_one_object_of_a_line_a_delivery_in_the_order_of_versions() -> None:
    objects = MemoryObjects()
    deliveries = [a_delivery(number) for number in (3, 1, 2)]
    receipt = made(objects).send_parcel(deliveries)
    (((bucket, key), body),) = objects.objects.items()
    assert receipt.remote_id == f"s3://{bucket}/{key}"
    assert re.fullmatch(r"events/dt=2026-11-24/hour=09/parcel_[0-9a-f]{40}\.jsonl\.gz", key)
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert [line["data"]["data"]["number"] for line in lines] == [1, 2, 3]
    assert {line["type"] for line in lines} == {"meeting.participant.joined"}


def test_equal_parcels_are_equal_objects_in_whatever_order_they_came() -> None:
    deliveries = [a_delivery(number) for number in range(1, 6)]
    assert parcel_object(deliveries, "") == parcel_object(deliveries[::-1], "")
    assert parcel_object(deliveries, "").key != parcel_object(deliveries[1:], "").key


def test_what_a_parcel_held_is_found_by_its_name() -> None:
    objects = MemoryObjects()
    destination = made(objects)
    deliveries = [a_delivery(1), a_delivery(2)]
    reference = destination.parcel_reference(deliveries)
    named = [replace(delivery, reference=reference) for delivery in deliveries]
    assert [destination.find(one) for one in named] == [None, None]
    receipt = destination.send_parcel(named)
    assert [destination.find(one) for one in named] == [receipt, receipt]


def test_what_was_sent_alone_before_is_found_as_well() -> None:
    objects = MemoryObjects()
    destination = made(objects)
    receipt = destination.send(a_delivery())
    assert destination.find(a_delivery()) == receipt


def test_events_of_two_hours_do_not_share_an_object() -> None:
    destination = made(MemoryObjects())
    later = make_event(1, time=make_event(1).time + timedelta(hours=1))
    assert destination.address(a_delivery()) != destination.address(
        replace(a_delivery(), event=later)
    )
