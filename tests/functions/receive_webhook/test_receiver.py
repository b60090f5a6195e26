import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from functions.receive_webhook.gateway import Answer
from switchboard.claims import check_out
from switchboard.configuration import Status
from switchboard.envelope import CLAIM_CHECK_BYTES, decode
from switchboard.errors import ConfigurationError, Unavailable
from switchboard.event import event_id
from switchboard.source_state import SourceState
from switchboard.testing.receiving import (
    JAAS_SECRET,
    STANDARD_SECRET,
    ReceivingStores,
    jaas_headers,
    proxy_event,
    standard_headers,
)

Receive = Callable[[Mapping[str, Any]], Answer]


def meeting(stores: ReceivingStores, key: str = "key-1", **fields: Any) -> dict[str, Any]:
    """A signed webhook of a meeting, sent now."""
    payload = {"idempotencyKey": key, "eventType": "ROOM_CREATED", "sessionId": "s-1", **fields}
    body = json.dumps(payload).encode()
    return proxy_event("meetings", jaas_headers(body, at=int(stores.clock())), body)


def test_a_webhook_is_in_the_queue_before_it_is_accepted(
    stores: ReceivingStores, receive: Receive
) -> None:
    answer = receive(meeting(stores, name="Führung"))
    known = event_id("meetings", "key-1")
    assert answer == Answer(202, {"accepted": known})
    (message,) = stores.ingest.taken
    assert message.group == "interaction:s-1"
    assert message.deduplication_id == known
    assert message.body.isascii()
    envelope = decode(message.body)
    assert envelope.event is not None
    assert envelope.event.data is None
    assert envelope.event.type == "meeting.room.created"
    assert envelope.group == message.group
    assert envelope.raw is not None
    assert envelope.raw.kind == "jaas"
    assert json.loads(envelope.raw.body)["name"] == "Führung"
    assert envelope.raw.received_at == "2026-09-21T14:13:20.000Z"
    assert stores.telemetry.counts == {("received", "meetings"): 1}


def test_each_kind_of_source_is_taken(stores: ReceivingStores, receive: Receive) -> None:
    body = b'{"type": "contact.created", "data": {"call_id": "c-1"}}'
    headers = standard_headers(body, at=int(stores.clock()))
    assert receive(proxy_event("partner", headers, body)).status == 202
    signature = hmac.new(b"pbx-secret", body, "sha256").hexdigest()
    assert receive(proxy_event("legacy-pbx", {"X-Sig": signature}, body)).status == 202
    first, second = stores.ingest.taken
    assert first.group == "interaction:c-1"
    assert second.group == f"event:{second.deduplication_id}"


def test_the_same_event_twice_is_accepted_twice_under_one_id(
    stores: ReceivingStores, receive: Receive
) -> None:
    first = receive(meeting(stores))
    stores.clock.forward(5)
    assert receive(meeting(stores)) == first
    ids = {message.deduplication_id for message in stores.ingest.taken}
    assert ids == {first.body["accepted"]}


def test_an_event_without_an_id_is_counted(stores: ReceivingStores, receive: Receive) -> None:
    assert receive(meeting(stores, key="")).status == 202
    assert stores.telemetry.counts == {("received", "meetings"): 1, ("weak_id", "meetings"): 1}


