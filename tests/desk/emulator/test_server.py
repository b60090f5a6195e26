import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from desk.laptop.emulator import EmulatorProcess


@pytest.fixture(autouse=True)
def _no_faults_after(emulator: EmulatorProcess) -> Iterator[None]:
    yield
    emulator.ask("faults")


@pytest.fixture
def url(emulator: EmulatorProcess) -> str:
    return f"{emulator.url}/123456789012/allowed.fifo"


@pytest.fixture
def sqs(emulator: EmulatorProcess, url: str) -> Any:
    operators = emulator.client("sqs")
    operators.purge_queue(QueueUrl=url)
    return operators


@pytest.fixture
def role(emulator: EmulatorProcess) -> Callable[[str], Any]:
    credentials = emulator.credentials("the-role")
    return lambda service: emulator.client(service, credentials)


def message(name: str) -> dict[str, str]:
    return {"MessageBody": name, "MessageGroupId": "g", "MessageDeduplicationId": name}


def entries(names: str) -> list[dict[str, str]]:
    return [{"Id": name, **message(name)} for name in names]


def code(act: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        act()
    return str(caught.value.response["Error"]["Code"])


def test_a_batch_may_fail_in_part(sqs: Any, url: str) -> None:
    given = [*entries("pq"), {**entries("r")[0], "MessageGroupId": "with space"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=given)
    assert [one["Id"] for one in answer["Successful"]] == ["p", "q"]
    (failed,) = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "r",
        "InvalidParameterValue",
        True,
    )


def test_errors_have_the_names_that_clients_know(sqs: Any, url: str) -> None:
    assert code(lambda: sqs.send_message(QueueUrl=url + "x", **message("n"))) == (
        "AWS.SimpleQueueService.NonExistentQueue"
    )
    assert code(lambda: sqs.send_message_batch(QueueUrl=url, Entries=entries("abcdefghijk"))) == (
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
    )
    assert code(lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="foreign")) == (
        "ReceiptHandleIsInvalid"
    )
    delayed = {**message("delayed"), "DelaySeconds": 5}
    assert code(lambda: sqs.send_message(QueueUrl=url, **delayed)) == "InvalidParameterValue"
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=url + "x")


def test_a_share_of_a_roles_sends_is_refused_one_by_one(
    emulator: EmulatorProcess, role: Callable[[str], Any], sqs: Any, url: str
) -> None:
    emulator.ask("faults", {"seed": 1, "refuse_sends": 0.5, "queues": ["allowed.fifo"]})
    answer = role("sqs").send_message_batch(QueueUrl=url, Entries=entries("ABCDEFGHIJ"))
    refused = {one["Id"] for one in answer["Failed"]}
    assert {one["Code"] for one in answer["Failed"]} == {"ServiceUnavailable"}
    assert not any(one["SenderFault"] for one in answer["Failed"])
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert {one["Body"] for one in received} == set("ABCDEFGHIJ") - refused
    assert emulator.ask("state")["refused_sends"] == len(refused)


def test_a_single_send_is_refused_with_503(
    emulator: EmulatorProcess, role: Callable[[str], Any], url: str
) -> None:
    emulator.ask("faults", {"refuse_sends": 1.0})
    with pytest.raises(ClientError) as caught:
        role("sqs").send_message(QueueUrl=url, **message("single"))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_sqs_is_down_for_roles_only(
    emulator: EmulatorProcess, role: Callable[[str], Any], sqs: Any, url: str
) -> None:
    emulator.ask("faults", {"down": ["sqs"]})
    assert code(lambda: role("sqs").receive_message(QueueUrl=url)) == "ServiceUnavailable"
    sqs.receive_message(QueueUrl=url)


def test_dynamodb_throttles(emulator: EmulatorProcess, role: Callable[[str], Any]) -> None:
    emulator.ask("faults", {"throttled": ["dynamodb"]})
    dynamodb = role("dynamodb")
    with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException):
        dynamodb.put_item(TableName="allowed", Item={"group": {"S": "g"}})


