"""Removing a destination: refused while it holds anything; what is deleted, and what is not."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.command.app import run
from switchboard.aws.ledger_table import entry_item
from switchboard.ledger import Entry, State

DOCUMENT = "/switchboard/dev/destinations/crm"


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("COLUMNS", "200")
    with mock_aws():
        deploy()
        yield


def deploy() -> None:
    """What the stacks of a stage would have made."""
    sqs: Any = boto3.client("sqs")
    urls = {
        name: sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        for name in ("crm-normal", "crm-dead")
    }
    put("deployment/core", {"ledger_table": "ledger", "ingest_bulk_queue_url": "bulk"})
    put("deployment/destinations/crm", {
        "kind": "webhook",
        "queues": {"normal": urls["crm-normal"]},
        "dead_queue_url": urls["crm-dead"],
        "mapping_ids": {"normal": "none"},
        "function": "switchboard-dev-to-crm",
    })  # fmt: skip
    put("destinations/crm", {"url": "https://crm.example.com"})
    boto3.client("dynamodb").create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "group", "AttributeType": "S"},
            {"AttributeName": "delivery", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "group", "KeyType": "HASH"},
            {"AttributeName": "delivery", "KeyType": "RANGE"},
        ],
    )


def put(name: str, value: Any) -> None:
    boto3.client("ssm").put_parameter(
        Name=f"/switchboard/dev/{name}", Value=json.dumps(value), Type="String"
    )


def send(queue: str) -> None:
    sqs: Any = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{queue}.fifo")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d")


def keep(entry: Entry) -> None:
    boto3.client("dynamodb").put_item(TableName="ledger", Item=entry_item(entry, expires_at=9))


def documents() -> list[str]:
    found = boto3.client("ssm").get_parameters(Names=[DOCUMENT])
    return [str(one["Name"]) for one in found["Parameters"]]


ENTRY = Entry("interaction:one", "event", "crm", State.DELIVERED)
REMOVE = ["destinations", "remove", "crm", "--stage", "dev", "--yes"]


def test_an_empty_destination_loses_its_document_and_the_rest_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(ENTRY)
    assert run(REMOVE) == 0
    assert documents() == []
    said = capsys.readouterr().out
    for part in ("cdk.json", "cdk destroy switchboard-dev-destination-crm", "crm-dead.fifo"):
        assert part in said


def test_removing_it_again_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*REMOVE, "--json"]) == 0
    assert run([*REMOVE, "--json"]) == 0
    answers = capsys.readouterr().out.split("}\n{")
    assert [json.loads(f"{{{one.strip().strip('{}')}}}")["removed"] for one in answers] == [
        True,
        False,
    ]


@pytest.mark.parametrize("queue", ["crm-normal", "crm-dead"])
def test_a_destination_whose_queues_hold_something_stays(
    queue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    send(queue)
    assert run(REMOVE) == 1
    assert documents() == [DOCUMENT]
    said = capsys.readouterr()
    assert "still holds something" in said.err
    assert "discard crm" in said.err
    assert "1" in said.out


@pytest.mark.parametrize("state", [State.SENDING, State.WAITING, State.UNKNOWN, State.HELD])
def test_a_destination_for_which_a_delivery_waits_stays(
    state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(replace(ENTRY, state=state))
    keep(replace(ENTRY, state=state, destination="pager", event_id="other"))
    assert run([*REMOVE, "--json"]) == 1
    assert documents() == [DOCUMENT]
    said = json.loads(capsys.readouterr().out)
    assert said == {"queues": {"normal": 0, "dead letters": 0}, "deliveries": {str(state): 1}}


def test_without_a_yes_nothing_is_removed_by_a_program() -> None:
    assert run([*REMOVE[:-1], "--json"]) == 1
    assert documents() == [DOCUMENT]


def test_a_destination_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["destinations", "remove", "none", "--stage", "dev", "--yes"]) == 1
    assert "no destination none is deployed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["discard", "crm", "--why", "x", "--older-than", "soon"], "a number and m, h or d"),
        (["redirect", "crm", "crm"], "cannot be redirected to itself"),
        (["redirect", "crm", "none"], "no destination none is deployed"),
    ],
)
def test_what_cannot_be_ordered_is_refused_with_a_reason(
    arguments: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["destinations", *arguments, "--stage", "dev", "--yes"]) == 1
    assert why in capsys.readouterr().err
