"""`switchboard drift` over a stage's table, as the routers write it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.command.app import run
from switchboard.aws import clients
from switchboard.aws.shape_table import ShapeTable
from switchboard.shape import LEARNING, Drift, Finding, Shape

STAGE = "dev"
FINDING = Finding(
    drift=Drift.RENAMED, path="desk_id", before="deskId", kinds=("scalar",), example="9999",
    found_at="2026-09-01T12:00:00.000Z",
)  # fmt: skip


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch, wide: None) -> Iterator[None]:
    del wide
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    clients._made.cache_clear()
    with mock_aws():
        boto3.client("ssm").put_parameter(
            Name=f"/switchboard/{STAGE}/deployment/core",
            Value=json.dumps({"state_table": "state", "sources": {}}),
            Type="String",
        )
        dynamodb: Any = boto3.client("dynamodb")
        dynamodb.create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "item", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "item", "KeyType": "HASH"}],
        )
        dynamodb.put_item(TableName="state", Item={"item": {"S": "destination#crm"}})
        yield
    clients._made.cache_clear()


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    capsys.readouterr()
    assert run(["drift", *arguments, "--stage", STAGE]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def test_findings_are_shown_with_what_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    table = ShapeTable("state")
    shape = Shape(seen=LEARNING, findings=(FINDING,), revision=1)
    assert table.write_shape("cc", "interaction.queued", shape)
    assert table.write_shape("meetings", "meeting.room.created", Shape(seen=7, revision=1))
    out, err = asked(capsys)
    for said in ("interaction.queued", "renamed", "deskId", "desk_id", "9999", "2026-09-01"):
        assert said in out
    assert "2 event types are watched; 1 are still being learned" in err
    (found,) = json.loads(asked(capsys, "--json")[0])
    assert found == {
        "source": "cc", "type": "interaction.queued", **FINDING.model_dump(mode="json"),
    }  # fmt: skip
    assert json.loads(asked(capsys, "meetings", "--json")[0]) == []


def test_where_nothing_changed_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = asked(capsys)
    assert "none has changed its shape" in out
    assert "0 event types are watched" in err
