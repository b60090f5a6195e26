"""What a run on the laptop left behind: at the vendors, in S3, in the ledger, in the pools."""

import gzip
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from switchboard.aws.items import from_item
from switchboard.aws.ledger_table import entry_of
from switchboard.event import Event
from switchboard.ledger import Entry
from tests.faults.deliveries.vendor import UNKNOWN, Stored, Trouble
from tests.faults.deliveries.verdict import Evidence, Verdict, judge
from tests.faults.laptop.destinations import BUCKET, DESTINATIONS, Faulted
from tests.faults.laptop.scene import STAGE, Scene

REFUSED = 503


def judged(scene: Scene, events: Sequence[Event]) -> Mapping[str, Verdict]:
    """The verdict over each destination, by its name."""
    entries = _entries(scene)
    calls = [json.loads(line) for line in scene.stack.calls.read_text().splitlines()]
    refused = int(scene.stack.desk("state")["refused_sends"])
    expected = [(one.id, str(one.data["group"])) for one in events]
    found = {}
    for one in DESTINATIONS:
        broken = Counter(what for what, *_ in scene.pool(one.name).broken)
        found[one.name] = judge(
            Evidence(
                expected=expected,
                stored=_stored(scene, one, calls),
                entries=[entry for entry in entries if entry.destination == one.name],
                in_doubt=_in_doubt(scene, one, events),
                injected={
                    **_troubles(scene, one, calls),
                    **({"killed": broken["killed"]} if one.safe else {}),
                    "answer lost": broken["lost"],
                    "refused by SQS": refused,
                },
                repeat=one.repeat,
                ordered=one.ordered,
            )
        )
    return found


def _in_doubt(scene: Scene, one: Faulted, events: Sequence[Event]) -> Collection[str]:
    """Of what nobody can say whether it is there.

    Which executions died over which delivery is the deliveries' matrix's to say: any may be.
    """
    if one.safe:
        return {event.id for event in events}
    return scene.vendors[one.name].in_doubt.keys()


def _stored(scene: Scene, one: Faulted, calls: Sequence[Mapping[str, Any]]) -> Sequence[Stored]:
    if one.shop is not None:
        return scene.vendors[one.name].stored
    return [stored for key in put_keys(calls, one) for stored in _in_object(scene, key)]


def put_keys(calls: Sequence[Mapping[str, Any]], one: Faulted) -> Sequence[str]:
    """The keys that S3 took from a destination, in their order; each is there once."""
    root = f"arn:aws:s3:::{BUCKET}/"
    taken = [
        str(call["resource"]).removeprefix(root)
        for call in calls
        if (call["action"], call["status"]) == ("PutObject", 200) and call["role"] == role(one)
    ]
    return list(dict.fromkeys(key for key in taken if key.startswith(f"{one.mode}/")))


def _in_object(scene: Scene, key: str) -> Sequence[Stored]:
    body = scene.stack.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    text = gzip.decompress(body) if key.endswith(".gz") else body
    records = [json.loads(line)["data"] for line in text.splitlines()]
    return [Stored(found["event"], found["group"], int(found["number"])) for found in records]


def _troubles(scene: Scene, one: Faulted, calls: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """What the vendor did: each of these has to have happened."""
    if one.shop is None:
        mine = [call for call in calls if call["service"] == "s3" and call["role"] == role(one)]
        return {"S3 unavailable": sum(call["status"] == REFUSED for call in mine)}
    injected = scene.vendors[one.name].injected
    return {
        "refused": sum(injected[trouble] for trouble in Trouble if trouble not in UNKNOWN),
        "left unknown": sum(injected[trouble] for trouble in UNKNOWN),
    }


def role(one: Faulted) -> str:
    """The role of a destination's function."""
    return f"switchboard-{STAGE}-to-{one.name}-role"


def _entries(scene: Scene) -> Sequence[Entry]:
    pages = (
        scene.stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=f"switchboard-{STAGE}-ledger")
    )
    return [
        entry_of(values)
        for page in pages
        for item in page["Items"]
        if "state" in (values := from_item(item)) and "event_id" in values
    ]
