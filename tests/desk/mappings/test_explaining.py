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


JOINED = {
    "idempotencyKey": "6f1f0a5e-8c1b-4a0e-9a53-0c1f2d3e4f50",
    "customerId": "c0ffee",
    "eventType": "PARTICIPANT_JOINED",
    "sessionId": "5a2b9e10-77aa-4a42-9c77-0b1c2d3e4f50",
    "timestamp": 1788250530188,
    "fqn": "vpaas-magic-cookie-c0ffee/weekly-sync",
    "data": {"name": "Ann"},
}
STREAM = {"tenant": "acme01", "host": "stream.example.com", "agent_states": "streaming"}
STATUS = {"AgentStatus": {"event": "AgentStatusChange", "agentId": "ag1", "newState": 5}}


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


def test_a_person_reads_it(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del stage
    path = tmp_path / "event.json"
    path.write_text(json.dumps(CALL))
    assert run(["explain", str(path), "--stage", STAGE]) == 0
    out = capsys.readouterr().out
    assert "taken by crm: its `when` is true of the event" in out
    assert "not taken by pager" in out


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps(JOINED), "none has 'customerId'"),
        ('{"Interaction": {"event": "CustomerEnd"}}', "none has 'Interaction'"),
        ('{"time": "noon"}', "time: "),
        ("[]", "it is an array"),
        ("call.ended", "it is not JSON"),
    ],
)
def test_what_is_no_event_is_refused_and_says_what_to_do(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    del stage
    path = tmp_path / "event.json"
    path.write_text(text)
    assert run(["explain", str(path), "--stage", STAGE]) == 1
    said = capsys.readouterr().err
    assert "it is no event" in said
    assert why in said
    assert ("--source NAME" in said) == ("none has" in why)


def test_the_body_that_a_source_sends_is_made_an_event_first(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = ["--source", "meetings"]
    path = tmp_path / "event.json"
    path.write_text(json.dumps(JOINED))
    assert run(["explain", str(path), "--stage", STAGE, *body]) == 1
    assert "sources/meetings is not configured" in capsys.readouterr().err
    stage.put("sources/meetings", {})
    stage.put("destinations/pager", {
        "when": "type == 'meeting.participant.joined'",
        "url": "https://pager.example.com/calls",
        "mapping": "who",
    })  # fmt: skip
    stage.put("mappings/who", {
        "fields": {"who": "data.details.name", "room": "data.room", "vendor": "raw().eventType"}
    })  # fmt: skip
    pager = explained(tmp_path, capsys, JOINED, *body)["pager"]
    assert pager["output"] == {
        "who": "Ann", "room": "weekly-sync", "vendor": "PARTICIPANT_JOINED",
    }  # fmt: skip
    assert run(["explain", str(path), "--stage", STAGE, "--source", "gone"]) == 1
    assert "no source gone is deployed" in capsys.readouterr().err


def test_an_event_of_the_stream_is_read_as_its_tenant_says(
    stage: Staged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.put("deployment/streams", {"sources": {"contact-centre": "stream"}})
    stage.put("sources/contact-centre", STREAM)
    stage.put("destinations/pager", {"url": "https://pager.example.com", "mapping": "who"})
    stage.put("mappings/who", {"fields": {"state": "data.agent_status.state_name", "type": "type"}})
    pager = explained(tmp_path, capsys, STATUS, "--source", "contact-centre")["pager"]
    assert pager["output"] == {"state": "available", "type": "agent.status.changed"}


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
