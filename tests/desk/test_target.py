"""A stage as the desk sees it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from desk.target import Target

CORE = {"sources": {"meetings": "jaas"}}
STREAMS = {
    "cluster": "c",
    "service": "s",
    "log_group": "l",
    "sources": {"contact-centre": "stream"},
}
CRM = {"kind": "webhook"}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


def deployed(**stacks: Any) -> Target:
    for name, described in stacks.items():
        boto3.client("ssm").put_parameter(
            Name=f"/switchboard/dev/deployment/{name.replace('__', '/')}",
            Value=json.dumps(described),
            Type="String",
        )
    return Target("dev")


def test_sources_are_those_of_the_core_and_those_that_the_reader_reads() -> None:
    assert deployed(core=CORE, streams=STREAMS, destinations__crm=CRM).kinds() == {
        "sources/meetings": "jaas",
        "sources/contact-centre": "stream",
        "destinations/crm": "webhook",
    }


def test_a_stage_may_have_no_stream() -> None:
    assert deployed(core=CORE).kinds() == {"sources/meetings": "jaas"}
