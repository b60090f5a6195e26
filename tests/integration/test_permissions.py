"""Every action that a role may do on a resource is done in one run: no permission is left over."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.command.app import run as run_command
from desk.demo.stream import StreamProcess
from desk.destinations import CONTROL
from desk.laptop import LaptopStack
from desk.replay.plans import Replays
from desk.target import Target
from switchboard.archive import RawLine, encode_lines, object_key
from switchboard.aws.drained_queue import DrainTable
from switchboard.destination import Lane
from switchboard.drain import Drain, Drained, DrainOrder
from switchboard.envelope import DeliveryOrder, Envelope, Raw, RawRef, encode
from switchboard.event import utc_text
from switchboard.replays import ReplayStatus, Selected
from switchboard.testing.deliveries import make_event
from switchboard.testing.stand_in import StandIn
from tests.integration.operating import (
    DESTINATIONS,
    events,
    get_document,
    interaction_event,
    ledger,
    post,
    publish,
    put_document,
    put_message,
    restart_functions,
    send,
    until,
)

WEBHOOKS = ("crm", "pager")
EVERY = (*DESTINATIONS, "chat")
QUEUES = (*(f"{name}-normal" for name in EVERY), "pager-urgent")


def knock(stack: LaptopStack, source: str) -> int:
    """An unsigned request: enough to make the receiver look at a source's document and secret."""
    return post(f"{stack.api_url}/webhooks/{source}", b"{}", {})


def used(stack: LaptopStack) -> set[tuple[str, str, str]]:
    return {(role, action, pattern) for role, action, pattern, *_ in stack.usage()["used"]}


def granted(stack: LaptopStack) -> set[tuple[str, str, str]]:
    """Role, action and resource of every statement, as CloudFormation granted them.

    But for ECS's own: no image is pulled here.
    """
    found = {(role, action, pattern) for role, action, pattern, *_ in stack.usage()["granted"]}
    return {one for one in found if not one[1].startswith("ecr:")}


def newer_envelopes(stack: LaptopStack) -> None:
    """A message that every function gives back: one of a later release."""
    for queue in ("ingest", "ingest-bulk", *QUEUES):
        put_message(stack, queue, '{"v": 99}', "newer")


def a_replay(stack: LaptopStack, name: str, lane: Lane) -> None:
    event = make_event(7, data={"demo": {"id": "replayed"}})
    order = DeliveryOrder(only=name, replay=f"replay-{name}", lane=lane)
    envelope = Envelope(event=event, group="replayed", delivery=order)
    put_message(stack, "ingest-bulk", encode(envelope), "replayed")


def a_planned_replay(stack: LaptopStack) -> None:
    """What was delivered is planned, sent by replay_events, made anew and delivered once more."""
    (event, item), *_ = [
        (key[0], found)
        for key, found in ledger(stack).items()
        if key[1] == "crm" and found["state"] == "delivered"
    ]
    replays = Replays(Target(stack.stage, stack.address))
    one = Selected(group=item["group"], event_id=event, generation=1, from_raw=True)
    planned = replays.keep("crm", [one], "one that was delivered")
    sent = replays.follow(replays.start(planned.id), lambda _: None)
    assert sent.status is ReplayStatus.SENT
    until(lambda: ledger(stack)[event, "crm"].get("replay") == planned.id)
    until(lambda: ledger(stack)[event, "crm"]["state"] == "delivered")


