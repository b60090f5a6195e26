"""The mark on an event that is routed, and who reads it, over moto."""

from typing import Any

import boto3
import pytest

from switchboard.aws import clients
from switchboard.aws.batches import TRIES
from switchboard.aws.bulk_progress import SqsBulkProgress
from switchboard.aws.events_table import EventsTable
from switchboard.aws.queues import SqsOutbox, is_same_queue
from switchboard.errors import Unavailable
from switchboard.events import Recorded
from switchboard.queue import Outgoing
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock

pytestmark = pytest.mark.usefixtures("tables")


def append(table: EventsTable, number: int) -> tuple[str, str]:
    event = make_event(number)
    group = f"interaction:{number % 7}"
    table.append(Recorded(group, event, "", None, None, ()))
    return group, event.id


def bulk_queue() -> str:
    made = boto3.client("sqs").create_queue(
        QueueName="ingest-bulk.fifo", Attributes={"FifoQueue": "true"}
    )
    return made["QueueUrl"]


class TestRouted:
    def test_those_that_are_marked_are_found_however_many(self) -> None:
        table = EventsTable("events", 90, Clock())
        keys = [append(table, number) for number in range(230)]
        for key in keys[::3]:
            table.mark_routed(*key)
            table.mark_routed(*key)
        progress = SqsBulkProgress("events", "unused")
        asked = [*keys, *keys[:5], ("interaction:1", "never appended")]
        assert set(progress.routed(asked)) == set(keys[::3])
        assert set(progress.routed([])) == set()

    def test_an_event_that_is_marked_keeps_everything_else(self) -> None:
        table = EventsTable("events", 90, Clock())
        key = append(table, 1)
        (before,) = boto3.client("dynamodb").scan(TableName="events")["Items"]
        table.mark_routed(*key)
        (after,) = boto3.client("dynamodb").scan(TableName="events")["Items"]
        assert after == before | {"routed": {"BOOL": True}}

    def test_an_event_that_was_never_appended_is_not_made_by_its_mark(self) -> None:
        with pytest.raises(Unavailable, match="not in the events table"):
            EventsTable("events", 90, Clock()).mark_routed("interaction:1", "none")
        assert boto3.client("dynamodb").scan(TableName="events")["Items"] == []

    def test_a_table_that_is_missing_is_unavailable(self) -> None:
        with pytest.raises(Unavailable, match="marking"):
            EventsTable("nowhere", 90, Clock()).mark_routed("interaction:1", "none")
        with pytest.raises(Unavailable, match="reading the events table"):
            SqsBulkProgress("nowhere", "unused").routed([("interaction:1", "none")])


class Throttled:
    """What DynamoDB does under load: it answers for the first few keys of a request only."""

    def __init__(self, keys: int) -> None:
        self.keys = keys
        self.requests = 0
        clients.client("dynamodb").meta.events.register(
            "after-call.dynamodb.BatchGetItem", self.leave_out
        )

    def leave_out(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        self.requests += 1
        items = parsed["Responses"]["events"]
        left = items[self.keys :]
        parsed["Responses"]["events"] = items[: self.keys]
        if left:
            keys = [{name: item[name] for name in ("group", "event_id")} for item in left]
            asked = context["asked"]["events"]
            parsed["UnprocessedKeys"] = {"events": {**asked, "Keys": keys}}

    def remember(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params["RequestItems"]


class TestUnprocessed:
    def throttle(self, keys: int) -> Throttled:
        throttled = Throttled(keys)
        clients.client("dynamodb").meta.events.register(
            "before-parameter-build.dynamodb.BatchGetItem", throttled.remember
        )
        return throttled

    def marked(self, count: int) -> list[tuple[str, str]]:
        table = EventsTable("events", 90, Clock())
        keys = [append(table, number) for number in range(count)]
        for key in keys:
            table.mark_routed(*key)
        return keys

    def test_what_dynamodb_left_out_is_asked_for_again(self) -> None:
        keys = self.marked(10)
        throttled = self.throttle(4)
        pauses: list[float] = []
        progress = SqsBulkProgress("events", "unused", pauses.append)
        assert set(progress.routed(keys)) == set(keys)
        assert throttled.requests == 3
        assert pauses == sorted(pauses)
        assert len(pauses) == 2

    def test_what_is_left_out_for_ever_is_unavailable(self) -> None:
        keys = self.marked(2)
        throttled = self.throttle(0)
        with pytest.raises(Unavailable, match="leaves out"):
            SqsBulkProgress("events", "unused", lambda _: None).routed(keys)
        assert throttled.requests == TRIES


class TestEmpty:
    def test_a_queue_is_empty_when_nothing_waits_and_nothing_is_in_flight(self) -> None:
        url = bulk_queue()
        progress = SqsBulkProgress("events", url)
        assert progress.empty()
        SqsOutbox(url).send([Outgoing("x", "g", "d")])
        assert not progress.empty()
        sqs = boto3.client("sqs")
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        assert not progress.empty()
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert progress.empty()

    def test_a_queue_that_is_missing_is_unavailable(self) -> None:
        url = "https://sqs.eu-west-1.amazonaws.com/123456789012/none.fifo"
        with pytest.raises(Unavailable, match="ingest-bulk"):
            SqsBulkProgress("events", url).empty()


def test_an_arn_and_a_url_name_the_same_queue() -> None:
    arn = "arn:aws:sqs:eu-west-1:123456789012:switchboard-dev-ingest-bulk.fifo"
    host = "https://sqs.eu-west-1.amazonaws.com/123456789012"
    assert is_same_queue(arn, f"{host}/switchboard-dev-ingest-bulk.fifo")
    assert not is_same_queue(arn, f"{host}/switchboard-dev-ingest.fifo")
    assert not is_same_queue(arn, f"{host}/bulk.fifo")
