"""One stack with to_s3 and to_webhook in every mode: what each event becomes there."""

import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from subprocess import run
from typing import Any

import pytest

from desk.command.app import run as run_command
from desk.demo.main import path_with_node
from desk.laptop import LaptopStack
from desk.laptop.client import ACCOUNT
from infra import bundling
from switchboard.envelope import Envelope, encode
from switchboard.testing.deliveries import make_event
from switchboard.testing.stand_in import Arrived, Reply, StandIn

BUCKET = "modes-lake"
MODES: Mapping[str, Mapping[str, Any]] = {
    "ordered": {"timeout_seconds": 20},
    "batched": {"mode": "batched", "window_seconds": 6, "timeout_seconds": 40},
    "scheduled": {"mode": "scheduled", "every": "1 minute", "timeout_seconds": 60},
}
EVENTS = 60
GROUPS = 7
BAD = 1003


def answer(arrived: Arrived) -> Reply:
    """The endpoint refuses any request with the bad event in it."""
    is_bad = f'"number":{BAD}' in arrived.body.decode()
    return Reply(422) if is_bad else Reply(200)


def stage() -> dict[str, Any]:
    hook = {"kind": "webhook", "private_hosts": ["127.0.0.1"]}
    destinations = {}
    for mode, entry in MODES.items():
        destinations[f"hook-{mode}"] = {**hook, **entry}
        destinations[f"lake-{mode}"] = {
            "kind": "s3", "bucket": BUCKET, "prefix": f"{mode}/", **entry
        }  # fmt: skip
    return {
        "retain": False,
        "log_retention_days": 1,
        "sources": {"meetings": {"kind": "jaas"}},
        "destinations": destinations,
    }


@pytest.fixture(scope="module")
def vendor() -> Iterator[StandIn]:
    with StandIn(answer) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, vendor: StandIn) -> Iterator[LaptopStack]:
    folder = tmp_path_factory.mktemp("modes")
    stages = folder / "stages.json"
    stages.write_text(json.dumps({"modes": stage()}))
    run(
        [sys.executable, "-m", "infra.app", "-c", "stage=modes", "-c", f"stages-file={stages}"],
        cwd=bundling.ROOT,
        env={**os.environ, "CDK_OUTDIR": str(folder / "out"), "PATH": path_with_node()},
        check=True,
        capture_output=True,
    )
    with LaptopStack(folder / "out", stage="modes", name=f"modes{os.getpid()}") as running:
        configure(running, vendor)
        yield running