def apply_at_once(stack: LaptopStack, folder: Path) -> None:
    """Every destination has a mapping that fails, and holds what comes behind a dead letter.

    What their predicates and mappings ask for beside the event is looked up. Those of webhooks send
    whole records; the lake, whose kind has no secret of its own, is sent a pseudonym.
    """
    fields = {
        "seconds": "hhmmss(data.seconds)",
        "tier": "lookup('accounts', type, 'tier')",
        "sent": "raw().type",
    }
    (folder / "mappings").mkdir()
    for mapping, more in {"seconds": {}, "pseudonym": {"who": "hash(id)"}}.items():
        text = json.dumps({"fields": {**more, **fields}})
        (folder / f"mappings/{mapping}.json").write_text(text)
    stack.client("secretsmanager").put_secret_value(
        SecretId=f"/switchboard/{stack.stage}/destinations/lake",
        SecretString=json.dumps({"mapping_key": "a key that stays"}),
    )
    (folder / "destinations").mkdir()
    for name in EVERY:
        document = json.loads(get_document(stack, f"destinations/{name}"))
        when = "lookup('accounts', type, 'tier') != 'nobody'"
        mapping = "pseudonym" if name == "lake" else "seconds"
        document |= {"mapping": mapping, "after_dead_letter": "hold", "when": when}
        if name in WEBHOOKS:
            document["record"] = True
        (folder / f"destinations/{name}.json").write_text(json.dumps(document))
    assert operate(stack, "apply", str(folder), "--now", "--yes")
    restart_functions(stack)


def dead_letters(stack: LaptopStack) -> None:
    """One for each destination; when its message comes again, its gap is looked at."""
    event = make_event(9, data={"seconds": "soon"})
    body = encode(Envelope(event=event, group="gap", raw_ref=a_payload(stack)))
    for _ in range(2):
        for name in EVERY:
            put_message(stack, f"{name}-normal", body, "gap")
        until(lambda: all(is_dead(stack, event.id, name) for name in EVERY))


def a_payload(stack: LaptopStack) -> RawRef:
    """Where the payload of an event is that was delivered."""
    every = [json.loads(one["payload"]) for one in ledger(stack).values() if one.get("payload")]
    return RawRef(**next(ref for ref in every if "line" in ref))


def late_records(stack: LaptopStack) -> None:
    """What comes behind a newer fact of its record is looked for in the events table."""
    newer, older = (make_event(number, data={"seconds": number}) for number in (31, 30))
    for name in WEBHOOKS:
        for event in (newer, older):
            put_message(stack, f"{name}-normal", encode(Envelope(event=event, group="re")), "re")
    until(lambda: all((older.id, name) in ledger(stack) for name in WEBHOOKS))


def is_dead(stack: LaptopStack, event: str, name: str) -> bool:
    return ledger(stack).get((event, name), {}).get("state") == "dead"


def redirects(stack: LaptopStack) -> None:
    """What waits for each destination goes to the next one, while nobody polls it."""
    following = dict(zip(EVERY, (*EVERY[1:], EVERY[0]), strict=True))
    for number, (name, to) in enumerate(following.items()):
        assert operate(stack, "destinations", "pause", name)
        event = make_event(100 + number, data={})
        redirect = ["destinations", "redirect", name, to, "--yes"]
        until(lambda: operate(stack, *redirect))  # noqa: B023 - called within this turn
        put_message(stack, f"{name}-normal", encode(Envelope(event=event, group=name)), name)
        assert operate(stack, *redirect)
        a_rest_is_drained(stack, name)
        assert operate(stack, "destinations", "resume", name)


def a_rest_is_drained(stack: LaptopStack, name: str) -> None:
    """A command ran out of time: the control starts the next drain."""
    records = DrainTable(f"switchboard-{stack.stage}-state", stack.client("dynamodb"))
    order = DrainOrder(kind=Drain.DISCARD, by="ana", older_than_seconds=1e6)
    records.record(name, Drained(order=order, rest=True, at=time.time()))
    target = Target(stack.stage, stack.address)

    def is_drained() -> bool:
        target.start(CONTROL)
        drained = records.read(name)
        return drained is not None and not drained.rest

    until(is_drained)


def operate(stack: LaptopStack, *command: str) -> bool:
    """Run `switchboard`; whether it went well."""
    return run_command([*command, "--stage", stack.name]) == 0


def history(stack: LaptopStack) -> None:
    """An event that is caught up with."""
    envelope = Envelope(event=make_event(8, data={"demo": {"id": "late"}}), group="late")
    put_message(stack, "ingest-bulk", encode(envelope), "late")


