"""The timers table and the events of a group, against moto."""

import boto3
import pytest

from switchboard.aws.events_table import EventsTable
from switchboard.aws.group_events import GroupEvents
from switchboard.aws.timer_table import TimerTable
from switchboard.claims import keep_event
from switchboard.envelope import Claim, Raw, encode
from switchboard.errors import Unavailable
from switchboard.events import Recorded
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import MemoryBucket
from switchboard.timers import Mark, due_until, timer_mark

NOW = 1_790_000_000.0


def test_marks_are_written_read_in_their_order_and_deleted(tables: None) -> None:
    del tables
    table = TimerTable("timers")
    marks = [Mark("b", f"{number:03}", float(number)) for number in range(60)]
    table.put([*marks, Mark("b", "003", 99.0), Mark("other", "1")], NOW)
    found = table.read("b")
    assert [mark.place for mark in found] == [mark.place for mark in marks]
    assert found[3] == Mark("b", "003", 99.0)
    assert [mark.place for mark in table.read("b", after="010", until="012")] == [
        "010",
        "011",
        "012",
    ]
    table.delete(marks)
    assert table.read("b") == []
    assert table.read("other") == [Mark("other", "1")]
    table.delete([])


def test_what_is_due_is_read_and_what_is_not_yet_is_left(tables: None) -> None:
    del tables
    table = TimerTable("timers")
    due, later = (timer_mark("g", NOW + seconds, NOW) for seconds in (1, 2))
    assert due.bucket == later.bucket
    table.put([due, later], NOW)
    assert table.read(due.bucket, until=due_until(NOW + 1)) == [due]


def test_it_expires_in_two_weeks(tables: None) -> None:
    del tables
    TimerTable("timers").put([Mark("b", "p")], NOW)
    (item,) = boto3.client("dynamodb").scan(TableName="timers")["Items"]
    assert int(item["expires_at"]["N"]) == NOW + 14 * 24 * 3600


def test_a_table_that_is_away_is_unavailable(tables: None) -> None:
    del tables
    with pytest.raises(Unavailable):
        TimerTable("none").put([Mark("b", "p")], NOW)
    with pytest.raises(Unavailable):
        TimerTable("none").read("b")


def test_a_group_is_read_whole_its_large_events_included(tables: None) -> None:
    del tables
    bucket, table = MemoryBucket(), EventsTable("events", 90, lambda: NOW)
    small, kept, arrived, gone = (make_event(number, data={"n": number}) for number in range(4))
    raw = Raw(kind="stream", body='{"Interaction": {"agentId": "ag1"}}', received_at="")
    refs = {
        kept.id: keep_event(kept, bucket),
        arrived.id: bucket.store("arrived", encode(Claim(event=arrived, raw=raw))),
        gone.id: bucket.store("gone", "{}"),
    }
    bucket.objects.pop("claims/gone")
    for event in (small, kept, arrived, gone):
        long = {} if event is small else {"data": {"long": "x" * 70_000}}
        written = event.model_copy(update=long)
        table.append(Recorded("g", written, "", None, refs.get(event.id), []))
    found = {event.id: event for event in GroupEvents("events", bucket).of_group("g")}
    assert set(found) == {small.id, kept.id, arrived.id}
    assert (found[small.id], found[kept.id]) == (small, kept)
    assert found[arrived.id].data["agent"] == "ag1"
