"""The main job on the laptop stack: from a signed webhook to three destinations, once, in order."""

import gzip
import json
from functools import partial
from typing import Any

import pytest

from desk.demo.evidence import find_demo
from desk.demo.stream import TOPIC, StreamProcess
from desk.laptop import LaptopStack
from switchboard.testing.stand_in import Reply, StandIn
from tests.integration.operating import (
    DESTINATIONS,
    events,
    get_document,
    id_of,
    interaction_event,
    lake,
    ledger,
    publish,
    put_document,
    put_message,
    restart_functions,
    send,
    until,
)


def at(vendor: StandIn, name: str) -> list[Any]:
    """The demo's marks of what arrived at a destination, in its order."""
    found = [json.loads(one.body)["data"] for one in vendor.arrived if one.path == f"/{name}"]
    return [(data["interaction"], data["sequence"]) for data in found]


def marked(interaction: str, sequence: int) -> dict[str, Any]:
    return {
        "call_id": interaction,
        "demo": {"id": f"{interaction}-{sequence}", "interaction": interaction,
                 "sequence": sequence},
    }  # fmt: skip


def states(stack: LaptopStack, event: str) -> dict[str, str]:
    """The ledger's state of an event at each destination."""
    found = ledger(stack)
    return {
        name: found[id_of(event), name]["state"]
        for name in DESTINATIONS
        if (id_of(event), name) in found
    }


DELIVERED = dict.fromkeys(DESTINATIONS, "delivered")


def test_five_events_of_a_call_are_one_record_each_in_order_everywhere(
    stack: LaptopStack, vendor: StandIn
) -> None:
    vendor.arrived.clear()
    for number in (0, 1, 2, 2, 3, 4):
        assert send(stack, f"main-{number}", **marked("main", number)) == 202
    until(lambda: states(stack, "main-4") == DELIVERED)
    five = [("main", number) for number in range(5)]
    assert at(vendor, "crm") == five
    assert at(vendor, "pager") == five
    stored = [found for event in lake(stack) if (found := find_demo(event))]
    assert sorted(one["sequence"] for one in stored if one["interaction"] == "main") == [
        0,
        1,
        2,
        3,
        4,
    ]
    ids = [one.headers["webhook-id"] for one in vendor.arrived if one.path == "/crm"]
    assert len(set(ids)) == 5


STEPS = ("Created", "Queued", "Assigned", "Accepted", "Deleted")


def told(vendor: StandIn, destination: str, interaction: str) -> list[str]:
    """The types of an interaction's events that arrived at a destination, in its order."""
    arrived = [json.loads(one.body) for one in vendor.arrived if one.path == f"/{destination}"]
    return [one["type"] for one in arrived if one["data"]["interaction"] == interaction]


@pytest.mark.usefixtures("stack")
def test_an_interaction_of_the_stream_arrives_once_in_order_where_it_is_wanted(
    vendor: StandIn, stream: StreamProcess
) -> None:
    vendor.arrived.clear()
    publish(stream, *(interaction_event("int-1", n, step) for n, step in enumerate(STEPS)))
    until(lambda: told(vendor, "crm", "int-1"), lambda: told(vendor, "pager", "int-1"))
    until(lambda: len(told(vendor, "pager", "int-1")) == len(STEPS))
    assert told(vendor, "pager", "int-1") == [f"interaction.{step.lower()}" for step in STEPS]
    assert told(vendor, "crm", "int-1") == ["interaction.deleted"]
    until(lambda: stream.ask("backlog", topic=TOPIC) == 0)


