"""Destinations as an operator sees and steers them: state, what waits, pause, resume, a test."""

import getpass
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.target import Target, TargetError
from switchboard.aws.items import from_item, to_item
from switchboard.aws.ledger_table import entry_of, sort_key
from switchboard.aws.queues import count_messages
from switchboard.aws.state_table import StateTable
from switchboard.breaker import DestinationState, paused, resumed
from switchboard.envelope import DeliveryOrder, Envelope, encode
from switchboard.event import Event, digest, event_id
from switchboard.gate import change_state
from switchboard.ledger import Entry, State

FOLDER = "deployment/destinations/"
CONTROL = "control_destinations"
TEST_TYPE = "switchboard.test"
TEST_SOURCE = "switchboard"
LOOK_EVERY_SECONDS = 0.5
COUNTING = "counting the messages of a destination"


@dataclass(frozen=True, slots=True)
class Destination:
    """One deployed destination, as it is now. `dead` is the depth of its dead-letter queue."""

    name: str
    kind: str
    mode: str
    state: DestinationState
    waiting: Mapping[str, int]
    dead: int


def deployed(target: Target) -> Mapping[str, Mapping[str, Any]]:
    """What each destination's stack says of itself, by its name."""
    return {
        name.removeprefix(FOLDER): json.loads(text)
        for name, text in sorted(target.parameters(FOLDER).items())
    }


def of_stage(target: Target) -> Sequence[Destination]:
    """Every deployed destination."""
    states = _states(target)
    sqs = target.client("sqs")
    return [
        Destination(
            name=name,
            kind=found["kind"],
            mode=found.get("mode", "ordered"),
            state=states.read(name),
            waiting={
                lane: count_messages(url, COUNTING, sqs=sqs)
                for lane, url in found["queues"].items()
            },
            dead=count_messages(found["dead_queue_url"], COUNTING, sqs=sqs),
        )
        for name, found in deployed(target).items()
    ]


def pause(target: Target, name: str) -> DestinationState:
    """Call it no more: what waits and what comes stays in its queues."""
    by = getpass.getuser()
    return _steer(target, name, lambda state: paused(state, time.time(), by))


def resume(target: Target, name: str) -> DestinationState:
    """Go on where it was paused."""
    return _steer(target, name, lambda state: resumed(state, time.time()))


def _steer(
    target: Target, name: str, change: Callable[[DestinationState], DestinationState | None]
) -> DestinationState:
    """Change the state, and have the mapping follow at once: else it does within a minute."""
    _known(target, name)
    state = change_state(_states(target), name, change)
    target.start(CONTROL)
    return state


def send_test(target: Target, name: str) -> Event:
    """Send one event of the type `switchboard.test` to this destination alone, through bulk.

    It goes the way of a replay: nothing is appended, archived or routed, and no other destination
    gets it.
    """
    _known(target, name)
    test = uuid.uuid4().hex
    event = Event(
        id=event_id(TEST_SOURCE, test),
        source=TEST_SOURCE,
        type=TEST_TYPE,
        subject=name,
        time=datetime.now(UTC),
        data={"test": test, "text": "A test of this destination by `switchboard`."},
        sourceeventid=test,
    )
    envelope = Envelope(
        event=event, group=_group(event), delivery=DeliveryOrder(only=name, replay=test)
    )
    target.client("sqs").send_message(
        QueueUrl=target.core()["ingest_bulk_queue_url"],
        MessageBody=encode(envelope),
        MessageGroupId=_group(event),
        MessageDeduplicationId=digest(event.id, name, test),
    )
    return event


def answer_to(target: Target, name: str, event: Event, *, seconds: float) -> Entry | None:
    """The ledger's entry of a test once it was answered, or as it is after `seconds`."""
    table, ends = target.core()["ledger_table"], time.monotonic() + seconds
    while True:
        item = target.client("dynamodb").get_item(
            TableName=table,
            Key=to_item({"group": _group(event), "delivery": sort_key(event.id, name)}),
            ConsistentRead=True,
        )
        entry = entry_of(from_item(item["Item"])) if "Item" in item else None
        answered = entry is not None and entry.state is not State.SENDING
        if answered or time.monotonic() >= ends:
            return entry
        time.sleep(LOOK_EVERY_SECONDS)


def _group(event: Event) -> str:
    return f"test:{event.sourceeventid}"


def _states(target: Target) -> StateTable:
    return StateTable(target.core()["state_table"], target.client("dynamodb"))


def _known(target: Target, name: str) -> None:
    known = deployed(target)
    if name not in known:
        raise TargetError(
            f"no destination {name} is deployed in stage {target.stage}; there are"
            f" {', '.join(known) or 'none'}"
        )
