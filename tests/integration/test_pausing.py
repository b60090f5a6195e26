"""A pause over the whole laptop stack: the mapping goes off, what waits is counted, and goes on."""

import json

import pytest

from desk import destinations
from desk.command.app import run
from desk.laptop import LaptopStack
from desk.target import Target
from switchboard.testing.stand_in import StandIn
from tests.integration.operating import id_of, ledger, send, until


def mapping(stack: LaptopStack, name: str) -> str:
    found = json.loads(Target(stack.stage, stack.address).parameters(destinations.FOLDER)[
        destinations.FOLDER + name
    ])  # fmt: skip
    return str(found["mapping_ids"]["normal"])


def test_a_paused_destination_gets_nothing_until_it_is_resumed(
    stack: LaptopStack, vendor: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    del vendor
    assert run(["destinations", "pause", "crm", "--stage", stack.name]) == 0
    until(lambda: stack.at_rest(mapping(stack, "crm")))
    assert send(stack, "while-paused") == 202
    event = id_of("while-paused")
    until(lambda: (event, "pager") in ledger(stack))
    assert (event, "crm") not in ledger(stack)
    capsys.readouterr()
    assert run(["destinations", "list", "--stage", stack.name, "--json"]) == 0
    listed = {one["destination"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["crm"]["state"]["paused"] is True
    assert listed["crm"]["waiting"] == {"normal": 1}
    assert run(["destinations", "resume", "crm", "--stage", stack.name]) == 0
    until(lambda: ledger(stack).get((event, "crm"), {}).get("state") == "delivered")
    assert ledger(stack)[event, "crm"]["attempt"] == "1"


def test_a_test_takes_the_whole_way(stack: LaptopStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["destinations", "test", "pager", "--stage", stack.name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "delivered"