def test_what_a_killed_reader_held_is_read_again_and_stored_once(
    stack: LaptopStack, vendor: StandIn, stream: StreamProcess
) -> None:
    vendor.arrived.clear()
    reader = f"switchboard-{stack.stage}-stream-reader"
    until(lambda: stream.ask("backlog", topic=TOPIC) == 0)
    refused = stack.desk("state")["refused_sends"]
    stack.desk("faults", {"refuse_sends": 1.0, "roles": [f"{reader}-role"]})
    try:
        publish(stream, *(interaction_event("int-2", n, step) for n, step in enumerate(STEPS)))
        until(lambda: stack.desk("state")["refused_sends"] > refused)
        (task,) = stack.tasks(reader)
        task.kill()
    finally:
        stack.desk("faults", {})
    until(lambda: len(told(vendor, "pager", "int-2")) == len(STEPS))
    until(lambda: told(vendor, "crm", "int-2"))
    assert told(vendor, "pager", "int-2") == [f"interaction.{step.lower()}" for step in STEPS]
    assert told(vendor, "crm", "int-2") == ["interaction.deleted"]


def test_the_raw_payload_is_archived_where_the_event_says(stack: LaptopStack) -> None:
    assert send(stack, "raw-0", note="exactly  as  it came") == 202
    until(lambda: id_of("raw-0") in events(stack))
    ref = json.loads(events(stack)[id_of("raw-0")]["raw_ref"])
    found = stack.client("s3").get_object(Bucket=ref["bucket"], Key=ref["key"])["Body"].read()
    line = json.loads(gzip.decompress(found).splitlines()[ref["line"]])
    assert json.loads(line["body"])["data"]["note"] == "exactly  as  it came"


def test_a_payload_too_large_for_a_queue_arrives_whole(stack: LaptopStack) -> None:
    padding = "x" * 400_000
    assert send(stack, "large-0", padding=padding) == 202
    until(lambda: states(stack, "large-0") == DELIVERED)
    assert any(padding in json.dumps(event) for event in lake(stack))


@pytest.mark.parametrize(
    "text",
    ['{"surprise": true}', '{"when": "nope("}', "no JSON", '{"mapping": 7}'],
    ids=["unknown-field", "bad-expression", "not-json", "wrong-type"],
)
def test_a_broken_document_is_met_cold_and_the_last_good_one_serves(
    stack: LaptopStack, text: str
) -> None:
    good = {name: get_document(stack, f"destinations/{name}") for name in DESTINATIONS}
    source = get_document(stack, "sources/partner")
    event = f"cold-{hash(text)}"
    try:
        for name in DESTINATIONS:
            put_document(stack, f"destinations/{name}", text)
        put_document(stack, "sources/partner", text)
        restart_functions(stack)
        assert send(stack, event) == 202
        until(lambda: states(stack, event) == DELIVERED)
    finally:
        for name, document in good.items():
            put_document(stack, f"destinations/{name}", document)
        put_document(stack, "sources/partner", source)
        restart_functions(stack)


def test_a_destination_without_a_document_takes_nothing_and_the_others_all(
    stack: LaptopStack,
) -> None:
    document = get_document(stack, "destinations/pager")
    stack.client("ssm").delete_parameter(Name=f"/switchboard/{stack.stage}/destinations/pager")
    restart_functions(stack)
    try:
        assert send(stack, "without-0") == 202
        until(lambda: states(stack, "without-0") == {"crm": "delivered", "lake": "delivered"})
    finally:
        put_document(stack, "destinations/pager", document)
        restart_functions(stack)
    chosen = [one["name"] for one in json.loads(events(stack)[id_of("without-0")]["destinations"])]
    assert sorted(chosen) == ["crm", "lake"]


def test_while_sqs_is_down_the_sender_is_told_to_come_back_and_nothing_is_lost(
    stack: LaptopStack,
) -> None:
    stack.desk("faults", {"down": ["sqs"], "roles": [receiver_role(stack)]})
    try:
        assert send(stack, "down-0") == 503
    finally:
        stack.desk("faults", {})
    assert id_of("down-0") not in events(stack)
    assert send(stack, "down-0") == 202
    until(lambda: states(stack, "down-0") == DELIVERED)


