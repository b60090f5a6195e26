"""A destination's queue as its own function drains it, and where a drain is recorded."""

from collections.abc import Sequence
from typing import Any

from switchboard.aws.clients import client
from switchboard.aws.failures import translated
from switchboard.aws.items import Item, Update, from_item, to_item, update_if
from switchboard.aws.queues import SqsVisibility
from switchboard.drain import Drained
from switchboard.loop import Record
from switchboard.queue import BATCH_ENTRIES
from switchboard.telemetry import Telemetry

WAIT_SECONDS = 2
"""A long poll asks every server of SQS's; a short one may miss what is there."""


class SqsDrainedQueue(SqsVisibility):
    """See DrainedQueue."""

    def __init__(self, url: str, telemetry: Telemetry) -> None:
        super().__init__(url, telemetry)
        self._url = url

    def receive(self) -> Sequence[Record]:
        """See DrainedQueue."""
        with translated("receiving from SQS"):
            answer = client("sqs").receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH_ENTRIES,
                WaitTimeSeconds=WAIT_SECONDS,
                AttributeNames=["All"],
            )
        return [self._record(message) for message in answer.get("Messages", [])]

    def _record(self, message: Any) -> Record:
        attributes = message["Attributes"]
        return Record(
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            body=message["Body"],
            group=attributes.get("MessageGroupId", message["MessageId"]),
            receive_count=int(attributes["ApproximateReceiveCount"]),
            sent_at=int(attributes["SentTimestamp"]) / 1000,
            queue_arn=self._url.rsplit("/", 1)[-1],
        )

    def delete(self, receipts: Sequence[str]) -> None:
        """See DrainedQueue."""
        if not receipts:
            return
        with translated("deleting from SQS"):
            client("sqs").delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(index), "ReceiptHandle": receipt}
                    for index, receipt in enumerate(receipts)
                ],
            )


class DrainTable:
    """See DrainStore: one item per destination in the `state` table, written after each drain.

    Without `dynamodb`, by the sandbox's own client.
    """

    def __init__(self, table: str, dynamodb: Any = None) -> None:
        self._table = table
        self._dynamodb = dynamodb

    def read(self, destination: str) -> Drained | None:
        """See DrainStore."""
        with translated("reading a drain"):
            answer = (self._dynamodb or client("dynamodb")).get_item(
                TableName=self._table, Key=_key(destination), ConsistentRead=True
            )
        if "Item" not in answer:
            return None
        return Drained.model_validate_json(from_item(answer["Item"])["drained"])

    def record(self, destination: str, drained: Drained) -> None:
        """See DrainStore. An older one never takes the place of a newer one."""
        update_if(
            self._table,
            _key(destination),
            Update(
                "SET #drained = :drained, #rest = :rest, #at = :at",
                "attribute_not_exists(#at) OR #at <= :at",
                {":drained": drained.model_dump_json(), ":rest": drained.rest, ":at": drained.at},
            ),
            "recording a drain",
            dynamodb=self._dynamodb,
        )


def _key(destination: str) -> Item:
    return to_item({"item": f"drain#{destination}"})
