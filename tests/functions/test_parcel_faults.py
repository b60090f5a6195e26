"""Batched destinations under faults: real sockets to an endpoint, and S3 in moto."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from functions.to_s3.request import S3Destination
from functions.to_s3.settings import S3DeployTime, S3Document
from functions.to_s3.spec import SPEC as S3
from functions.to_webhook.request import WebhookDestination
from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from functions.to_webhook.spec import SPEC as WEBHOOK
from switchboard.aws.objects import S3Objects
from switchboard.destination import DestinationSpec
from switchboard.errors import OutcomeUnknown, Unavailable
from switchboard.ledger import State
from switchboard.loop import Record
from switchboard.testing.deliveries import DeliveryBench, make_event, make_record
from switchboard.testing.stand_in import Arrived, Reply, StandIn

EVENTS = 400
BATCH = 60
POISON = {17, 180, 181, 399}
SECRET = {"signing_secret": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="}


class Killed(BaseException):
    """The process ends here."""


class Endpoint:
    """Knows each event again by its own id; fails in every way that an endpoint has."""

    def __init__(self) -> None:
        self.stored: Counter[int] = Counter()
        self.known: set[str] = set()
        self._random = random.Random(5)

    def answer(self, arrived: Arrived) -> Reply:
        data = json.loads(arrived.body)["data"]
        if any(one["data"]["data"]["number"] in POISON for one in data):
            return Reply(422)
        fate = self._random.choice(["taken"] * 4 + ["429", "503", "cut", "lost", "500"])
        if fate == "429":
            return Reply(429, {"Retry-After": "20"})
        if fate in ("503", "cut"):
            return Reply(503) if fate == "503" else Reply(hang_up=True)
        self._take(data)
        return {"lost": Reply(hang_up=True), "500": Reply(500)}.get(fate, Reply())

    def _take(self, data: Sequence[dict[str, object]]) -> None:
        for one in data:
            if one["id"] not in self.known:
                self.known.add(str(one["id"]))
                event: dict[str, dict[str, int]] = one["data"]  # type: ignore[assignment]  # ours
                self.stored[event["data"]["number"]] += 1


class FailingObjects(S3Objects):
    """S3 whose answers are lost now and then, before or after it wrote; the process dies, too."""

    def __init__(self) -> None:
        super().__init__(boto3.client("s3", region_name="eu-west-1"))
        self._random = random.Random(7)
        self._kills = 0

    def put_if_absent(self, bucket: str, key: str, body: bytes, content_type: str) -> bool:
        fate = self._random.choice(["taken"] * 3 + ["lost", "stored", "503", "killed"])
        if fate == "503":
            raise Unavailable("SlowDown")
        if fate == "lost":
            raise OutcomeUnknown("no answer")
        written = super().put_if_absent(bucket, key, body, content_type)
        if fate == "stored":
            raise OutcomeUnknown("no answer")
        # Once only: a third time would be a dead letter by right.
        if fate == "killed" and not self._kills:
            self._kills += 1
            raise Killed
        return written


def run(bench: DeliveryBench, spec: DestinationSpec) -> None:
    """A standard queue: any order, some messages twice, batches until nothing is left."""
    assert spec.parcels is not None
    bench.parcels = spec.parcels
    chance = random.Random(3)
    queue = [record for number in range(EVENTS) for record in copies(number, chance)]
    for _ in range(400):
        if not queue:
            return
        chance.shuffle(queue)
        batch, rest = queue[:BATCH], queue[BATCH:]
        try:
            back = bench.deliver_parcels(*batch)
        except Killed:
            back = {record.message_id: 0 for record in batch}
        queue = rest + [record for record in batch if record.message_id in back]
        bench.clock.forward(100)
    raise AssertionError(f"{len(queue)} messages are left")


def copies(number: int, chance: random.Random) -> list[Record]:
    """As a standard queue gives it: without a group."""
    record = make_record(make_event(number), group=f"interaction:{number % 20}")
    record = replace(record, group=record.message_id)
    return [record] * (2 if chance.random() < 0.1 else 1)


def ended(bench: DeliveryBench, state: State) -> set[str]:
    return {entry.event_id for entry in bench.ledger.entries.values() if entry.state is state}


def test_an_endpoint_that_fails_in_every_way_stores_each_event_once() -> None:
    endpoint = Endpoint()
    with StandIn(endpoint.answer) as vendor:
        destination = WebhookDestination(
            WebhookDocument(url=vendor.url),
            lambda: (SECRET,),
            WebhookDeployTime(private_hosts=("127.0.0.1",)),
        )
        bench = DeliveryBench(destination, WEBHOOK.repeat)
        run(bench, WEBHOOK)
        requests = len(vendor.arrived)
    assert endpoint.stored == Counter(set(range(EVENTS)) - POISON)
    assert ended(bench, State.DEAD) == {make_event(number).id for number in POISON}
    assert len(ended(bench, State.DELIVERED)) == EVENTS - len(POISON)
    assert requests < EVENTS / 2


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3", region_name="eu-west-1").create_bucket(
            Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield "a-bucket"


def test_s3_whose_answers_are_lost_holds_each_event_once(bucket: str) -> None:
    assert S3.parcels is not None
    destination = S3Destination(S3Document(), S3DeployTime(bucket=bucket), FailingObjects())
    bench = DeliveryBench(destination, S3.parcels.repeat)
    run(bench, S3)
    stored = [number for some in lines(bucket) for number in some]
    assert Counter(stored) == Counter(range(EVENTS))
    assert len(ended(bench, State.DELIVERED)) == EVENTS
    assert ("possible_duplicates", "crm") not in bench.telemetry.counts


def lines(bucket: str) -> Iterator[list[int]]:
    """The numbers of the events in each object."""
    s3 = boto3.client("s3", region_name="eu-west-1")
    for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        found = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        yield [int(line["data"]["data"]["number"]) for line in found]