def configure(stack: LaptopStack, vendor: StandIn) -> None:
    stack.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    for mode in MODES:
        documents = {"hook": {"url": f"{vendor.url}/{mode}"}, "lake": {}}
        for kind, document in documents.items():
            stack.client("ssm").put_parameter(
                Name=f"/switchboard/modes/destinations/{kind}-{mode}",
                Value=json.dumps(document),
                Type="String",
            )
        stack.client("secretsmanager").put_secret_value(
            SecretId=f"/switchboard/modes/destinations/hook-{mode}",
            SecretString=json.dumps({"signing_secret": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="}),
        )


def send(stack: LaptopStack, *numbers: int) -> None:
    for number in numbers:
        event = make_event(number)
        group = f"interaction:{number % GROUPS}"
        stack.client("sqs").send_message(
            QueueUrl=f"{stack.endpoint_url}/{ACCOUNT}/switchboard-modes-ingest.fifo",
            MessageBody=encode(Envelope(event=event, group=group)),
            MessageGroupId=group,
            MessageDeduplicationId=event.id,
        )


def until(seen: Callable[[], bool], seconds: float = 90.0) -> None:
    latest = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < latest, "it did not happen"
        time.sleep(0.2)


def states(stack: LaptopStack) -> Counter[tuple[str, str]]:
    """How many deliveries of each destination are in each state."""
    pages = (
        stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName="switchboard-modes-ledger")
    )
    return Counter(
        (item["destination"]["S"], item["state"]["S"])
        for page in pages
        for item in page["Items"]
        if "state" in item
    )


def requests(vendor: StandIn, mode: str) -> list[dict[str, Any]]:
    """What an endpoint keeps that knows a repeated request by its id.

    On a slow machine an answer may come too late, and what it was for is sent again.
    """
    mine = [one for one in vendor.arrived if one.path == f"/{mode}"]
    first = {one.headers["webhook-id"]: one for one in reversed(mine)}
    return [json.loads(one.body) for one in mine if one is first[one.headers["webhook-id"]]]


def objects(stack: LaptopStack, mode: str) -> dict[str, list[dict[str, Any]]]:
    """The lines of each object that a destination stored."""
    s3 = stack.client("s3")
    found = {}
    for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{mode}/").get("Contents", []):
        body = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
        text = gzip.decompress(body) if entry["Key"].endswith(".gz") else body
        found[entry["Key"]] = [json.loads(line) for line in text.splitlines()]
    return found


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [int(event["data"]["number"]) for event in events]


def test_every_mode_stores_each_event_once_and_a_batch_needs_few_requests(
    stack: LaptopStack, vendor: StandIn
) -> None:
    send(stack, *range(EVENTS))
    wanted = {
        (f"{kind}-{mode}", "delivered"): EVENTS for kind in ("hook", "lake") for mode in MODES
    }
    until(lambda: states(stack) == Counter(wanted), 200)
    expected = list(range(EVENTS))

    for mode in ("ordered", "scheduled"):
        arrived = numbers([one["data"] for one in requests(vendor, mode)])
        assert sorted(arrived) == expected
        for group in range(GROUPS):
            mine = [n for n in arrived if n % GROUPS == group]
            assert mine == sorted(mine)

    parcels = requests(vendor, "batched")
    assert {parcel["type"] for parcel in parcels} == {"switchboard.batch"}
    batched = [one for parcel in parcels for one in parcel["data"]]
    assert sorted(numbers([one["data"] for one in batched])) == expected
    assert len(parcels) <= EVENTS / 3, "they hardly travelled together"
    for parcel in parcels:
        moments = [one["timestamp"] for one in parcel["data"]]
        assert moments == sorted(moments)

    for mode, most in {"ordered": EVENTS, "batched": EVENTS / 3, "scheduled": EVENTS}.items():
        stored = objects(stack, mode)
        lines = [line["data"] for some in stored.values() for line in some]
        assert sorted(numbers(lines)) == expected
        assert len(stored) <= most


def test_a_refused_parcel_loses_the_bad_record_alone(stack: LaptopStack, vendor: StandIn) -> None:
    before, taken = states(stack), len(requests(vendor, "batched"))
    send(stack, *range(1000, 1010))
    until(lambda: states(stack)["hook-batched", "dead"] == 1)
    wanted = before["hook-batched", "delivered"] + 9
    until(lambda: states(stack)["hook-batched", "delivered"] == wanted)
    assert len(requests(vendor, "batched")) - taken <= 14, "halved, not sent one by one"
    queue = f"{stack.endpoint_url}/{ACCOUNT}/switchboard-modes-hook-batched-dead"
    (dead, *_) = stack.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(dead["Body"])["envelope"]["event"]["data"]["number"] == BAD


def test_what_waits_for_its_schedule_can_be_redirected(stack: LaptopStack, vendor: StandIn) -> None:
    """By the function's own role, with its mapping off; the schedule may be faster with some."""
    sent = list(range(3000, 3005))
    send(stack, *sent)

    def ended() -> bool:
        redirect = ["destinations", "redirect", "hook-scheduled", "hook-ordered", "--yes", "--json"]
        ran = run_command([*redirect, "--stage", stack.name]) == 0
        found = [entry(stack, "hook-scheduled", number)["state"] for number in sent]
        return ran and set(found) <= {"redirected", "delivered"}

    until(ended)
    there = {"state": "delivered"}.items()
    until(lambda: all(there <= entry(stack, "hook-ordered", number).items() for number in sent))
    bodies = [json.loads(one.body) for one in vendor.arrived if one.path == "/ordered"]
    arrived = Counter(numbers([one["data"] for one in bodies]))
    for number in sent:
        attempts = int(entry(stack, "hook-ordered", number)["attempt"])
        assert 1 <= arrived[number] <= attempts, "redirected to where it came anyway"


def test_what_waits_can_be_discarded_by_command(
    stack: LaptopStack, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["destinations", "discard", "lake-scheduled", "--why", "no need", "--yes", "--json"]
    sent = list(range(4000, 4005))
    send(stack, *sent)
    capsys.readouterr()

    def ended() -> bool:
        ran = run_command([*command, "--stage", stack.name]) == 0
        found = [entry(stack, "lake-scheduled", number)["state"] for number in sent]
        return ran and set(found) <= {"discarded", "delivered"}

    until(ended)
    assert json.loads(capsys.readouterr().out.split("}\n")[0] + "}")["order"] == "discard"


def test_what_lambda_takes_now_is_not_drained(
    stack: LaptopStack, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["destinations", "discard", "hook-ordered", "--why", "x", "--yes"]
    assert run_command([*command, "--stage", stack.name]) == 1
    assert "destinations pause hook-ordered" in capsys.readouterr().err


def entry(stack: LaptopStack, destination: str, number: int) -> dict[str, str]:
    """What the ledger says of a delivery; its state is empty where there is none."""
    event = make_event(number)
    found = stack.client("dynamodb").get_item(
        TableName="switchboard-modes-ledger",
        Key={
            "group": {"S": f"interaction:{number % GROUPS}"},
            "delivery": {"S": f"{event.id}#{destination}"},
        },
    )
    item = found.get("Item", {"state": {"S": ""}})
    return {name: str(next(iter(value.values()))) for name, value in item.items()}
