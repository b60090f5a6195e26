"""What `apply` knows of trials: what is on trial, what was refused, and what --now calls good."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.apply.standing import call_good, judged_names, standings
from desk.target import Target
from switchboard.aws import clients
from switchboard.aws.configuration_table import ConfigurationTable
from switchboard.aws.trial_table import TrialTable
from switchboard.configuration import Judged, Status
from switchboard.trial import Ending, trial_key

DOCUMENTS = {
    "deployment/core": "{}",
    "destinations/crm": '{"url":"https://example.com/x","mapping":"note"}',
    "destinations/pager": '{"url":"https://example.com/y","mapping":"note"}',
    "destinations/broken": "{",
    "mappings/note": '{"fields":{"A":"type"}}',
    "sources/meetings": "{}",
}
CRM_NOTE = "mappings/note@crm"
KEY = trial_key("crm", [("destinations/crm", 3), (CRM_NOTE, 2)])


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    clients._made.cache_clear()
    with mock_aws():
        core = {"configuration_table": "configuration", "state_table": "state"}
        boto3.client("ssm").put_parameter(
            Name="/switchboard/dev/deployment/core", Value=json.dumps(core), Type="String"
        )
        dynamodb: Any = boto3.client("dynamodb")
        for name, keys in (
            ("configuration", [("name", "S", "HASH"), ("version", "N", "RANGE")]),
            ("state", [("item", "S", "HASH")]),
        ):
            dynamodb.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": kind} for key, kind, _ in keys
                ],
                KeySchema=[{"AttributeName": key, "KeyType": role} for key, _, role in keys],
            )
        yield Target("dev")
    clients._made.cache_clear()


def judge(name: str, version: int, status: Status, trial: str = "") -> None:
    table = ConfigurationTable("configuration")
    table.record(Judged(name, version, Status.CANDIDATE, "text"))
    if status is not Status.CANDIDATE:
        assert table.decide(name, version, status, trial=trial, reason="5 of 20 failed")


def test_a_mapping_is_judged_at_each_destination_that_names_it() -> None:
    assert list(judged_names(DOCUMENTS)) == [
        ("destinations/broken", "broken", "destinations/broken"),
        ("destinations/crm", "crm", "destinations/crm"),
        ("mappings/note", "crm", "mappings/note@crm"),
        ("destinations/pager", "pager", "destinations/pager"),
        ("mappings/note", "pager", "mappings/note@pager"),
    ]


def test_what_is_good_or_was_never_read_is_not_shown(target: Target) -> None:
    judge("destinations/crm", 1, Status.REFUSED)
    judge("destinations/crm", 2, Status.GOOD)
    assert standings(target, DOCUMENTS) == []


def test_what_is_on_trial_is_shown_with_its_count(target: Target) -> None:
    judge("destinations/crm", 3, Status.CANDIDATE)
    judge(CRM_NOTE, 2, Status.CANDIDATE)
    trials = TrialTable("state")
    for ending in (Ending.DELIVERED, Ending.DELIVERED, Ending.FAILED):
        trials.take(KEY, 100.0)
        trials.settle(KEY, ending)
    assert [one.text for one in standings(target, DOCUMENTS)] == [
        "destinations/crm version 3, at crm: on trial; of 20 deliveries 2 went well and 1 failed",
        "mappings/note version 2, at crm: on trial; of 20 deliveries 2 went well and 1 failed",
    ]


def test_what_was_refused_is_shown_with_its_reason(target: Target) -> None:
    judge("mappings/note@pager", 4, Status.REFUSED, "pager#mappings/note@pager:4")
    (one,) = standings(target, DOCUMENTS)
    assert one.text == (
        "mappings/note version 4, at pager: refused; the last good version serves. 5 of 20 failed"
    )


def test_now_calls_a_mapping_good_wherever_it_serves(target: Target) -> None:
    judge(CRM_NOTE, 2, Status.CANDIDATE)
    call_good(target, DOCUMENTS, "mappings/note", 2, "text")
    table = ConfigurationTable("configuration")
    for name in (CRM_NOTE, "mappings/note@pager"):
        good = table.version(name, 2)
        assert good is not None
        assert (good.status, good.text) == (Status.GOOD, "text")
        assert "--now" in good.reason


def test_now_does_not_undo_what_a_trial_refused(target: Target) -> None:
    judge(CRM_NOTE, 2, Status.REFUSED, KEY)
    call_good(target, DOCUMENTS, "mappings/note", 2, "text")
    refused = ConfigurationTable("configuration").version(CRM_NOTE, 2)
    assert refused is not None
    assert refused.status is Status.REFUSED
