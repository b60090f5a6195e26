"""Dead letters as an operator sees them: in the ledger, and in the queue beside it."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from desk.records.events import EventRecords, Key
from desk.records.tables import query
from desk.replay.plans import Replays
from desk.target import Target, TargetError
from switchboard.aws.items import from_item, to_item
from switchboard.aws.ledger_table import LedgerTable, entry_of, sort_key
from switchboard.claims import claimed_event
from switchboard.destination import Lane
from switchboard.event import Event, digest
from switchboard.held import ROUTE
from switchboard.ledger import Entry, State
from switchboard.replays import Replay, Selected

LOOKED_AT = 1000
"""How many messages of a dead-letter queue are looked at to find one."""


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


def dead_letters(target: Target, destination: str, limit: int | None = 100) -> Sequence[DeadLetter]:
    """The dead letters of a destination, newest first; those that SQS moved come last."""
    found = list(islice(_in_ledger(target, destination), limit))
    known = {letter.event_id for letter in found}
    return [*found, *(one for one in _moved(target, destination) if one.event_id not in known)]


def _in_ledger(target: Target, destination: str) -> Iterator[DeadLetter]:
    table = str(target.core()["ledger_table"])
    values = {"dead": f"dead#{destination}"}
    dynamodb = target.client("dynamodb")
    for item in query(dynamodb, table, "#dead = :dead", values, index="dead", forward=False):
        yield DeadLetter(
            destination=destination,
            group=item["group"],
            event_id=item["event_id"],
            reason_class=item.get("reason_class", ""),
            reason=item.get("reason", ""),
            advice=item.get("advice", ""),
            attempts=int(item.get("attempt", 0)),
            at=item.get("dead_at", ""),
            generation=int(item.get("generation", 0)),
            lane=item.get("lane", "normal"),
            answer=item.get("answer", ""),
            payload=item.get("payload", ""),
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
        order = body.get("delivery") or {}
        yield DeadLetter(
            destination=destination,
            group=str(body.get("group") or message["MessageId"]),
            event_id=_event_id(body) or str(message["MessageId"]),
            reason_class="bug",
            reason="SQS moved it after 1,000 receives; the ledger has no entry of it",
            advice="report it with the function's logs",
            attempts=int(message["Attributes"]["ApproximateReceiveCount"]),
            at="",
            generation=int(order.get("generation", 0)),
            lane=str(order.get("lane", "normal")),
            moved_by_sqs=True,
        )


def _event_id(body: Mapping[str, Any]) -> str:
    """The event of a message's body, or of the envelope in a dead letter; "": it has none.

    A claim is called after its event.
    """
    envelope = body.get("envelope") or body
    ref = (envelope.get("event_ref") or {}).get("key", "")
    return str((envelope.get("event") or {}).get("id") or claimed_event(ref))


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
        for letter in dead_letters(target, destination, limit=None)
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
        Key=to_item({"group": letter.group, "event_id": letter.event_id}),
    )
    return from_item(answer.get("Item", {}))


def recorded_event(target: Target, letter: DeadLetter) -> Event:
    """The event of a delivery.

    Raises:
        TargetError: it is not kept any more.
    """
    records = EventRecords(target)
    for kept in records.get([Key(letter.group, letter.event_id)]):
        event = records.whole(kept)
        if event is not None:
            return event
    raise TargetError(f"the event {letter.event_id} is not in the events table any more")


def replay(target: Target, letter: DeadLetter) -> Replay:
    """Send a dead letter once more to its destination: a replay of one, which runs at once.

    The generation is kept: for the vendor it is the same delivery, tried again.

    Raises:
        TargetError: there is nothing to send, because the event was never routed; or it does not
            go on.
    """
    if letter.destination == ROUTE or not event_of(target, letter):
        raise TargetError(
            "this event was never routed, so that there is no delivery to repeat; its raw payload"
            " is in the dead letter: correct the source and let the sender send it again"
        )
    one = Selected(
        group=letter.group,
        event_id=letter.event_id,
        generation=letter.generation,
        lane=Lane(letter.lane),
    )
    replays = Replays(target)
    planned = replays.keep(letter.destination, [one], f"the dead letter {letter.event_id}")
    return replays.follow(replays.start(planned.id), lambda _: None)


def discard(target: Target, letter: DeadLetter, by: str, because: str) -> int:
    """End a dead letter for good: who did it, when and why is in the ledger.

    Returns:
        How many messages of it were removed from the dead-letter queue.

    Raises:
        TargetError: it is no longer dead.
    """
    core = target.core()
    dynamodb = target.client("dynamodb")
    key = {
        "group": letter.group,
        "delivery": sort_key(letter.event_id, letter.destination),
    }
    found = dynamodb.get_item(
        TableName=core["ledger_table"], Key=to_item(key), ConsistentRead=True
    ).get("Item")
    before = None if found is None else entry_of(from_item(found))
    ended = _discarded(letter, before, by, because)
    ledger = LedgerTable(core["ledger_table"], target.ledger_days(), time.time, dynamodb=dynamodb)
    if ledger.put(ended, expected=None if before is None else before.revision) is not None:
        raise TargetError("it was changed at the same time; look at it again")
    return _remove(target, letter, before)


def _discarded(letter: DeadLetter, before: Entry | None, by: str, because: str) -> Entry:
    if before is not None and before.state is not State.DEAD and not letter.moved_by_sqs:
        raise TargetError(f"it is no longer dead but {before.state}: there is nothing to discard")
    entry = before or Entry(
        letter.group,
        letter.event_id,
        letter.destination,
        State.DISCARDED,
        revision=0,
        generation=letter.generation,
        lane=Lane(letter.lane),
    )
    return replace(
        entry,
        state=State.DISCARDED,
        revision=entry.revision + 1,
        owner=f"desk:{by}",
        lease_until=0.0,
        until=0.0,
        updated_at=time.time(),
        ended_by=by,
        ended_because=because,
    )


def _remove(target: Target, letter: DeadLetter, entry: Entry | None) -> int:
    """Delete its messages among the first of the queue; the others are visible again at once."""
    sqs, url = target.client("sqs"), _dead_queue(target, letter.destination)
    ours = "" if entry is None else _deduplication_id(entry)
    removed = 0
    others: list[str] = []
    while len(others) < LOOKED_AT:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            # The look that found it hid it for a second.
            WaitTimeSeconds=2,
            AttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            break
        for message in messages:
            found = message["Attributes"].get("MessageDeduplicationId")
            if found == ours or _event_id(_read(message["Body"])) == letter.event_id:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                removed += 1
            else:
                others.append(message["ReceiptHandle"])
    for receipt in others:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    return removed


def _deduplication_id(entry: Entry) -> str:
    """See switchboard.dead_letters: the id of the message that this entry's burial sent."""
    return digest(entry.event_id, entry.destination, str(entry.generation), str(entry.attempt))


def _read(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
