import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from desk.laptop.client import Credentials
from desk.laptop.emulator import EmulatorProcess
from tests.desk.emulator.conftest import STATEMENTS

ITEM = {"group": {"S": "g"}}
BY_DAY = {
    "KeyConditionExpression": "#day = :day",
    "ExpressionAttributeNames": {"#day": "day"},
    "ExpressionAttributeValues": {":day": {"S": "x"}},
}


@pytest.fixture(scope="module")
def role(emulator: EmulatorProcess) -> Callable[[str], Any]:
    credentials = emulator.credentials("the-role")
    emulator.client("secretsmanager").put_secret_value(
        SecretId="/stage/allowed", SecretString="value"
    )
    return lambda service: emulator.client(service, credentials)


def queue(emulator: EmulatorProcess, name: str) -> str:
    return f"{emulator.url}/123456789012/{name}"


def send(emulator: EmulatorProcess, name: str, dedup: str) -> dict[str, Any]:
    ids = {"MessageGroupId": "g", "MessageDeduplicationId": dedup}
    return {"QueueUrl": queue(emulator, name), "MessageBody": "x", **ids}


def denied(act: Callable[[], Any]) -> None:
    with pytest.raises(ClientError) as caught:
        act()
    assert caught.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    assert "is not authorized to perform" in str(caught.value)


def test_sqs_by_queue_and_action(emulator: EmulatorProcess, role: Callable[[str], Any]) -> None:
    sqs = role("sqs")
    sqs.send_message(**send(emulator, "allowed.fifo", "iam-1"))
    denied(lambda: sqs.send_message(**send(emulator, "other.fifo", "iam-1")))
    denied(lambda: sqs.get_queue_attributes(QueueUrl=queue(emulator, "allowed.fifo")))


