"""Events that are too large for a message or an item: what the table refers to is canonical."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from switchboard.aws.events_table import EventsTable
from switchboard.aws.group_events import GroupEvents
from switchboard.aws.guard_table import EventRecords
from switchboard.aws.recorded_events import RecordedEvents
from switchboard.claims import check_in, check_out, claimed_event
from switchboard.envelope import DeliveryOrder, Envelope, Raw, encode
from switchboard.event import Event
from switchboard.events import is_small
from switchboard.guards import Fact, look
from switchboard.ledger import Entry, State
from switchboard.loop import Record
from switchboard.sources.stream import stream_event
from switchboard.testing.deliveries import make_event
from switchboard.testing.record_store import MemoryGuards
from switchboard.testing.stores import Clock, MemoryBucket
from switchboard.version import Version
from tests.functions.route_events.bench import Bench, record
from tests.switchboard.aws.test_released import RELEASES, released

BEGAN = datetime(2026, 9, 1, 12, tzinfo=UTC)
GROUP = "interaction:one"
HALF = make_event(1, data={"text": "\ud800"})
SIZES = pytest.mark.parametrize(
    ("note", "padding"),
    [
        pytest.param(1, 0, id="small"),
        pytest.param(50_000, 0, id="too large for its item"),
        pytest.param(300_000, 0, id="too large for a message"),
        pytest.param(50_000, 300_000, id="its payload is, the event only for its item"),
        pytest.param(1, 300_000, id="its payload alone is"),
    ],
)


def arrived(bench: Bench, number: int, note: int = 300_000, padding: int = 0) -> Record:
    """A message as the stream's reader sends it, of a number without its country."""
    told = {"phoneNum": "02079460958", "note": "x" * note}
    fields = {
        "event": "InteractionQueued",
        "interactionGUID": "one",
        "msgInfo": {
            "instanceId": "i",
            "sequenceId": number,
            "timestamp": f"2026-09-01T12:0{number}:00Z",
        },
        "attachedData": {
            "attachedDatum": [
                {"attachedDataKey": key, "attachedDataValue": value} for key, value in told.items()
            ]
        },
    }
    body = json.dumps({"Interaction": fields}) + " " * padding
    event = stream_event("calls", body.encode(), BEGAN).event
    raw = Raw(kind="stream", body=body, received_at="2026-09-01T12:00:00.000Z")
    envelope = Envelope(event=event, group=GROUP, raw=raw)
    return replace(record(envelope, event), body=check_in(envelope, bench.bucket))


def british() -> Bench:
    bench = Bench()
    bench.parameters.set("sources/calls", json.dumps({"host": "ws.example", "region": "GB"}))
    return bench


def append(bench: Bench) -> None:
    """What the router recorded, in the table."""
    table = EventsTable("events", 90, Clock())
    for recorded in bench.events.kept.values():
        table.append(recorded)


def sent(bench: Bench, name: str = "crm") -> list[Fact]:
    facts = [(check_out(one, bench.bucket)[0], one.raw_ref) for one in bench.sent(name)]
    return [Fact(event, ref) for event, ref in facts]


def phones(events: Sequence[Event]) -> list[str]:
    return [event.data["customer"]["phone"] for event in events]


@SIZES
def test_a_group_is_folded_from_the_events_that_were_sent(
    tables: None, note: int, padding: int
) -> None:
    del tables
    bench = british()
    bench.route(arrived(bench, 1, note, padding))
    append(bench)
    folded = GroupEvents("events", bench.bucket).of_group(GROUP)
    assert list(folded) == [fact.event for fact in sent(bench)]
    assert phones(folded) == ["+442079460958"]
    assert is_small(folded[0]) is (note == 1)


@SIZES
def test_the_record_behind_a_late_one_is_the_event_that_was_sent(
    tables: None, note: int, padding: int
) -> None:
    del tables
    bench = british()
    bench.route(arrived(bench, 1, note, padding), arrived(bench, 2, note, padding))
    append(bench)
    late, newest = sent(bench)
    guards = MemoryGuards()
    guards.doubt(GROUP, "crm", Version.of(newest.event))
    fresh = Entry(GROUP, late.event.id, "crm", State.SENDING)
    due = look(guards, EventRecords("events", bench.bucket), late, fresh).fact
    assert due == newest
    assert phones([due.event]) == ["+442079460958"]


