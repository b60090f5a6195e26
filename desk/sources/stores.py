"""The held events and the states of sources in a stage's tables, with an operator's credentials."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from desk.records.tables import query
from desk.sources.resuming import Place, SourceControl
from desk.target import Target
from switchboard.aws.items import from_item, to_item
from switchboard.aws.queues import SqsOutbox
from switchboard.aws.recorded_events import RecordedEvents
from switchboard.event import OWN_SOURCE, utc_text
from switchboard.held import held_shard, held_shards
from switchboard.source_state import SourceState

INDEX = "held"


class TableStates:
    """See SourceStates."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def read_source(self, source: str) -> SourceState:
        """See SourceStates."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(source))
        return SourceState.model_validate(from_item(answer.get("Item", {})))

    def write(self, source: str, state: SourceState) -> None:
        """See SourceStates."""
        fields = state.model_dump(exclude={"discarded", "follows"})
        values = {f":{name}": value for name, value in fields.items()}
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(source),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
            ExpressionAttributeNames={f"#{name}": name for name in fields},
            ExpressionAttributeValues=to_item(values),
        )

    def let_facts_follow(self, source: str, follow: bool) -> None:
        """See SourceStates; a set of names, so that no two commands write over each other."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(OWN_SOURCE),
            UpdateExpression=f"{'ADD' if follow else 'DELETE'} follows :source",
            ExpressionAttributeValues={":source": {"SS": [source]}},
        )

    def count_discarded(self, source: str, number: int) -> None:
        """See SourceStates."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(source),
            UpdateExpression="ADD discarded :number",
            ExpressionAttributeValues=to_item({":number": number}),
        )


class TableHeldEvents:
    """See HeldEvents."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def groups(self, source: str) -> Iterator[str]:
        """See HeldEvents; the index has the groups of a shard in order."""
        for shard in held_shards(source):
            last = None
            for item in query(
                self._dynamodb, self._table, "#held = :held", {"held": shard}, index=INDEX
            ):
                if item["group"] != last:
                    last = item["group"]
                    yield last

    def places(self, source: str, group: str) -> Sequence[Place]:
        """See HeldEvents."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#group = :group",
            FilterExpression="#held = :held",
            ProjectionExpression="#event_id, #held_order",
            ExpressionAttributeNames={
                f"#{name}": name for name in ("group", "held", "event_id", "held_order")
            },
            ExpressionAttributeValues=to_item(
                {":group": group, ":held": held_shard(source, group)}
            ),
            ConsistentRead=True,
        )
        items = [from_item(item) for page in pages for item in page["Items"]]
        places = [Place(item["held_order"], item["event_id"]) for item in items]
        return sorted(places, key=lambda place: place.order)

    def count(self, source: str) -> int:
        """See HeldEvents."""
        pages = self._dynamodb.get_paginator("query")
        return sum(
            page["Count"]
            for shard in held_shards(source)
            for page in pages.paginate(
                TableName=self._table,
                IndexName=INDEX,
                KeyConditionExpression="held = :held",
                ExpressionAttributeValues=to_item({":held": shard}),
                Select="COUNT",
            )
        )

    def discard(self, group: str, event_id: str) -> bool:
        """See HeldEvents; `discarded_at` stays with the event."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=to_item({"group": group, "event_id": event_id}),
                UpdateExpression="SET discarded_at = :now REMOVE held",
                ConditionExpression="attribute_exists(held)",
                ExpressionAttributeValues=to_item({":now": utc_text(datetime.now(UTC))}),
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True


def source_control(target: Target) -> SourceControl:
    """The control of a stage's sources."""
    core, dynamodb = target.core(), target.client("dynamodb")
    return SourceControl(
        states=TableStates(dynamodb, core["state_table"]),
        held=TableHeldEvents(dynamodb, core["events_table"]),
        events=RecordedEvents(core["events_table"], dynamodb=dynamodb),
        bulk=SqsOutbox(core["ingest_bulk_queue_url"], sqs=target.client("sqs")),
        clock=time.time,
        sleep=time.sleep,
    )


def _key(source: str) -> Any:
    return to_item({"item": f"source#{source}"})