def test_a_batch_needs_the_permission_of_the_single_action(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    def batch(name: str) -> Any:
        entry = {"Id": "1", "MessageBody": "x", "MessageGroupId": "g"}
        entries = [{**entry, "MessageDeduplicationId": "iam-2"}]
        return role("sqs").send_message_batch(QueueUrl=queue(emulator, name), Entries=entries)

    assert len(batch("allowed.fifo")["Successful"]) == 1
    denied(lambda: batch("other.fifo"))


def test_a_policy_of_its_own_resource_counts_too(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    role("sqs").receive_message(QueueUrl=queue(emulator, "allowed.fifo"))
    denied(lambda: role("sqs").receive_message(QueueUrl=queue(emulator, "other.fifo")))


def test_dynamodb_by_table_and_index(role: Callable[[str], Any]) -> None:
    dynamodb = role("dynamodb")
    dynamodb.put_item(TableName="allowed", Item=ITEM)
    denied(lambda: dynamodb.put_item(TableName="other", Item=ITEM))
    denied(lambda: dynamodb.get_item(TableName="allowed", Key=ITEM))
    dynamodb.query(TableName="allowed", IndexName="by-day", **BY_DAY)
    denied(lambda: dynamodb.query(TableName="allowed", IndexName="by-night", **BY_DAY))


def test_a_batch_of_dynamodb_by_every_table_that_it_names(role: Callable[[str], Any]) -> None:
    dynamodb = role("dynamodb")
    dynamodb.batch_get_item(RequestItems={"allowed": {"Keys": [ITEM]}})
    both = {"allowed": {"Keys": [ITEM]}, "other": {"Keys": [ITEM]}}
    denied(lambda: dynamodb.batch_get_item(RequestItems=both))


def test_ssm_by_every_name_that_is_asked_for(role: Callable[[str], Any]) -> None:
    ssm = role("ssm")
    ssm.get_parameters(Names=["/stage/one", "/stage/mappings/a/b"])
    denied(lambda: ssm.get_parameters(Names=["/stage/one", "/stage/two"]))
    denied(lambda: ssm.get_parameter(Name="/stage/one"))


def test_lambda_by_mapping(role: Callable[[str], Any]) -> None:
    lambda_ = role("lambda")
    # There is none by that name: moto answers with nothing, and does not refuse.
    lambda_.update_event_source_mapping(UUID="allowed", Enabled=False)
    denied(lambda: lambda_.get_event_source_mapping(UUID="allowed"))
    denied(lambda: lambda_.update_event_source_mapping(UUID="other", Enabled=False))
    denied(lambda_.list_functions)


def test_ssm_by_path(role: Callable[[str], Any]) -> None:
    role("ssm").get_parameters_by_path(Path="/stage/", Recursive=True)
    denied(lambda: role("ssm").get_parameters_by_path(Path="/", Recursive=True))
    denied(lambda: role("ssm").get_parameters_by_path(Path="/stagecoach"))


def test_secrets_by_name_and_by_arn(emulator: EmulatorProcess, role: Callable[[str], Any]) -> None:
    secrets = role("secretsmanager")
    by_name = secrets.get_secret_value(SecretId="/stage/allowed")
    assert by_name["SecretString"] == "value"
    assert secrets.get_secret_value(SecretId=by_name["ARN"])["SecretString"] == "value"
    other = emulator.client("secretsmanager").describe_secret(SecretId="/stage/other")["ARN"]
    for wanted in ("/stage/other", other, "/stage/none"):
        denied(lambda wanted=wanted: secrets.get_secret_value(SecretId=wanted))  # type: ignore[misc]


def test_s3_by_object_and_a_deny_wins(role: Callable[[str], Any]) -> None:
    s3 = role("s3")
    s3.put_object(Bucket="the-bucket", Key="claims/a b/ü", Body=b"x")
    denied(lambda: s3.put_object(Bucket="the-bucket", Key="raw/a", Body=b"x"))
    denied(lambda: s3.put_object(Bucket="the-bucket", Key="claims/closed/a", Body=b"x"))
    denied(lambda: s3.get_object(Bucket="the-bucket", Key="claims/a b/ü"))
    denied(lambda: s3.list_objects_v2(Bucket="the-bucket"))


def test_logs_by_group_and_stream(role: Callable[[str], Any]) -> None:
    logs = role("logs")
    logs.create_log_stream(logGroupName="/aws/lambda/f", logStreamName="s")
    denied(lambda: logs.create_log_stream(logGroupName="/aws/lambda/g", logStreamName="s"))


def test_services_that_no_statement_names_are_denied(role: Callable[[str], Any]) -> None:
    denied(lambda: role("lambda").list_functions())
    denied(lambda: role("dynamodb").list_tables())


def test_nobodys_key_and_unsigned_requests_are_refused(emulator: EmulatorProcess) -> None:
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        emulator.client("sqs", Credentials("ASIANOBODY")).list_queues()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(emulator.url)
    with caught.value:
        assert caught.value.code == 403


def test_reports_what_was_granted_used_and_denied(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    role("ssm").get_parameters(Names=["/stage/mappings/of-mine"])
    denied(lambda: role("ssm").get_parameters(Names=["/stage/nobodys"]))
    state = emulator.ask("state")
    pattern = "arn:aws:ssm:eu-west-1:123456789012:parameter/stage/map?ings/*"
    assert ["the-role", "ssm:GetParameters", pattern] in state["granted"]
    assert ["the-role", "ssm:GetParameters", pattern] in [one[:3] for one in state["used"]]
    wanted = "arn:aws:ssm:eu-west-1:123456789012:parameter/stage/nobodys"
    assert ["the-role", "ssm:GetParameters", wanted, 1] in state["denied"]
    used = {tuple(one[:3]) for one in state["used"]}
    assert used <= {tuple(one) for one in state["granted"]}


def test_a_revoked_statement_is_as_if_it_were_not_there(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    def put() -> None:
        role("s3").put_object(Bucket="the-bucket", Key="claims/revoked", Body=b"x")

    put()
    number = [one["Action"] for one in STATEMENTS].index("s3:PutObject")
    assert ["the-role", number] in emulator.ask("state")["statements"]
    emulator.ask("revoke", {"statements": [["the-role", number]]})
    denied(put)
    emulator.ask("revoke", {"statements": []})
    put()


def test_a_statement_with_a_condition_is_never_passed_over(emulator: EmulatorProcess) -> None:
    iam = emulator.client("iam")
    iam.create_role(RoleName="conditional", AssumeRolePolicyDocument="{}")
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": secure}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="conditional", PolicyName="p", PolicyDocument=document)
    sqs = emulator.client("sqs", emulator.credentials("conditional"))
    with pytest.raises(ClientError, match="Condition is not understood"):
        sqs.list_queues()
    iam.delete_role_policy(RoleName="conditional", PolicyName="p")
