"""The command against a laptop stack that is up, as an operator uses it."""

import argparse
import json
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.command.app import run
from desk.command.up import sample_curl, sample_play
from desk.demo.evidence import read_published
from desk.demo.stream import StreamProcess
from desk.laptop import LaptopStack
from switchboard.event import event_id
from switchboard.testing.stand_in import Reply, StandIn
from tests.integration.operating import (
    DESTINATIONS,
    events,
    id_of,
    interaction_event,
    ledger,
    publish,
    send,
    until,
)

STEPS = ("Created", "Queued", "Accepted", "Deleted")
SAMPLES = Path(__file__).parents[2] / "events" / "invocations"


@pytest.fixture
def switchboard(stack: LaptopStack, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command with --json where it has it; the result and the exit code."""

    def command(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run([*arguments, "--stage", stack.name])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out.strip() else said.err

    return command


def delivered(stack: LaptopStack, event_id: str) -> bool:
    found = ledger(stack)
    return all(found.get((event_id, name), {}).get("state") == "delivered" for name in DESTINATIONS)


def test_a_sample_is_invoked_and_its_event_is_delivered(
    stack: LaptopStack, switchboard: Any
) -> None:
    sample = SAMPLES / "receive_webhook" / "call-ended.json"
    code, answer = switchboard("invoke", "receive_webhook", str(sample))
    assert (code, answer["statusCode"]) == (0, 202)
    event_id = json.loads(answer["body"])["accepted"]
    until(lambda: delivered(stack, event_id))


def test_a_function_that_does_not_exist_is_answered_with_those_that_do(switchboard: Any) -> None:
    sample = SAMPLES / "receive_webhook" / "call-ended.json"
    code, said = switchboard("invoke", "receive_fax", str(sample))
    assert code == 1
    assert "receive-webhook" in said


def test_a_function_that_fails_says_so_and_the_command_too(
    switchboard: Any, tmp_path: Path
) -> None:
    sample = tmp_path / "list.json"
    sample.write_text("[]")
    code, said = switchboard("invoke", "to-crm", str(sample))
    assert code == 1
    assert "TypeError" in said["errorMessage"]


def as_curl_does(line: str) -> tuple[int, Any]:
    """Send what a curl command line says: curl itself may be absent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("program", choices=["curl"])
    parser.add_argument("url")
    parser.add_argument("-i", action="store_true")
    parser.add_argument("-H", action="append")
    parser.add_argument("--data-binary")
    given = parser.parse_args(shlex.split(line))
    headers = dict(header.split(": ", 1) for header in given.H or ())
    request = urllib.request.Request(given.url, given.data_binary.encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, json.load(answer)


def test_the_curl_that_up_prints_is_accepted_and_delivered(stack: LaptopStack) -> None:
    status, body = as_curl_does(sample_curl(stack.api_url))
    assert status == 202
    until(lambda: delivered(stack, body["accepted"]))


def test_the_curl_for_the_stream_that_up_prints_is_played_and_read(
    stack: LaptopStack, stream: StreamProcess
) -> None:
    before = stream.published()
    status, played = as_curl_does(sample_play(stream.admin))
    assert (status, stream.published()) == (200, before + played)
    names = [one.id for one in read_published(stream.log, "contact-centre")[before:]]
    wanted = {event_id("contact-centre", name) for name in names}
    assert len(wanted) == played > 0
    until(lambda: wanted <= set(events(stack)))
    chosen = {one: json.loads(events(stack)[one]["destinations"]) for one in wanted}
    due = {(one, destination["name"]) for one in wanted for destination in chosen[one]}
    # To the end: the next test tells the stand-in what to answer.
    until(lambda: all(ledger(stack).get(key, {}).get("state") == "delivered" for key in due))


def test_a_dead_letter_is_listed_shown_replayed_and_delivered_under_the_same_key(
    stack: LaptopStack, vendor: StandIn, switchboard: Any
) -> None:
    vendor.arrived.clear()
    vendor.replies = [Reply(422, body='{"error":"no such field"}')] * 2
    assert send(stack, "dead-0") == 202
    until(lambda: ledger(stack).get((id_of("dead-0"), "crm"), {}).get("state") == "dead")
    code, listed = switchboard("dead", "list", "crm", "--json")
    assert code == 0
    (letter,) = [one for one in listed if one["event_id"] == id_of("dead-0")]
    assert (letter["reason_class"], letter["attempts"]) == ("rejected", 1)
    code, shown = switchboard("dead", "show", "crm", id_of("dead-0")[:12], "--json")
    assert code == 0
    assert "no such field" in shown["answer"]
    assert json.loads(shown["event"]["event"])["sourceeventid"] == "dead-0"

    code, said = switchboard("dead", "replay", "crm", id_of("dead-0")[:12], "--json")
    assert code == 0
    assert said["replay"]
    until(lambda: ledger(stack)[id_of("dead-0"), "crm"]["state"] == "delivered")
    assert ledger(stack)[id_of("dead-0"), "crm"]["replay"] == said["replay"]
    keys = [one.headers["webhook-id"] for one in vendor.arrived if one.path == "/crm"]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    code, listed = switchboard("dead", "list", "crm", "--json")
    assert [one for one in listed if one["event_id"] == id_of("dead-0")] == []


@pytest.fixture
def tail(stack: LaptopStack) -> Iterator["subprocess.Popen[str]"]:
    """`switchboard tail` in a process of its own, as soon as it follows."""
    command = [sys.executable, "-c", "from desk.command import main; main()", "tail"]
    with subprocess.Popen(
        [*command, "--stage", stack.name, "--type", "interaction.*", "--json", "--for", "300"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert "following" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def test_an_interaction_is_followed_live_and_afterwards_and_its_day_is_proven(
    stack: LaptopStack, stream: StreamProcess, switchboard: Any, tail: "subprocess.Popen[str]"
) -> None:
    publish(stream, *(interaction_event("int-told", n, step) for n, step in enumerate(STEPS)))
    assert tail.stdout is not None
    seen = set()
    while ("crm", "delivered") not in seen:
        change = json.loads(tail.stdout.readline())
        seen.add((change["destination"], change["state"]))
    assert ("", "") in seen
    tail.send_signal(signal.SIGINT)
    assert tail.wait(60) == 0

    def told() -> Any:
        code, said = switchboard("timeline", "int-told", "--json")
        assert code == 0
        return [one for one in said["moments"] if one["what"] == "delivery"]

    until(lambda: {one["state"] for one in told()} == {"delivered"}, told)
    code, found = switchboard(
        "search", "--source", "contact-centre", "--text", "int-told", "--json"
    )
    assert code == 0
    by_type = {one["type"]: one for one in found}
    assert set(by_type) == {f"interaction.{step.lower()}" for step in STEPS}
    ended, created = by_type["interaction.deleted"], by_type["interaction.created"]
    assert set(ended["deliveries"]) == set(DESTINATIONS)
    code, why = switchboard("why", ended["event_id"], "crm", "--json")
    assert (code, why["taken"], why["state"]) == (0, True, "delivered")
    assert [part["holds"] for part in why["parts"]] == [False, True]
    code, why = switchboard("why", created["event_id"], "crm", "--json")
    assert (code, why["taken"], why["state"]) == (0, False, "none")
    assert [part["holds"] for part in why["parts"]] == [False, False]
    assert 'type is "interaction.created"' in [part["seen"] for part in why["parts"]]

    def proof() -> Any:
        return switchboard("prove", ended["time"][:10], "--archive", "--json")[1]

    until(lambda: all(not one["waiting"] for one in proof()["destinations"].values()), proof)
    said = proof()
    assert (said["closes"], said["problems"]) == (True, [])
    assert said["sources"]["contact-centre"]["captured"] >= len(STEPS)

    crm = {"group": {"S": ended["group"]}, "delivery": {"S": f"{ended['event_id']}#crm"}}
    table = f"switchboard-{stack.stage}-ledger"
    kept = stack.client("dynamodb").get_item(TableName=table, Key=crm)["Item"]
    stack.client("dynamodb").delete_item(TableName=table, Key=crm)
    code, said = switchboard("prove", ended["time"][:10], "--json")
    stack.client("dynamodb").put_item(TableName=table, Item=kept)
    assert (code, [one["kind"] for one in said["problems"]]) == (1, ["no_entry"])
    assert ended["event_id"] in said["problems"][0]["what"]