def test_a_cut_answer_belongs_to_a_request_that_was_carried_out(
    emulator: EmulatorProcess, role: Callable[[str], Any], sqs: Any, url: str
) -> None:
    before = emulator.ask("state")["injected"].get("cut", 0)
    emulator.ask("faults", {"cut": ["sqs"]})
    with pytest.raises(HTTPClientError):
        role("sqs").send_message(QueueUrl=url, **message("cut"))
    (received,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert received["Body"] == "cut"
    assert emulator.ask("state")["injected"]["cut"] > before


def test_a_slow_request_is_carried_out(
    emulator: EmulatorProcess, role: Callable[[str], Any], sqs: Any, url: str
) -> None:
    before = emulator.ask("state")["injected"].get("slow", 0)
    emulator.ask("faults", {"slow": {"sqs": 0.05}})
    role("sqs").send_message(QueueUrl=url, **message("slow"))
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "slow"
    assert emulator.ask("state")["injected"]["slow"] == before + 1


def test_the_log_of_sends_has_what_was_swallowed_under_one_sequence_number(
    emulator: EmulatorProcess, sqs: Any, url: str
) -> None:
    given = [*entries("XY"), {**entries("Z")[0], "MessageGroupId": "with space"}]
    for _ in range(2):
        sqs.send_message_batch(QueueUrl=url, Entries=given)
    lines = [json.loads(line) for line in emulator.sends.read_text().splitlines()]
    ours = [line for line in lines if line["body"] in {"X", "Y", "Z"}]
    assert [line["body"] for line in ours] == ["X", "Y", "X", "Y"]
    assert [line["deduplication_id"] for line in ours] == ["X", "Y", "X", "Y"]
    assert {(line["queue"], line["group"]) for line in ours} == {("allowed.fifo", "g")}
    first, second = ours[0]["sequence"], ours[1]["sequence"]
    assert [line["sequence"] for line in ours] == [first, second, first, second]
    assert first < second


def test_the_log_of_sends_says_how_many_messages_were_ahead(
    emulator: EmulatorProcess, sqs: Any, url: str
) -> None:
    """Those in flight, too; in other groups, too."""
    sqs.purge_queue(QueueUrl=url)
    for body in ("ahead-1", "ahead-2", "ahead-3"):
        sqs.send_message(QueueUrl=url, **{**message(body), "MessageGroupId": body})
    sqs.receive_message(QueueUrl=url)
    sqs.send_message(QueueUrl=url, **message("ahead-4"))
    lines = [json.loads(line) for line in emulator.sends.read_text().splitlines()]
    ours = [line for line in lines if line["body"].startswith("ahead-")]
    assert [line["ahead"] for line in ours] == [0, 1, 2, 3]
    assert [line["at"] for line in ours] == sorted(line["at"] for line in ours)
    sqs.purge_queue(QueueUrl=url)


def test_the_clock_moves_for_visibility_and_deduplication(
    emulator: EmulatorProcess, sqs: Any, url: str
) -> None:
    sqs.send_message(QueueUrl=url, **message("clock"))
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    emulator.ask("clock", {"seconds": 301})
    (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sqs.send_message(QueueUrl=url, **message("clock"))
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_redrive_by_the_deployed_policy(emulator: EmulatorProcess, sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, **message("worn-out"))
    for _ in range(3):
        (one,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0
        )
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    dead = url.replace("allowed", "dead")
    bodies = [one["Body"] for one in sqs.receive_message(QueueUrl=dead)["Messages"]]
    assert bodies == ["worn-out"]
    assert emulator.ask("state")["queues"]["allowed.fifo"]["moved"] == 1


def test_a_standard_queue_takes_no_deduplication_id_and_needs_no_group(
    emulator: EmulatorProcess, sqs: Any
) -> None:
    url = f"{emulator.url}/123456789012/lake"
    with pytest.raises(ClientError, match="standard queue has no MessageDeduplicationId"):
        sqs.send_message(QueueUrl=url, **message("x"))
    sqs.send_message(QueueUrl=url, MessageBody="plain")
    (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert received["Body"] == "plain"


def test_a_dead_letter_queue_of_another_type_is_refused(
    emulator: EmulatorProcess, sqs: Any
) -> None:
    policy = {
        "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:dead.fifo",
        "maxReceiveCount": "3",
    }
    sqs.create_queue(QueueName="mixed", Attributes={"RedrivePolicy": json.dumps(policy)})
    url = f"{emulator.url}/123456789012/mixed"
    try:
        with pytest.raises(ClientError, match="of two types"):
            sqs.send_message(QueueUrl=url, MessageBody="x")
    finally:
        sqs.delete_queue(QueueUrl=url)


def test_queue_attributes_are_the_deployed_ones_with_the_numbers_of_now(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, **message("counted"))
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "1"
    assert attributes["FifoQueue"] == "true"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    one = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert one == {"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:allowed.fifo"}


def test_a_changed_visibility_counts_from_then_on(emulator: EmulatorProcess, sqs: Any) -> None:
    url = f"{emulator.url}/123456789012/other.fifo"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    sqs.send_message(QueueUrl=url, **message("quick"))
    for _ in range(2):
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


@pytest.mark.parametrize(
    ("size", "tier", "taken"),
    [
        (4096, "Standard", True),
        (4097, "Standard", False),
        (4097, "Advanced", True),
        (8192, "Advanced", True),
        (8193, "Advanced", False),
    ],
)
def test_parameters_have_ssms_sizes(
    emulator: EmulatorProcess, size: int, tier: str, taken: bool
) -> None:
    ssm = emulator.client("ssm")

    def put() -> Any:
        return ssm.put_parameter(
            Name="/sized", Value="x" * size, Type="String", Tier=tier, Overwrite=True
        )

    if taken:
        put()
    else:
        assert code(put) == "ValidationException"


def test_an_object_is_written_once(emulator: EmulatorProcess) -> None:
    s3 = emulator.client("s3")
    once: Mapping[str, Any] = {"Bucket": "the-bucket", "Key": "once", "IfNoneMatch": "*"}
    s3.put_object(Body=b"first", **once)
    assert code(lambda: s3.put_object(Body=b"second", **once)) == "PreconditionFailed"
    assert s3.get_object(Bucket="the-bucket", Key="once")["Body"].read() == b"first"


def test_every_call_is_logged_with_whose_it_was_and_on_what(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    role("s3").put_object(Bucket="the-bucket", Key="claims/logged", Body=b"12345")
    lines = [json.loads(line) for line in emulator.calls.read_text().splitlines()]
    (mine,) = [one for one in lines if one["resource"].endswith("the-bucket/claims/logged")]
    at = mine.pop("at")
    assert at > 0
    assert mine == {
        "role": "the-role",
        "service": "s3",
        "action": "PutObject",
        "resource": "arn:aws:s3:::the-bucket/claims/logged",
        "bytes": mine["bytes"],
        "status": 200,
    }
    assert mine["bytes"] >= 5


def test_a_function_that_is_started_waits_for_the_stack(
    emulator: EmulatorProcess, role: Callable[[str], Any]
) -> None:
    def start(name: str, kind: str = "Event") -> Any:
        return role("lambda").invoke(FunctionName=name, InvocationType=kind, Payload=b'{"a": 1}')

    assert start("allowed")["StatusCode"] == 202
    assert code(lambda: start("another")) == "AccessDeniedException"
    assert code(lambda: start("allowed", "RequestResponse")) == "NotUnderstood"
    assert emulator.ask("invocations") == [{"function": "allowed", "event": {"a": 1}}]
    assert emulator.ask("invocations") == []
