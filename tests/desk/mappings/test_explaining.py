"""`switchboard explain`: each destination's answer, and nothing that is sent or written."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from desk.command.app import run
from tests.desk.staged import STAGE, Staged, staged

TIER = "lookup('accounts', data.from, 'tier')"
SECRET = {"signing_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
CALL = {"type": "call.ended", "data": {"interaction": "i-7", "wait": 90, "from": "(415) 555-2671"}}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Staged]:
    monkeypatch.setenv("COLUMNS", "200")
    with staged(monkeypatch) as stage:
        boto3.client("secretsmanager").create_secret(
            Name=f"/switchboard/{STAGE}/destinations/crm", SecretString=json.dumps(SECRET)
        )
        stage.put("destinations/crm", {
            "when": "type == 'call.ended' && data.wait > `60`",
            "url": "https://crm.example.com/calls",
            "mapping": "call",
        })  # fmt: skip
        stage.put("mappings/call", {"fields": {"phone": "e164(data.from)", "wait": "data.wait"}})
        yield stage


def explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: Any = CALL, *more: str
) -> dict[str, Any]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    assert run(["explain", str(path), "--stage", STAGE, "--json", *more]) == 0
    return {one["destination"]: one for one in json.loads(capsys.readouterr().out)}


def test_a_destination_that_takes_it_shows_output_and_request(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    crm = explained(tmp_path, capsys)["crm"]
    assert (crm["taken"], crm["lane"], crm["mapping"], crm["problem"]) == (
        True, "normal", "call", "",
    )  # fmt: skip
    assert crm["output"] == {"phone": "+14155552671", "wait": 90}
    assert '"+14155552671"' in crm["request"]


def test_one_that_does_not_says_which_part_is_not_true(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    crm = explained(tmp_path, capsys, {**CALL, "data": {"wait": 5}})["crm"]
    assert not crm["taken"]
    assert [part["holds"] for part in crm["parts"]] == [True, False]
    assert crm["parts"][1]["seen"] == "data.wait is 5"
    assert crm["output"] is None


def test_one_without_a_document_says_so(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    pager = explained(tmp_path, capsys)["pager"]
    assert (pager["taken"], pager["why"]) == (False, "it is deployed, and not configured")


def test_files_go_before_the_stages_documents(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    folder = tmp_path / "documents" / "mappings"
    folder.mkdir(parents=True)
    (folder / "call.json").write_text('{"fields": {"wait": "hhmmss(data.wait)"}}')
    crm = explained(tmp_path, capsys, CALL, "--documents", str(folder.parent))["crm"]
    assert crm["output"] == {"wait": "00:01:30"}


def test_a_mapping_that_cannot_take_it_is_a_problem(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    crm = explained(tmp_path, capsys, {**CALL, "data": {"wait": 90, "from": []}})["crm"]
    assert (crm["taken"], crm["output"], crm["request"]) == (True, None, None)
    assert "mapping the field 'phone'" in crm["problem"]


def test_a_person_reads_it_and_no_event_is_refused(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    path = tmp_path / "event.json"
    path.write_text(json.dumps(CALL))
    assert run(["explain", str(path), "--stage", STAGE]) == 0
    out = capsys.readouterr().out
    assert "taken by crm: its `when` is true of the event" in out
    assert "not taken by pager" in out
    path.write_text('{"tipe": "x"}')
    assert run(["explain", str(path), "--stage", STAGE]) == 1
    assert "it is no event" in capsys.readouterr().err


def test_what_is_looked_up_comes_from_the_stage_or_from_files(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    folder = tmp_path / "documents"
    for name, document in {
        "mappings/call": {"fields": {"tier": TIER, "id": "raw().id"}},
        "destinations/crm": {
            "when": f"{TIER} == 'gold'",
            "url": "https://crm.example.com/calls",
            "mapping": "call",
        },
    }.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    crm = explained(tmp_path, capsys, CALL, "--documents", str(folder))["crm"]
    assert not crm["taken"]
    accounts, payload = tmp_path / "accounts.csv", tmp_path / "payload.json"
    accounts.write_text("phone,tier\n(415) 555-2671,gold\n")
    payload.write_text('{"id": "e-1"}')
    beside = ["--reference", str(accounts), "--raw", str(payload)]
    crm = explained(tmp_path, capsys, CALL, "--documents", str(folder), *beside)["crm"]
    assert (crm["taken"], crm["output"]) == (True, {"tier": "gold", "id": "e-1"})
    assert crm["parts"][0]["seen"] == f'{TIER} is "gold"'
    assert run(["reference", "load", str(accounts), "--stage", STAGE]) == 0
    capsys.readouterr()
    crm = explained(tmp_path, capsys, CALL, "--documents", str(folder))["crm"]
    assert (crm["taken"], crm["output"]) == (True, {"tier": "gold", "id": None})