def test_a_queue_that_refuses_holds_back_its_own_destination_alone(
    stack: LaptopStack, vendor: StandIn
) -> None:
    vendor.arrived.clear()
    queue = f"switchboard-{stack.stage}-crm-normal.fifo"
    stack.desk("faults", {"seed": 1, "refuse_sends": 1.0, "queues": [queue]})
    try:
        for number in range(3):
            assert send(stack, f"refused-{number}", **marked("refused", number)) == 202
        until(lambda: len(at(vendor, "pager")) >= 1)
        assert at(vendor, "crm") == []
    finally:
        stack.desk("faults", {})
    until(lambda: states(stack, "refused-2") == DELIVERED)
    three = [("refused", number) for number in range(3)]
    assert at(vendor, "crm") == three
    assert at(vendor, "pager") == three


def test_one_entry_of_ten_that_sqs_refuses_comes_later_and_once(
    stack: LaptopStack, vendor: StandIn
) -> None:
    vendor.arrived.clear()
    refused = stack.desk("state")["refused_sends"]
    stack.desk("faults", {"seed": 3, "refuse_sends": 0.1})
    try:
        for number in range(20):
            until(partial(taken, stack, number))
        until(lambda: all(states(stack, f"tenth-{n}") == DELIVERED for n in range(20)))
    finally:
        stack.desk("faults", {})
    assert stack.desk("state")["refused_sends"] > refused
    assert sorted(at(vendor, "crm")) == sorted((f"tenth-{n}", 0) for n in range(20))
    assert sorted(at(vendor, "pager")) == sorted((f"tenth-{n}", 0) for n in range(20))


def test_while_dynamodb_throttles_events_wait_and_none_is_lost_or_doubled(
    stack: LaptopStack, vendor: StandIn
) -> None:
    vendor.arrived.clear()
    stack.desk("faults", {"throttled": ["dynamodb"]})
    try:
        for number in range(3):
            assert send(stack, f"slow-{number}", **marked("slow", number)) == 202
        until(lambda: throttled_calls(stack) > 2)
        assert at(vendor, "crm") == []
    finally:
        stack.desk("faults", {})
    until(lambda: states(stack, "slow-2") == DELIVERED)
    assert at(vendor, "crm") == at(vendor, "pager") == [("slow", n) for n in range(3)]


def test_a_page_of_html_with_200_is_no_success(stack: LaptopStack, vendor: StandIn) -> None:
    vendor.arrived.clear()
    page = Reply(200, {"Content-Type": "text/html"}, "<!doctype html><p>Please sign in.")
    vendor.replies = [page, page]
    assert send(stack, "html-0", **marked("html", 0)) == 202
    until(lambda: states(stack, "html-0") == {**DELIVERED, "pager": "dead"})
    arrived = [one.path for one in vendor.arrived]
    assert arrived.count("/pager") == 1  # at most once: it may have been taken
    assert arrived.count("/crm") >= 2  # native: sent again under the same key
    assert len({one.headers["webhook-id"] for one in vendor.arrived if one.path == "/crm"}) == 1


def test_an_envelope_of_a_newer_version_waits_and_the_rest_goes_on(stack: LaptopStack) -> None:
    dead = len([one for one in ledger(stack).values() if one["state"] == "dead"])
    put_message(stack, "ingest", '{"v": 99}', "newer")
    assert send(stack, "beside-0") == 202
    until(lambda: states(stack, "beside-0") == DELIVERED)
    assert len([one for one in ledger(stack).values() if one["state"] == "dead"]) == dead
    until(lambda: waiting(stack, "ingest") == 1)


def waiting(stack: LaptopStack, queue: str) -> int:
    """How many messages a queue holds, visible or not."""
    counts = stack.desk("state")["queues"][f"switchboard-{stack.stage}-{queue}.fifo"]
    return sum(int(counts[key]) for key in counts if key.startswith("Approximate"))


def taken(stack: LaptopStack, number: int) -> bool:
    return send(stack, f"tenth-{number}", **marked(f"tenth-{number}", 0)) == 202


def receiver_role(stack: LaptopStack) -> str:
    return f"switchboard-{stack.stage}-receive-webhook-role"


def throttled_calls(stack: LaptopStack) -> int:
    calls = [json.loads(line) for line in stack.calls.read_bytes().splitlines()]
    return sum(call["service"] == "dynamodb" and call["status"] == 400 for call in calls)
