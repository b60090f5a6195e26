"""Dead letters as an operator sees them: in the ledger, and in the queue beside it."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.target import Target, TargetError
from switchboard.claims import check_in
from switchboard.destination import Lane
from switchboard.envelope import DeliveryOrder, Envelope, ObjectRef, RawRef
from switchboard.event import Event, digest
from switchboard.held import ROUTE


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. `moved_by_sqs`: it is in the queue, and the ledger knows nothing of it."""

    destination: str
    group: str
    event_id: str
    reason_class: str
    reason: str
    advice: str
    attempts: int
    at: str
    generation: int = 0
    lane: str = "normal"
    answer: str = ""
    payload: str = ""
    moved_by_sqs: bool = False


def dead_letters(target: Target, destination: str, limit: int = 100) -> Sequence[DeadLetter]:
    """The dead letters of a destination, newest first; those that SQS moved come last."""
    found = list(_in_ledger(target, destination, limit))
    known = {letter.event_id for letter in found}
    return [*found, *(one for one in _moved(target, destination) if one.event_id not in known)]


def _in_ledger(target: Target, destination: str, limit: int) -> Iterator[DeadLetter]:
    answer = target.client("dynamodb").query(
        TableName=target.core()["ledger_table"],
        IndexName="dead",
        KeyConditionExpression="dead = :dead",
        ExpressionAttributeValues={":dead": {"S": f"dead#{destination}"}},
        ScanIndexForward=False,
        Limit=limit,
    )
    for item in answer["Items"]:
        values = {name: next(iter(value.values())) for name, value in item.items()}
        yield DeadLetter(
            destination=destination,
            group=values["group"],
            event_id=values["event_id"],
            reason_class=values.get("reason_class", ""),
            reason=values.get("reason", ""),
            advice=values.get("advice", ""),
            attempts=int(values.get("attempt", 0)),
            at=values.get("dead_at", ""),
            generation=int(values.get("generation", 0)),
            lane=values.get("lane", "normal"),
            answer=values.get("answer", ""),
            payload=values.get("payload", ""),
        )


def _moved(target: Target, destination: str) -> Iterator[DeadLetter]:
    """What a look at the queue shows that SQS moved there: envelopes without a reason of ours.

    The look ends at the first ten; messages are visible again after a second.
    """
    answer = target.client("sqs").receive_message(
        QueueUrl=_dead_queue(target, destination),
        MaxNumberOfMessages=10,
        VisibilityTimeout=1,
        AttributeNames=["All"],
    )
    for message in answer.get("Messages", []):
        body = json.loads(message["Body"])
        if "reason" in body:
            continue
        event = body.get("event") or {}
        yield DeadLetter(
            destination=destination,
            group=str(body.get("group", message["MessageId"])),
            event_id=str(event.get("id", message["MessageId"])),
            reason_class="bug",
            reason="SQS moved it after 1,000 receives; the ledger has no entry of it",
            advice="report it with the function's logs",
            attempts=int(message["Attributes"]["ApproximateReceiveCount"]),
            at="",
            moved_by_sqs=True,
        )


def _dead_queue(target: Target, destination: str) -> str:
    if destination == ROUTE:
        return str(target.core()["ingest_dead_queue_url"])
    name = f"deployment/destinations/{destination}"
    found = target.parameters("deployment/destinations/").get(name)
    if found is None:
        raise TargetError(f"no destination {destination} is deployed in stage {target.stage}")
    return str(json.loads(found)["dead_queue_url"])


def find(target: Target, destination: str, event_id: str) -> DeadLetter:
    """One dead letter by its event's id, or by the beginning of it.

    Raises:
        TargetError: there is none, or the beginning fits several.
    """
    fitting = [
        letter
        for letter in dead_letters(target, destination, limit=1000)
        if letter.event_id.startswith(event_id)
    ]
    if len(fitting) != 1:
        raise TargetError(
            f"{len(fitting)} dead letters of {destination} begin with {event_id}; `switchboard dead"
            f" list {destination}` shows them"
        )
    return fitting[0]


def event_of(target: Target, letter: DeadLetter) -> Mapping[str, Any]:
    """The item of the events table; empty where routing never came so far."""
    answer = target.client("dynamodb").get_item(
        TableName=target.core()["events_table"],
        Key={"group": {"S": letter.group}, "event_id": {"S": letter.event_id}},
    )
    return {name: next(iter(value.values())) for name, value in answer.get("Item", {}).items()}


def recorded_event(target: Target, letter: DeadLetter) -> Event:
    """The event of a delivery.

    Raises:
        TargetError: it is in no events table.
    """
    item = event_of(target, letter)
    if not item:
        raise TargetError(f"the event {letter.event_id} is not in the events table any more")
    return _event(target, item)


def replay(target: Target, letter: DeadLetter) -> str:
    """Send a dead letter once more to its destination, through ingest-bulk; the replay's id.

    The generation is kept: for the vendor it is the same delivery, tried again.

    Raises:
        TargetError: there is nothing to send: the event was never routed, or SQS moved it.
    """
    item = event_of(target, letter)
    if letter.destination == ROUTE or not item:
        raise TargetError(
            "this event was never routed, so that there is no delivery to repeat; its raw payload"
            " is in the dead letter: correct the source and let the sender send it again"
        )
    replay_id = uuid.uuid4().hex
    core = target.core()
    raw_ref = RawRef.model_validate_json(item["raw_ref"]) if "raw_ref" in item else None
    envelope = Envelope(
        event=_event(target, item),
        group=letter.group,
        raw_ref=raw_ref,
        delivery=DeliveryOrder(
            only=letter.destination,
            replay=replay_id,
            generation=letter.generation,
            lane=Lane(letter.lane),
        ),
    )
    target.client("sqs").send_message(
        QueueUrl=core["ingest_bulk_queue_url"],
        MessageBody=check_in(envelope, _Claims(target, core["archive_bucket"])),
        MessageGroupId=letter.group,
        MessageDeduplicationId=digest(letter.event_id, letter.destination, replay_id),
    )
    return replay_id


def _event(target: Target, item: Mapping[str, Any]) -> Event:
    if "event" in item:
        return Event.model_validate_json(item["event"])
    ref = ObjectRef.model_validate_json(item.get("event_ref", "null"))
    body = target.client("s3").get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read()
    return Event.model_validate(json.loads(body)["event"])


@dataclass(frozen=True, slots=True)
class _Claims:
    """Claim checks with the operator's credentials; see ClaimStore."""

    target: Target
    bucket: str

    def store(self, name: str, body: str) -> ObjectRef:
        key = f"claims/{name}"
        self.target.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body.encode())
        return ObjectRef(bucket=self.bucket, key=key)

    def load(self, ref: ObjectRef) -> str:
        found = self.target.client("s3").get_object(Bucket=ref.bucket, Key=ref.key)
        return str(found["Body"].read().decode())
