import json
import re
from pathlib import Path

import pytest

from desk.apply.documents import DocumentError, read_documents, stripped
from desk.apply.plan import Action, Step, plan
from infra.bundling import ROOT
from infra.stage import read_stage

KINDS = {
    "sources/meetings": "jaas",
    "sources/cc": "stream",
    "destinations/crm": "webhook",
    "destinations/lake": "s3",
    "destinations/chat": "slack",
}
CRM = '{"url":"https://example.com/hook"}'


def only(name: str, text: str, there: dict[str, str] | None = None) -> Step:
    (step,) = plan({name: text}, there or {}, KINDS)
    return step


def test_documents_are_read_by_their_place_and_stripped(tmp_path: Path) -> None:
    (tmp_path / "destinations").mkdir()
    (tmp_path / "mappings").mkdir()
    (tmp_path / "destinations" / "crm.json").write_text(
        '{\n  // where it goes: "quoted"\n  "url": "https://example.com/a//b" // two slashes\n}'
    )
    (tmp_path / "mappings" / "activity.json").write_text(
        '{"fields": {"A": "type"}, "cases": [{"in": {}, "out": {}}]}'
    )
    assert read_documents(tmp_path) == {
        "destinations/crm": '{"url":"https://example.com/a//b"}',
        "mappings/activity": '{"fields":{"A":"type"}}',
    }


@pytest.mark.parametrize(
    ("text", "why"), [("{", "not JSON"), ("[]", "no object"), ('{"a": 1 // x', "not JSON")]
)
def test_a_file_that_is_no_document_is_named(text: str, why: str) -> None:
    with pytest.raises(DocumentError, match=f"destinations/crm.json.*{why}"):
        stripped(text, "destinations/crm.json")


def test_what_is_new_changed_or_the_same() -> None:
    assert only("destinations/crm", CRM).action is Action.CREATE
    changed = only("destinations/crm", CRM, {"destinations/crm": '{"url":"https://old.example"}'})
    assert changed.action is Action.CHANGE
    assert '-  "url": "https://old.example"' in changed.diff
    assert only(
        "destinations/crm", CRM, {"destinations/crm": json.dumps(json.loads(CRM))}
    ).action is (Action.KEEP)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("destinations/crm", '{"url":"https://x.example","urls":1}', "urls"),
        ("destinations/crm", "{}", "url"),
        ("destinations/crm", '{"url":"https://x.example","when":"nope("}', "cannot be parsed"),
        ("destinations/crm", '{"url":"https://x.example","repeat":"read_back"}', "not possible"),
        ("destinations/crm", '{"url":"https://x.example","mapping":"gone"}', "no mappings/gone"),
        ("destinations/new", CRM, "add it to cdk.json"),
        ("sources/meetings", '{"tolerance_seconds": "soon"}', "tolerance_seconds"),
        ("sources/cc", '{"tolerance_seconds": 300}', "host"),
        ("sources/cc", '{"host": "h", "tenant": "t", "mode": "consumer"}', "needs subscription"),
        ("mappings/m", '{"fields": {"A": "e146(x)"}}', "did you mean e164"),
        ("mappings/m", '{"fields": {}}', "fields"),
    ],
)
def test_what_a_function_would_refuse_is_refused_before_it_is_written(
    name: str, text: str, why: str
) -> None:
    step = only(name, text)
    assert step.action is Action.REFUSE
    assert why in step.reason


def test_the_document_of_a_stream_is_planned_like_any_other() -> None:
    text = '{"host":"pulsar-ws-euw2.8x8.com","tenant":"acme01"}'
    assert only("sources/cc", text).action is Action.CREATE


def test_a_mapping_may_be_in_the_files_or_in_ssm() -> None:
    text = '{"url":"https://example.com/hook","mapping":"m"}'
    mapping = '{"fields":{"A":"type"}}'
    assert only("destinations/crm", text, {"mappings/m": mapping}).action is Action.CREATE
    steps = plan({"destinations/crm": text, "mappings/m": mapping}, {}, KINDS)
    assert {step.action for step in steps} == {Action.CREATE}


def test_what_ssm_would_refuse_is_refused_with_the_size_of_each_field() -> None:
    fields = {f"F{n}": "'" + "x" * 900 + "'" for n in range(10)}
    step = only("mappings/m", json.dumps({"fields": fields}))
    assert step.action is Action.REFUSE
    assert "8192" in step.reason
    assert "fields 9" in step.reason


def test_a_document_over_the_standard_tier_takes_the_advanced_one() -> None:
    fields = {f"F{n}": "'" + "x" * 900 + "'" for n in range(5)}
    step = only("mappings/m", json.dumps({"fields": fields}))
    assert (step.action, step.tier) == (Action.CREATE, "Advanced")


def test_the_demos_own_documents_pass() -> None:
    from desk.demo.documents import FOLDER

    stages = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]
    stage = read_stage("laptop", stages)
    kinds = {f"sources/{name}": entry.kind for name, entry in stage.sources.items()}
    kinds |= {f"destinations/{name}": entry.kind for name, entry in stage.destinations.items()}
    wanted = dict(read_documents(FOLDER))
    for place, address in (
        ("{crm}", "https://crm.example"),
        ("{pager}", "https://p.example"),
        ("{stream}", "127.0.0.1:6650"),
    ):
        wanted = {name: text.replace(place, address) for name, text in wanted.items()}
    assert {step.reason for step in plan(wanted, {}, kinds)} == {""}


CHAT = '{"channel":"C0123456789","mapping":"chat"}'


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ("[{type: 'section', text: {type: 'mrkdwn', text: data.customer}}]", ""),
        ("[{type: 'divider'}, {type: 'header', text: {type: 'plain_text', text: 'a'}}]", ""),
        ("data.blocks", ""),
        ("[{type: 'header', text: {type: 'plain_text', text: hash(id)}}]", ""),
        ("[{type: 'divider'}, {type: 'section'}]", "block 1: .*text"),
        ("[{type: 'heading', text: data.customer}]", "block 0: .*heading"),
        ("['text']", "block 0: .*object"),
    ],
)
def test_a_slack_mapping_is_held_against_slacks_own_models(blocks: str, why: str) -> None:
    mapping = json.dumps({"fields": {"blocks": blocks}})
    (chat, _) = plan({"destinations/chat": CHAT, "mappings/chat": mapping}, {}, KINDS)
    assert chat.action is (Action.REFUSE if why else Action.CREATE), chat.reason
    assert re.search(why, chat.reason)
