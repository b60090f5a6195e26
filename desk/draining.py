"""Emptying a destination's queues by order, and whether it may be removed."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from desk.destinations import CONTROL
from desk.target import Target, TargetError
from switchboard.aws.drained_queue import DrainTable
from switchboard.drain import Drained, DrainOrder, DrainStore
from switchboard.ledger import State

DRAIN_SECONDS = 40.0
"""Of one invocation: shorter than what a client waits for an answer."""

BUSY_SECONDS = 5.0
LOOK_EVERY_SECONDS = 2.0
WAITING = (State.SENDING, State.WAITING, State.UNKNOWN, State.HELD)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a destination's stack says of itself."""

    name: str
    queues: Mapping[str, str]
    dead_queue_url: str
    mapping_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """What a destination holds: messages by queue, and deliveries that are not final, by state."""

    queues: Mapping[str, int]
    deliveries: Mapping[str, int]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be left behind."""
        return not any((*self.queues.values(), *self.deliveries.values()))


def deployed(target: Target, name: str) -> Deployed:
    """The destination `name`.

    Raises:
        TargetError: it is not deployed.
    """
    found = target.parameters("deployment/destinations/").get(f"deployment/destinations/{name}")
    if found is None:
        raise TargetError(f"no destination {name} is deployed in stage {target.stage}")
    said = json.loads(found)
    return Deployed(name, said["queues"], said["dead_queue_url"], said["mapping_ids"])


def require_off(target: Target, destination: Deployed) -> None:
    """A queue is drained only while nobody else takes from it.

    Raises:
        TargetError: Lambda polls it; what to do first.
    """
    lambda_ = target.client("lambda")
    for mapping_id in destination.mapping_ids.values():
        state = lambda_.get_event_source_mapping(UUID=mapping_id)["State"]
        if state != "Disabled":
            raise TargetError(
                f"{destination.name} takes its events now (its mapping is {state}); pause it first:"
                f" `switchboard destinations pause {destination.name}`"
            )


def drains(target: Target, destination: Deployed, order: DrainOrder) -> Iterator[Drained]:
    """Drain until nothing is left that the order is about; how far each invocation came.

    The first is ours; the rest is started by `control_destinations`, whoever waits for it.

    Raises:
        TargetError: the function failed; its message. Or Lambda takes the messages again.
    """
    limited = order.model_copy(update={"seconds": DRAIN_SECONDS})
    event = {"drain": limited.model_dump(mode="json")}
    while (drained := _drained(target, destination, event)).busy:
        yield drained
        time.sleep(BUSY_SECONDS)
    yield drained
    records = DrainTable(target.core()["state_table"], target.client("dynamodb"))
    while drained.rest:
        target.start(CONTROL)
        drained = _next(target, destination, records, drained)
        yield drained


def _drained(target: Target, destination: Deployed, event: Any) -> Drained:
    function = f"to-{destination.name}"
    answer = target.invoke(function, event)
    if answer.failed:
        raise TargetError(
            f"{function} failed: {answer.value.get('errorMessage', 'no message')}. What it has done"
            " stays done; run the command again for the rest"
        )
    return Drained.model_validate(answer.value)


def _next(target: Target, destination: Deployed, records: DrainStore, before: Drained) -> Drained:
    """What the drain after `before` recorded, once it has."""
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        drained = records.read(destination.name)
        if drained is not None and drained.at > before.at:
            return drained
        require_off(target, destination)


def held(target: Target, destination: Deployed) -> Held:
    """What the queues hold now, and what the ledger says is not final."""
    urls = {**destination.queues, "dead letters": destination.dead_queue_url}
    return Held(
        {name: _messages(target, url) for name, url in urls.items()},
        _open_deliveries(target, destination.name),
    )


def _messages(target: Target, url: str) -> int:
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    found = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    return sum(int(found["Attributes"].get(name, 0)) for name in names)


def _open_deliveries(target: Target, name: str) -> Mapping[str, int]:
    """From the whole ledger: a destination is seldom removed."""
    states = {f":{state}": {"S": str(state)} for state in WAITING}
    pages = (
        target.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=target.core()["ledger_table"],
            FilterExpression=f"destination = :name AND #state IN ({', '.join(states)})",
            ProjectionExpression="#state",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":name": {"S": name}, **states},
        )
    )
    return Counter(item["state"]["S"] for page in pages for item in page["Items"])


def delete_document(target: Target, name: str) -> bool:
    """Delete the destination's document, so that nothing is routed to it; False: there was none."""
    ssm = target.client("ssm")
    found = f"/switchboard/{target.stage}/destinations/{name}"
    return not ssm.delete_parameters(Names=[found]).get("InvalidParameters")
