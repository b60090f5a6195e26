"""Messages of 8x8 Connect, from what receive_webhook sends to what destinations get."""

import json
from typing import Any

from switchboard.envelope import Envelope, Raw
from switchboard.loop import Record
from switchboard.sources import WEBHOOK_KINDS, Request
from switchboard.sources.connect import ConnectDocument
from tests.functions.route_events.bench import Bench, record

UMID = "9e09ac86-bd74-5465-851d-1eb5a5fd0001"


def arrived(body: str) -> Record:
    """What receive_webhook makes of a body that is sent to the source sms."""
    kind = WEBHOOK_KINDS["connect_sms"]
    received = kind.receive("sms", Request((), body.encode()), ConnectDocument(), None, 1788250531)
    raw = Raw(kind=kind.kind, body=body, received_at="2026-09-01T08:15:31.000Z")
    return record(Envelope(event=received.event, group=received.group, raw=raw), received.event)


def sms(event: str, **payload: Any) -> Record:
    return arrived(json.dumps({"eventType": event, "payload": {"umid": UMID, **payload}}))


def receipt(state: str, at: str) -> Record:
    status = {"state": state, "timestamp": at}
    return sms("outbound_message_status_changed", destination="81968289", status=status)


def test_the_receipts_of_a_message_are_sent_in_their_order_in_its_group() -> None:
    bench = Bench()
    bench.parameters.set("sources/sms", '{"region": "SG"}')
    came = [receipt(f"state-{n}", f"2026-09-01T08:15:3{n}Z") for n in range(4)]
    assert bench.route(*came) == {}
    sent = bench.sent("crm")
    assert {one.group for one in sent} == {f"interaction:{UMID}"}
    events = [one.event for one in sent if one.event]
    assert [one.type for one in events] == ["message.status_changed"] * 4
    assert [one.data["status"]["state"] for one in events] == [f"state-{n}" for n in range(4)]
    assert {one.data["customer"]["phone"] for one in events} == {"+6581968289"}
    assert bench.reasons() == []


def test_what_cannot_be_read_is_a_dead_letter_that_says_why_and_keeps_it() -> None:
    bench = Bench()
    xml = "<root><umid>1</umid></root>"
    assert bench.route(arrived(xml), receipt("sent", "2026-09-01T08:15:30Z")) == {}
    (reason,) = bench.reasons()
    assert (reason["class"], reason["destination"]) == ("event", "route")
    assert "it is XML, not JSON; ask 8x8's support" in reason["message"]
    assert xml in json.dumps(json.loads(bench.dead.taken[0].body))
    assert len(bench.sent("crm")) == 1


def test_an_unknown_event_passes_through_and_is_counted() -> None:
    bench = Bench()
    assert bench.route(sms("boiled", temperature=100)) == {}
    (sent,) = bench.sent("crm")
    assert sent.event is not None
    assert sent.event.type == "8x8.unknown.boiled"
    assert sent.event.data["details"]["payload"]["temperature"] == 100
    assert bench.telemetry.counts["unknown_type", "sms"] == 1
    assert bench.shapes.stored["sms", "8x8.unknown.boiled"].seen == 1