def test_after_a_rotation_both_secrets_are_accepted(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.secrets.set("sources/meetings", "whsec_new")
    assert receive(meeting(stores)).status == 202
    stores.secrets.set("sources/meetings", "whsec_newer")
    assert receive(meeting(stores)).status == 401


def test_the_documents_rotation_is_asked_for(stores: ReceivingStores, receive: Receive) -> None:
    stores.configure("meetings", '{"rotation_hours": 2}', JAAS_SECRET)
    receive(meeting(stores))
    assert stores.secrets.rotation_hours == [2]


def test_a_large_payload_waits_in_the_bucket(stores: ReceivingStores, receive: Receive) -> None:
    assert receive(meeting(stores, name="x" * CLAIM_CHECK_BYTES)).status == 202
    (message,) = stores.ingest.taken
    assert len(message.body) < 1000
    event, whole = check_out(decode(message.body), stores.claims)
    assert event.sourceeventid == "key-1"
    assert whole.raw is not None
    assert len(whole.raw.body) > CLAIM_CHECK_BYTES


@pytest.mark.parametrize(
    "fail",
    [
        lambda stores: setattr(stores.ingest, "failure", Unavailable("SQS is down")),
        lambda stores: setattr(stores.ingest, "refuse", lambda _: "InternalError"),
        lambda stores: setattr(stores.secrets, "failure", Unavailable("throttled")),
        lambda stores: setattr(stores.documents, "failure", Unavailable("throttled")),
    ],
)
def test_what_is_not_stored_is_not_accepted(
    fail: Callable[[ReceivingStores], None], stores: ReceivingStores, receive: Receive
) -> None:
    fail(stores)
    answer = receive(meeting(stores))
    assert answer.status == 503
    assert answer.retry_after == 5
    assert answer.body["error"] == "busy"
    assert stores.ingest.taken == []
    assert stores.telemetry.counts == {("refused", "meetings"): 1}
    assert "SQS" not in json.dumps(dict(answer.body))


def test_a_claim_that_cannot_be_stored_is_not_accepted(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.claims.failure = Unavailable("S3 is down")
    assert receive(meeting(stores, name="x" * CLAIM_CHECK_BYTES)).status == 503
    assert stores.ingest.taken == []


def test_what_sqs_took_after_a_failure_is_accepted(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.ingest.failure = Unavailable("SQS is down")
    assert receive(meeting(stores)).status == 503
    stores.ingest.failure = None
    assert receive(meeting(stores)).status == 202


def test_a_source_without_a_document_is_not_ready(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.secrets.set("sources/unready", JAAS_SECRET)
    event = meeting(stores) | {"resource": "/webhooks/unready"}
    answer = receive(event)
    assert answer.status == 503
    assert answer.retry_after == 60
    assert answer.body["error"] == "not_ready"
    ((_, warned),) = stores.telemetry.warnings
    assert "sources/unready is deployed but not configured" in warned["why"]
    assert stores.telemetry.counts[("configuration_errors", "unready")] == 1
    stores.documents.set("sources/unready", "{}")
    stores.clock.forward(60)
    assert receive(meeting(stores) | {"resource": "/webhooks/unready"}).status == 202


@pytest.mark.parametrize(
    "values", [(), ({},), ({"signing_secret": ""},), ({"other": "whsec_other"},)]
)
def test_a_source_without_a_secret_is_not_ready(
    values: tuple[Mapping[str, str], ...], stores: ReceivingStores, receive: Receive
) -> None:
    stores.secrets.values["sources/meetings"] = values
    assert receive(meeting(stores)).status == 503
    ((_, warned),) = stores.telemetry.warnings
    assert "switchboard secrets set sources/meetings" in warned["why"]


def test_a_secret_that_was_never_set_or_cannot_be_used_is_ours_to_fix(
    stores: ReceivingStores, receive: Receive
) -> None:
    body = b"{}"
    event = proxy_event("partner", standard_headers(body, at=int(stores.clock())), body)
    stores.secrets.failure = ConfigurationError("it has no value yet")
    assert receive(event).status == 503
    stores.secrets.failure = None
    stores.secrets.values["sources/partner"] = ({"signing_secret": "whsec_!"},)
    assert receive(event).status == 503
    stores.secrets.set("sources/partner", STANDARD_SECRET)
    assert receive(event).status == 202


@pytest.mark.parametrize("broken", ['{"tolerence": 1}', "{", '{"group": "a..b"}'])
def test_of_a_broken_document_the_last_good_one_serves_also_cold(
    broken: str, stores: ReceivingStores, receive: Receive
) -> None:
    assert receive(meeting(stores)).status == 202
    stores.documents.set("sources/meetings", broken)
    stores.clock.forward(60)
    assert receive(meeting(stores)).status == 202
    assert stores.telemetry.counts[("document_refused", "meetings")] == 1
    assert stores.configuration.judged["sources/meetings", 2].status is Status.REFUSED


def test_documents_of_all_sources_are_read_together(
    stores: ReceivingStores, receive: Receive
) -> None:
    receive(meeting(stores))
    receive(meeting(stores) | {"resource": "/webhooks/partner"})
    assert [len(names) for names in stores.documents.fetches] == [5]


def test_a_source_is_refused_on_request_alone_and_the_sender_is_told_to_come_back(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.states.sources["meetings"] = SourceState(paused=True)
    assert receive(meeting(stores)).status == 202
    stores.states.sources["meetings"] = SourceState(paused=True, refuse=True)
    stores.clock.forward(5)
    answer = receive(meeting(stores))
    assert (answer.status, answer.body["error"], answer.retry_after) == (503, "paused", 300)
    assert len(stores.ingest.taken) == 1
    assert stores.telemetry.counts["refused_paused", "meetings"] == 1
    assert ("refused", "meetings") not in stores.telemetry.counts


def test_a_state_that_cannot_be_read_refuses_nobody(
    stores: ReceivingStores, receive: Receive
) -> None:
    stores.states.failure = Unavailable("away")
    assert receive(meeting(stores)).status == 202