def test_an_event_that_goes_nowhere_is_folded_like_any_other(tables: None) -> None:
    del tables
    bench = british()
    for name in ("crm", "lake"):
        bench.parameters.set(f"destinations/{name}", json.dumps({"when": "type == 'another'"}))
    bench.route(arrived(bench, 1))
    append(bench)
    assert sent(bench) == []
    assert phones(GroupEvents("events", bench.bucket).of_group(GROUP)) == ["+442079460958"]


def test_a_second_try_still_knows_the_payload() -> None:
    """One queue took the event, the other refused it: what was sent took no claim's place."""
    bench = british()
    message = arrived(bench, 1)
    lake = bench.outboxes["queue/lake"]
    lake.refuse = lambda _: "away"
    assert bench.route(message) == {message.message_id: pytest.approx(1, abs=1)}
    lake.refuse = lambda _: None
    assert bench.route(message) == {}
    first, second = sent(bench), sent(bench, "lake")
    assert (first[-1], len(second)) == (second[0], 1)
    assert second[0].raw_ref is not None
    assert bench.bucket.read(second[0].raw_ref).kind == "stream"


def test_what_arrives_again_changes_nothing_of_what_is_under_way() -> None:
    bench = british()
    bench.route(arrived(bench, 1))
    before = sent(bench)
    arrived(bench, 1)
    assert sent(bench) == before
    assert phones([before[0].event]) == ["+442079460958"]


def test_made_anew_it_is_sent_anew_and_stays_as_it_was_recorded(tables: None) -> None:
    del tables
    bench = Bench()
    bench.route(arrived(bench, 1))
    bench.parameters.set("sources/calls", json.dumps({"host": "ws.example", "region": "GB"}))
    bench.clock.forward(60)
    append(bench)
    (key,) = bench.events.kept
    (kept,) = RecordedEvents("events").read([key]).values()
    order = DeliveryOrder(only="crm", replay="r-1", generation=1, from_raw=True)
    again = Envelope(event_ref=kept.event_ref, raw_ref=kept.raw_ref, group=GROUP, delivery=order)
    message = replace(arrived(bench, 1), message_id="again", body=encode(again))
    assert bench.route(message) == {}
    recorded = GroupEvents("events", bench.bucket).of_group(GROUP)
    assert phones([fact.event for fact in sent(bench)]) == [None, "+442079460958"]
    assert phones(recorded) == [None]


def test_an_event_whose_claim_is_gone_is_passed_over(tables: None) -> None:
    del tables
    bench = british()
    bench.route(arrived(bench, 1, note=1), arrived(bench, 2))
    append(bench)
    small, _ = sent(bench)
    bench.bucket.objects = {
        key: body for key, body in bench.bucket.objects.items() if "claims/" not in key
    }
    assert list(GroupEvents("events", bench.bucket).of_group(GROUP)) == [small.event]
    assert EventRecords("events", bench.bucket).newest(GROUP, "crm") == small


def test_half_a_character_is_read_back(tables: None) -> None:
    del tables
    bench = british()
    bench.route(record(Envelope(event=HALF, group=GROUP), HALF))
    append(bench)
    assert list(GroupEvents("events", bench.bucket).of_group(GROUP)) == [HALF]
    assert EventRecords("events", bench.bucket).newest(GROUP, "crm") == Fact(HALF)
    (kept,) = RecordedEvents("events").read([(GROUP, HALF.id)]).values()
    assert kept.event == HALF


@pytest.mark.parametrize("release", RELEASES)
def test_an_item_that_refers_to_the_claim_of_its_arrival(tables: None, release: str) -> None:
    """The release before wrote both under the event's name; it knew nothing of tenants."""
    del tables
    item, claim = released(release, "events")[0], released(release, "claim")
    bucket = MemoryBucket()
    bucket.objects[claim["key"]] = claim["body"].encode("ascii")
    item["destinations"] = {"S": '[{"name":"crm","lane":"normal","version":1}]'}
    dynamodb: Any = boto3.client("dynamodb")
    dynamodb.put_item(TableName="events", Item=item)
    (folded,) = GroupEvents("events", bucket).of_group(GROUP)
    newest = EventRecords("events", bucket).newest(GROUP, "crm")
    assert folded.id == item["event_id"]["S"] == claimed_event(claim["key"])
    assert folded.data["details"] is not None
    assert newest == Fact(folded)
