"""Each sample of `events/webhooks/` does what its name and `about` say, through the real code."""

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from functions.receive_webhook.receiver import Ports, Receiver
from switchboard.envelope import decode
from switchboard.errors import EventError
from switchboard.sources import KINDS, WEBHOOK_KINDS
from switchboard.sources.verification import explain, read_request, read_source
from switchboard.testing.receiving import ReceivingStores, proxy_event

EVENTS = Path(__file__).parents[2] / "events"
SAMPLES = sorted((EVENTS / "webhooks").rglob("*.json"))
SIGN = runpy.run_path(str(EVENTS / "sign.py"))

each_sample = pytest.mark.parametrize(
    "path", SAMPLES, ids=[f"{path.parent.name}/{path.stem}" for path in SAMPLES]
)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def source_file(sample: Any) -> str:
    return (EVENTS / "sources" / f"{sample['about']['source']}.json").read_text()


def received(sample: Any) -> tuple[Any, ReceivingStores]:
    """What the receiver answers to a sample, at the sample's time."""
    about = sample["about"]
    stores = ReceivingStores()
    stores.clock.now = about["at"]
    document = json.loads(source_file(sample))
    kind = document.pop("kind")
    field = WEBHOOK_KINDS[kind].secret_field
    stores.configure(about["source"], json.dumps(document), about["secret"], field)
    request = read_request(json.dumps(sample))
    event = proxy_event(about["source"], {}, request.body)
    event["multiValueHeaders"] = {}
    for name, value in request.headers:
        event["multiValueHeaders"].setdefault(name, []).append(value)
    ports = Ports(
        ingest=stores.ingest,
        claims=stores.claims,
        parameters=stores.parameters,
        last_good=stores.last_good,
        secrets=stores.secrets,
        states=stores.source_states,
        telemetry=stores.telemetry,
        clock=stores.clock,
    )
    return Receiver({about["source"]: kind}, 1_000_000, ports).answer(event), stores


@each_sample
def test_a_sample_is_answered_as_it_says(path: Path) -> None:
    sample = read(path)
    expected = sample["about"]["expected"]
    answer, stores = received(sample)
    assert answer.status == expected["status"]
    if answer.status != 202:
        assert answer.body["error"] == expected["error"]
        assert stores.ingest.taken == []
        return
    envelope = decode(stores.ingest.taken[0].body)
    assert envelope.event is not None
    assert envelope.event.type == expected["type"]
    assert envelope.event.weakid == expected.get("weakid", False)
    assert envelope.group == expected["group"]


@each_sample
def test_a_sample_is_normalised_or_a_dead_letter_as_it_says(path: Path) -> None:
    sample = read(path)
    expected = sample["about"]["expected"]
    _, stores = received(sample)
    for message in stores.ingest.taken:
        envelope = decode(message.body)
        assert envelope.event is not None
        assert envelope.raw is not None
        kind = KINDS[envelope.raw.kind]
        if "dead_letter" in expected:
            with pytest.raises(EventError) as refused:
                kind.normalise(envelope.event, envelope.raw)
            assert str(refused.value) == expected["dead_letter"]
        else:
            event = kind.normalise(envelope.event, envelope.raw)
            assert event.type == expected["type"]
            assert event.data


@each_sample
def test_a_sample_is_explained_as_it_is_answered(path: Path) -> None:
    sample = read(path)
    about = sample["about"]
    kind, document = read_source(source_file(sample))
    request = read_request(json.dumps(sample))
    verdict = explain(kind, document, [about["secret"]], request, about["at"])
    assert verdict.accepted == (about["expected"]["status"] == 202)
    assert about["secret"] not in repr(verdict)


@each_sample
def test_a_sample_is_in_its_place_and_signed_as_it_says(path: Path) -> None:
    sample = read(path)
    assert path.parent.name == json.loads(source_file(sample))["kind"]
    assert sample["about"]["case"]
    assert SIGN["written"](SIGN["signed_again"](sample)) == path.read_text()


@pytest.mark.parametrize("kind", sorted(WEBHOOK_KINDS))
def test_every_kind_has_samples_that_are_accepted_and_refused(kind: str) -> None:
    statuses = {
        read(path)["about"]["expected"]["status"] for path in SAMPLES if path.parent.name == kind
    }
    assert {202, 400, 401} <= statuses


def test_signing_a_file_again_leaves_it_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = EVENTS / "webhooks" / "jaas" / "two-signatures.json"
    copy = tmp_path / "sample.json"
    broken = read(original) | {"headers": {"Content-Type": "application/json"}}
    copy.write_text(json.dumps(broken))
    monkeypatch.setattr("sys.argv", ["sign.py", str(copy)])
    SIGN["main"]()
    assert copy.read_text() == original.read_text()


def test_a_body_of_a_sample_may_be_base64() -> None:
    sample = read(EVENTS / "webhooks" / "jaas" / "published-example.json")
    body = base64.b64encode(sample.pop("body").encode()).decode()
    answer, _ = received(sample | {"body_base64": body})
    assert answer.status == 202
