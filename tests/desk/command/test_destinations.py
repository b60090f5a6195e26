"""`switchboard destinations` against a stage in moto."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from desk import destinations
from desk.command.app import run
from desk.command.destinations import answered, shown
from desk.target import Target
from switchboard.aws.state_table import StateTable
from switchboard.breaker import DestinationState, opened, paused, probing
from switchboard.errors import ReasonClass
from switchboard.ledger import State
from tests.desk.staged import Staged, staged

NOW = 1_790_000_000.0


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    with staged(monkeypatch) as stage:
        yield stage


def stored() -> DestinationState:
    return StateTable("state").read("crm")


def test_a_pause_is_in_the_state_item_and_a_resume_ends_it() -> None:
    # No control_destinations is deployed here: the pause holds all the same.
    assert run(["destinations", "pause", "crm", "--stage", "dev"]) == 0
    assert stored().paused
    assert stored().paused_by
    assert run(["destinations", "pause", "crm", "--stage", "dev"]) == 0
    assert stored().revision == 1
    assert run(["destinations", "resume", "crm", "--stage", "dev"]) == 0
    assert not stored().paused
    assert stored().held_seconds > 0


def test_what_is_not_deployed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["destinations", "pause", "nope", "--stage", "dev"]) == 1
    assert "there are crm, pager" in capsys.readouterr().err


def test_the_list_has_state_and_what_waits(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.queue("crm-normal", 3)
    stage.queue("crm-dead")
    StateTable("state").write("crm", opened(DestinationState(), NOW, "401: set the secret"))
    assert run(["destinations", "list", "--stage", "dev", "--json"]) == 0
    crm, pager = json.loads(capsys.readouterr().out)
    assert (crm["destination"], crm["kind"], crm["waiting"], crm["dead"]) == (
        "crm", "webhook", {"normal": 3}, 1
    )  # fmt: skip
    assert (crm["state"]["breaker"], pager["state"]["breaker"]) == ("open", "closed")
    assert run(["destinations", "list", "--stage", "dev"]) == 0
    assert "crm" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (DestinationState(), "closed"),
        (
            DestinationState(factor=0.25, not_before=NOW + 20, bulk_not_before=NOW + 5),
            "limited until 2026-09-21T14:13:40Z; at 25% of its speed",
        ),
        (DestinationState(bulk_not_before=NOW + 60), "no bulk until 2026-09-21T14:14:20Z"),
        (paused(DestinationState(), NOW, "ann"), "paused since 2026-09-21T14:13:20Z by ann"),
        (
            opened(DestinationState(), NOW, "503"),
            "open since 2026-09-21T14:13:20Z, probe at 2026-09-21T14:13:25Z",
        ),
        (
            probing(opened(DestinationState(), NOW, "503"), NOW + 5, "me", 50),
            "open since 2026-09-21T14:13:20Z, being probed",
        ),
    ],
)
def test_a_state_in_words(state: DestinationState, text: str) -> None:
    assert shown(state, NOW + 10) == text


def test_a_test_goes_through_bulk_to_this_destination_alone(
    stage: Staged, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["destinations", "test", "crm", "--stage", "dev", "--seconds", "0"]) == 1
    assert "nobody tried yet" in capsys.readouterr().out
    url = stage.urls["ingest-bulk"]
    (message,) = boto3.client("sqs").receive_message(QueueUrl=url)["Messages"]
    sent = json.loads(message["Body"])
    assert sent["event"]["type"] == "switchboard.test"
    assert sent["delivery"]["only"] == "crm"
    assert sent["delivery"]["replay"]


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ({"state": State.DELIVERED, "remote_id": "r-1"}, 0, "delivered r-1"),
        (
            {
                "state": State.DEAD,
                "reason_class": ReasonClass.REJECTED,
                "reason": "the destination answered 422",
                "answer": "no [such] field",
            },
            1,
            "it answered: no [such] field",
        ),
        (
            {"state": State.WAITING, "reason_class": ReasonClass.CONFIGURATION, "reason": "401"},
            1,
            "next: correct the document or the secret",
        ),
    ],
)
def test_a_test_prints_what_the_ledger_says(
    stage: Staged,
    capsys: pytest.CaptureFixture[str],
    ending: dict[str, Any],
    code: int,
    said: str,
) -> None:
    event = destinations.send_test(Target("dev"), "crm")
    stage.settle(event, "crm", group=f"test:{event.sourceeventid}", **ending)
    entry = destinations.answer_to(Target("dev"), "crm", event, seconds=5)
    assert answered(entry, event, seconds=5, json=False) == code
    assert said in capsys.readouterr().out
    assert answered(entry, event, seconds=5, json=True) == code
    assert json.loads(capsys.readouterr().out)["state"] == ending["state"]
