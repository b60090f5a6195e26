import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from desk.laptop import LaptopStack
from desk.laptop.poller import failed_ids, payloads
from desk.laptop.sandbox import LARGEST_PAYLOAD

VISIBILITY_SECONDS = 12


@pytest.fixture
def send(stack: LaptopStack) -> Callable[..., None]:
    """Sends messages to one group; what each is to do is in its body."""
    sqs, url = stack.client("sqs"), f"{stack.endpoint_url}/123456789012/one-in.fifo"

    def many(group: str, **each: dict[str, Any]) -> None:
        entries = [
            {
                "Id": name,
                "MessageBody": json.dumps({"name": name, **what}),
                "MessageGroupId": group,
                "MessageDeduplicationId": uuid4().hex,
            }
            for name, what in each.items()
        ]
        assert "Failed" not in sqs.send_message_batch(QueueUrl=url, Entries=entries)

    return many


@pytest.fixture(autouse=True)
def _empty(stack: LaptopStack, notes: Path) -> Iterator[None]:
    yield
    stack.client("sqs").purge_queue(QueueUrl=f"{stack.endpoint_url}/123456789012/one-in.fifo")
    notes.unlink(missing_ok=True)


def read(notes: Path) -> list[dict[str, Any]]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [json.loads(line) for line in lines]


def wait_for(seen: Callable[[], bool], seconds: float = 60.0) -> None:
    latest = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < latest, "it did not happen"
        time.sleep(0.05)


def names(notes: Path) -> list[str]:
    return [name for line in read(notes) for name in line["names"]]


def waiting(stack: LaptopStack) -> int:
    counts: dict[str, str] = stack.desk("state")["queues"]["one-in.fifo"]
    return sum(int(counts[key]) for key in counts if key.startswith("Approximate"))


def test_a_batch_comes_in_order_and_is_deleted(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    send("g", a={}, b={}, c={})
    wait_for(lambda: names(notes) == ["a", "b", "c"])
    wait_for(lambda: waiting(stack) == 0)
    record = read(notes)[0]["record"]
    assert record["eventSourceARN"] == "arn:aws:sqs:eu-west-1:123456789012:one-in.fifo"
    assert record["attributes"]["MessageGroupId"] == "g"
    assert set(record) == {
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
        "eventSource", "eventSourceARN", "awsRegion",
    }  # fmt: skip


def test_only_what_is_reported_as_failed_comes_back(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    send("g", a={}, b={"fail": True})
    wait_for(lambda: names(notes) == ["a", "b"])
    wait_for(lambda: waiting(stack) == 1)
    stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
    wait_for(lambda: names(notes) == ["a", "b", "b"])
    wait_for(lambda: waiting(stack) == 0)


def test_an_error_fails_the_whole_batch(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    errors = stack.pool("one-consume").errors
    send("g", a={}, b={"raise": True})
    wait_for(lambda: stack.pool("one-consume").errors == errors + 1)
    assert waiting(stack) == 2
    stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
    wait_for(lambda: names(notes) == ["a", "b"])


def test_a_malformed_answer_fails_the_whole_batch(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    send("g", a={}, b={"malformed": True})
    wait_for(lambda: names(notes) == ["a", "b"])
    stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
    wait_for(lambda: names(notes) == ["a", "b", "a", "b"])
    wait_for(lambda: waiting(stack) == 0)


def test_a_batch_that_runs_out_of_time_comes_back_after_the_visibility_time_out(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    errors = stack.pool("one-consume").errors
    send("g", a={}, b={"sleep": 30})
    wait_for(lambda: stack.pool("one-consume").errors == errors + 1)
    assert names(notes) == []
    assert waiting(stack) == 2
    stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
    wait_for(lambda: names(notes) == ["a", "b"])


def test_a_batch_whose_process_was_killed_comes_back(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    errors = stack.pool("one-consume").errors
    stack.kill_next("one-consume", delay_seconds=0.2)
    send("g", a={"sleep": 1.5}, b={})
    wait_for(lambda: stack.pool("one-consume").errors == errors + 1)
    stack.desk("clock", {"seconds": VISIBILITY_SECONDS})
    wait_for(lambda: names(notes) == ["a", "b"])
    wait_for(lambda: waiting(stack) == 0)


def test_no_more_than_maximum_concurrency_at_once(send: Callable[..., None], notes: Path) -> None:
    sent = 0

    def two_processes_took_all() -> bool:
        nonlocal sent
        if len(names(notes)) == sent:
            if len({line["pid"] for line in read(notes)}) == 2:
                return True
            for group in range(3):
                send(f"g{group}", **{f"m{sent}-{group}-{n}": {"sleep": 0.12} for n in range(10)})
            sent += 30
        return False

    wait_for(two_processes_took_all)
    assert most_at_once(read(notes)) == 2


def most_at_once(lines: list[dict[str, Any]]) -> int:
    moments = [line["began"] for line in lines]
    return max(len([one for one in lines if one["began"] <= at < one["ended"]]) for at in moments)


def test_a_disabled_mapping_takes_nothing_until_it_is_enabled(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    lambda_ = stack.client("lambda")
    (mapping,) = stack.deployed.mappings
    lambda_.update_event_source_mapping(UUID=mapping.mapping_id, Enabled=False)
    try:
        wait_for(lambda: stack.at_rest(mapping.mapping_id))
        polls = count_polls(stack)
        send("g", a={})
        time.sleep(1.5)
        assert names(notes) == []
        assert count_polls(stack) == polls
    finally:
        lambda_.update_event_source_mapping(UUID=mapping.mapping_id, Enabled=True)
    wait_for(lambda: names(notes) == ["a"])


def count_polls(stack: LaptopStack) -> int:
    return stack.calls.read_bytes().count(b'"ReceiveMessage"')


def test_polling_is_done_under_the_functions_role(
    stack: LaptopStack, send: Callable[..., None], notes: Path
) -> None:
    send("g", a={})
    wait_for(lambda: names(notes) == ["a"])
    wait_for(lambda: waiting(stack) == 0)
    used = {one[1] for one in stack.usage()["used"] if one[0] == "one-consume-role"}
    assert {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"} <= used


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": "c"}]}, None),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, None),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, None),
        ({"batchItemFailures": [{"other": "a"}]}, None),
        ({"batchItemFailures": ["a"]}, None),
        ({"other": []}, None),
        ("text", None),
    ],
)
def test_partial_answers_are_read_as_lambda_does(answer: Any, failed: set[str] | None) -> None:
    assert failed_ids(answer, {"a", "b"}) == failed


def test_a_batch_over_6_mb_is_invoked_in_parts() -> None:
    large = [({"MessageId": str(n)}, {"body": "x" * 1_000_000}) for n in range(10)]
    parts = [[message["MessageId"] for message, _ in part] for part in payloads(large)]
    assert parts == [["0", "1", "2", "3", "4", "5"], ["6", "7", "8", "9"]]
    for part in payloads(large):
        assert len(json.dumps({"Records": [record for _, record in part]})) <= LARGEST_PAYLOAD
