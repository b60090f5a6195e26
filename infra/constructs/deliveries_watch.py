"""The alarms of one destination's deliveries; each says what to do."""

from collections.abc import Mapping

from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.queues import Queue
from infra.names import Names
from switchboard.destination import Lane

HOUR = 3600


def watch_destination(
    scope: Construct,
    *,
    alarms: Alarms,
    names: Names,
    name: str,
    lanes: Mapping[Lane, Queue],
    dead: Queue,
) -> None:
    """Alarm on what stops the deliveries to the destination `name`, or makes them wait."""
    prefix = f"{names.prefix}-{name}"
    for lane, queue in lanes.items():
        alarms.on_age(
            queue,
            queue=queue.name,
            seconds=HOUR,
            description=f"Deliveries to {name} ({lane}) wait for an hour. Nothing is lost. Look"
            f" at the destination's own health, and at `switchboard dead list {name}`.",
        )
    alarms.on_moved_by_sqs(dead, queue=dead.name, command=f"switchboard dead list {name}")
    own = Construct(scope, "Own")
    alarms.on_own(
        own,
        "dead_lettered",
        destination=name,
        name=f"{prefix}-dead-lettered",
        description=f"Deliveries to {name} stopped. Run `switchboard dead list {name}`: it says"
        " why, and how to replay them.",
    )
    alarms.on_own(
        own,
        "configuration_errors",
        destination=name,
        name=f"{prefix}-configuration",
        description=f"Act now: {name} waits, because its documents or its secret are missing or"
        f" broken. Correct them (`switchboard apply DOCUMENTS`, `switchboard secrets set"
        f" destinations/{name}`); it goes on by itself.",
    )
    alarms.on_own(
        own,
        "refused_credentials",
        destination=name,
        name=f"{prefix}-credentials",
        description=f"Act now: {name} refuses its credentials; everything for it waits. Run"
        f" `switchboard secrets set destinations/{name}`; it goes on by itself.",
    )
    alarms.on_own(
        own,
        "breaker_open",
        destination=name,
        statistic="Minimum",
        periods=3,
        name=f"{prefix}-breaker-open",
        description=f"{name} fails or refuses the credentials for a quarter of an hour, and is"
        " not called. Nothing is lost: it is tried again by itself. `switchboard destinations"
        f" list` says why; `switchboard destinations test {name}` asks it.",
    )
    alarms.on_own(
        own,
        "document_refused",
        destination=name,
        name=f"{prefix}-document",
        description=f"A new document of {name} is broken, or its first deliveries failed; the"
        " last good one serves. The function's log names field and position, or shows what was"
        " changed: correct it and apply again.",
    )
    alarms.on_own(
        own,
        "held",
        destination=name,
        name=f"{prefix}-held",
        description=f"Deliveries to {name} wait behind a dead letter of their group. `switchboard"
        f" dead held {name}` counts them; settle the dead letter, then send them by `switchboard"
        f" dead release {name} GROUP`.",
    )
    alarms.on_own(
        own,
        "bugs",
        destination=name,
        name=f"{prefix}-bugs",
        description=f"Bug: delivering to {name} raised what nobody expected. Read the logs of"
        " its function; after five attempts the delivery is a dead letter.",
    )