def a_night(stack: LaptopStack) -> None:
    """What arrived yesterday is compacted."""
    at = datetime.now(UTC) - timedelta(days=1)
    event = make_event(6).model_copy(update={"time": at})
    line = RawLine(
        event.id, event.source, at, Raw(kind="hmac", body="{}", received_at=utc_text(at))
    )
    (bucket,) = {
        found["Name"]
        for found in stack.client("s3").list_buckets()["Buckets"]
        if "-archive-" in found["Name"]
    }
    stack.client("s3").put_object(Bucket=bucket, Key=object_key([line]), Body=encode_lines([line]))
    function = f"switchboard-{stack.stage}-compact-archive"
    # An hour that has just ended may be due with it.
    assert stack.invoke(function, {})["made"] >= 1
    assert stack.invoke(function, {})["made"] == 0


def streamed(stream: StreamProcess) -> None:
    """What is live, what is caught up with, and what needs a claim check."""
    publish(stream, interaction_event("int-late", 1, "Created"), ago=3600)
    publish(stream, interaction_event("int-live", 1, "Created"))
    publish(stream, interaction_event("int-live", 2, "Queued", queueId=5))
    # It ends, is folded from its claim, and told as closed with what was noted in it.
    ended = {"interactionEventTS": int(time.time()) - 45, "agentNotes": "x" * 400_000}
    publish(stream, interaction_event("int-large", 1, "Deleted", **ended))


def test_every_permission_is_used_and_nothing_is_denied(
    stack: LaptopStack, vendor: StandIn, stream: StreamProcess, tmp_path: Path
) -> None:
    # A source that is resuming: the router looks whether an event's group holds an earlier one.
    resuming = {
        "item": {"S": "source#meetings"},
        "paused": {"BOOL": True},
        "resuming": {"BOOL": True},
    }
    stack.client("dynamodb").put_item(TableName="switchboard-laptop-state", Item=resuming)

    put_document(stack, "timers/silence", '{"rule": "source_silent_for", "seconds": 600}')
    put_document(stack, "timers/board", '{"rule": "queue_measured_every", "seconds": 60}')

    # What is small, what needs a claim check, and what each source is asked for.
    assert send(stack, "event-1") == 202
    assert send(stack, "event-2", kind="ticket.opened", padding="x" * 400_000) == 202
    assert {knock(stack, source) for source in ("meetings", "partner", "legacy-pbx")} == {401}
    history(stack)
    streamed(stream)
    until(lambda: len(vendor.arrived) >= 6)
    a_planned_replay(stack)
    a_night(stack)
    redirects(stack)

    # What comes back, what is replayed, and what no destination can take.
    newer_envelopes(stack)
    a_replay(stack, "crm", Lane.NORMAL)
    a_replay(stack, "pager", Lane.URGENT)
    assert send(stack, "event-3", timestamp="x") == 202
    put_message(stack, "ingest", "no envelope", "broken")
    apply_at_once(stack, tmp_path)
    assert send(stack, "event-5") == 202
    late_records(stack)
    dead_letters(stack)
    until(lambda: not missing_but(stack, "dynamodb:Query"), lambda: missing_but(stack))
    # What permissions are there for came to be: an interaction is told of, and its queue.
    until(lambda: {"interaction.closed", "queue.measured"} <= types(stack), lambda: types(stack))

    # A sandbox that starts with a broken document looks for the last good one.
    for name in (
        "sources/partner",
        "sources/contact-centre",
        "timers/silence",
        *(f"destinations/{one}" for one in EVERY),
    ):
        put_document(stack, name, '{"surprise": true, "when": "nope("}')
    restart_functions(stack)
    stack.redeploy_tasks()
    knock(stack, "partner")
    send(stack, "event-4")
    until(lambda: not missing_but(stack), lambda: missing_but(stack))
    assert stack.usage()["denied"] == []


def types(stack: LaptopStack) -> set[str]:
    """The types of the events that were recorded."""
    return {item["type"] for item in events(stack).values()}


def missing_but(stack: LaptopStack, *actions: str) -> set[tuple[str, str, str]]:
    """What is granted and was not used yet, beside `actions`."""
    return {one for one in granted(stack) - used(stack) if one[1] not in actions}
