"""A person is forgotten by the whole laptop stack: no byte of its storage has the number."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from desk.command.app import run
from desk.demo.documents import LAKE
from desk.forgetting.person import person_of, request_of
from desk.laptop import LaptopStack
from switchboard.testing.stand_in import StandIn
from tests.integration.operating import (
    events,
    id_of,
    ledger,
    post,
    put_document,
    put_message,
    restart_functions,
    send,
    until,
)

NUMBER, DIGITS, OTHER = "+14155550123", "4155550123", "+14155550199"
EMAIL = "jo.o@example.com"
FORMS = {
    "e164": NUMBER, "digits": "14155550123", "home": "(415) 555-0123", "dots": "415.555.0123",
    "url": "https://x.example/?from=%2B1%20415%20555%200123",
    "spaces": "+1\u00a0415\u00a0555\u00a00123",
    "sip": "sip:+14155550123@pbx.example", "json": json.dumps({"from": NUMBER}),
}  # fmt: skip
ADDRESSES = {"plain": EMAIL, "capitals": "JO.O@Example.COM", "mailto": "mailto:jo.o%40example.com"}
LITERAL = re.compile(
    r"415(\W|%20|\\+u00a0)*555(\W|%20|\\+u00a0)*0123|jo\.o(@|%40|\\+u0040)example\.com",
    re.IGNORECASE,
)


def storage(stack: LaptopStack) -> Iterator[tuple[str, str]]:
    """Every text that the stack keeps, and where: this knows nothing of how it is forgotten."""
    yield from _objects(stack.client("s3"))
    yield from _items(stack.client("dynamodb"))
    yield from _messages(stack.client("sqs"))
    yield from _parameters(stack.client("ssm"))
    yield from _logs(stack.client("logs"))
    for path in stack.folder.iterdir():
        # The log of sends is this test's own instrument.
        if path.is_file() and path != stack.sends:
            yield path.name, path.read_bytes().decode("utf-8", "replace")


def _items(dynamodb: Any) -> Iterator[tuple[str, str]]:
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield from ((table, json.dumps(item, ensure_ascii=False)) for item in page["Items"])


def _parameters(ssm: Any) -> Iterator[tuple[str, str]]:
    for page in ssm.get_paginator("get_parameters_by_path").paginate(Path="/", Recursive=True):
        for one in page["Parameters"]:
            history = ssm.get_parameter_history(Name=one["Name"])["Parameters"]
            yield from ((one["Name"], version["Value"]) for version in history)


def _logs(logs: Any) -> Iterator[tuple[str, str]]:
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            yield from ((name, one["message"]) for one in page["events"])


def _objects(s3: Any) -> Iterator[tuple[str, str]]:
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for one in page.get("Versions", []):
                where = {"Bucket": bucket["Name"], "Key": one["Key"], "VersionId": one["VersionId"]}
                body = s3.get_object(**where)["Body"].read()
                whole = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
                yield str(where), one["Key"] + whole.decode("utf-8", "replace")


def _messages(sqs: Any) -> Iterator[tuple[str, str]]:
    for url in sqs.list_queues()["QueueUrls"]:
        taken = []
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60
        ).get("Messages"):
            taken += found
        for message in taken:
            sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
            yield url, message["Body"]


def holding(stack: LaptopStack) -> set[str]:
    """Where a form of the number or the address stands, or its digits with anything between."""
    return {
        where
        for where, text in storage(stack)
        if LITERAL.search(text) or DIGITS in re.sub(r"[\s().\-/+\u00a0]", "", text)
    }


def forget(
    stack: LaptopStack, capsys: pytest.CaptureFixture[str], whom: str, *arguments: str
) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["forget", whom, *arguments, "--stage", stack.name, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_no_byte_of_the_stack_has_the_number_any_more(
    stack: LaptopStack, vendor: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    # What a destination was sent is not the stack's: the lake is one.
    put_document(stack, "destinations/lake", {"when": "`false`"})
    restart_functions(stack)
    assert run(["destinations", "pause", "crm", "--stage", stack.name]) == 0
    names = {f"by-{name}": {"from": form} for name, form in (FORMS | ADDRESSES).items()}
    names |= {"said": {"call_id": "by-e164", "text": "what Jo said"}, "other": {"from": OTHER}}
    for name, data in names.items():
        assert send(stack, name, **data) == 202
    # Refused at the edge, and one that is no envelope: a dead letter of `route` as it came.
    forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    assert post(f"{stack.api_url}/webhooks/partner", json.dumps(FORMS).encode(), forged) == 401
    put_message(stack, "ingest", json.dumps({"from": NUMBER}), "broken")
    wanted = {id_of(name) for name in names}
    until(lambda: wanted <= {event for event, name in ledger(stack) if name == "pager"})
    until(lambda: any(name == "route" for _, name in ledger(stack)))
    before = holding(stack)
    for store in ("raw/", "-events", "crm-normal.fifo", "ingest-dead.fifo"):
        assert any(store in where for where in before), (store, before)
    assert not any("log" in where for where in before), before

    plan = forget(stack, capsys, NUMBER)
    assert (plan["events"], plan["interactions"]) == (len(FORMS) + 1, len(FORMS))
    assert holding(stack) == before
    for whom in (NUMBER, EMAIL):
        assert forget(stack, capsys, whom, "--yes")["left"] == 0

    assert holding(stack) == set()
    kept = "\n".join(text for _, text in storage(stack))
    assert "what Jo said" not in kept
    assert OTHER in kept
    assert request_of(person_of(NUMBER, "US"), stack.stage) in kept
    assert wanted <= set(events(stack))

    assert run(["destinations", "resume", "crm", "--stage", stack.name]) == 0
    until(lambda: ledger(stack).get((id_of("other"), "crm"), {}).get("state") == "delivered")
    sent = {one.headers["webhook-id"]: one.body for one in vendor.arrived if one.path == "/crm"}
    assert len(sent) == 1, sent
    assert LAKE not in holding(stack)
