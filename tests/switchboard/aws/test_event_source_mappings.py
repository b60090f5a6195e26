"""Mappings over moto, which switches at once; what AWS answers meanwhile is stubbed at botocore."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from switchboard.aws import clients
from switchboard.aws.event_source_mappings import LambdaMappings
from switchboard.errors import ConfigurationError, Unavailable

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def mapping_id(aws: None) -> str:
    del aws
    queue = boto3.client("sqs").create_queue(
        QueueName="crm-normal.fifo", Attributes={"FifoQueue": "true"}
    )["QueueUrl"]
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    role: Any = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    lambda_ = boto3.client("lambda")
    lambda_.create_function(
        FunctionName="to-crm",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": b"x"},
        Runtime="python3.13",
        Handler="h",
    )
    made = lambda_.create_event_source_mapping(
        FunctionName="to-crm", EventSourceArn=arn["Attributes"]["QueueArn"]
    )
    return str(made["UUID"])


@pytest.fixture
def stub(aws: None) -> Iterator[Stubber]:
    del aws
    with Stubber(clients.client("lambda")) as stub:
        yield stub


def test_a_mapping_is_switched_off_and_on(mapping_id: str) -> None:
    mappings = LambdaMappings()
    assert mappings.is_enabled(mapping_id) is True
    assert mappings.switch(mapping_id, enabled=False)
    assert mappings.is_enabled(mapping_id) is False
    assert mappings.switch(mapping_id, enabled=True)
    assert mappings.is_enabled(mapping_id) is True


@pytest.mark.parametrize("state", ["Creating", "Enabling", "Disabling", "Updating", "Deleting"])
def test_what_is_changing_is_neither(stub: Stubber, state: str) -> None:
    stub.add_response("get_event_source_mapping", {"State": state})
    assert LambdaMappings().is_enabled("id") is None


@pytest.mark.parametrize("code", ["ResourceConflictException", "ResourceInUseException"])
def test_a_conflict_is_left_for_later(stub: Stubber, code: str) -> None:
    stub.add_client_error("update_event_source_mapping", code)
    assert LambdaMappings().switch("id", enabled=True) is False


def test_another_refusal_is_raised(stub: Stubber) -> None:
    stub.add_client_error("update_event_source_mapping", "ServiceException")
    with pytest.raises(Unavailable, match="switching an event source mapping"):
        LambdaMappings().switch("id", enabled=True)
    stub.add_client_error("get_event_source_mapping", "AccessDeniedException")
    with pytest.raises(ConfigurationError):
        LambdaMappings().is_enabled("id")
