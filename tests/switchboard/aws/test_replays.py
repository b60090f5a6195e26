"""Plans, their progress and the events of replays, over moto."""

from typing import Any

import boto3
import pytest

from switchboard.aws.events_table import EventsTable
from switchboard.aws.recorded_events import RecordedEvents
from switchboard.aws.replay_chunks import ReplayChunks
from switchboard.aws.replay_table import ReplayTable
from switchboard.envelope import ObjectRef, RawRef
from switchboard.errors import EventError, Unavailable
from switchboard.events import Kept, Recorded
from switchboard.replays import Replay, ReplayStatus, Selected, encode_chunk
from switchboard.testing.deliveries import make_event
from switchboard.testing.stores import Clock

pytestmark = pytest.mark.usefixtures("tables")

REPLAY = Replay(id="one", destination="crm", total=30, rate=12.5, selection="dead", planned_at=5.25)


@pytest.fixture
def table() -> ReplayTable:
    made = ReplayTable("state")
    made.create(REPLAY)
    return made


def moved(position: int, gone: int = 0) -> Replay:
    return REPLAY.model_copy(update={"position": position, "gone": gone})


class TestReplayTable:
    def test_a_plan_comes_back_as_it_was(self, table: ReplayTable) -> None:
        assert table.read("one") == REPLAY
        assert table.read("none") is None
        assert list(table.running()) == []
        with pytest.raises(Unavailable, match="plan it again"):
            table.create(REPLAY)

    def test_it_runs_is_cancelled_and_goes_on(self, table: ReplayTable) -> None:
        started = table.start("one", 10.0)
        assert started is not None
        assert (started.status, started.updated_at) == (ReplayStatus.RUNNING, 10.0)
        assert list(table.running()) == ["one"]
        assert table.advance(moved(10, 1), 11.0)
        cancelled = table.cancel("one", 12.0)
        assert cancelled is not None
        assert (cancelled.status, cancelled.position) == (ReplayStatus.CANCELLED, 10)
        assert list(table.running()) == []
        assert not table.advance(moved(20), 13.0)
        again = table.start("one", 14.0)
        assert again is not None
        assert (again.position, again.gone) == (10, 1)

    def test_a_position_never_goes_back_and_the_last_one_ends_it(self, table: ReplayTable) -> None:
        table.start("one", 10.0)
        assert table.advance(moved(20), 11.0)
        assert table.advance(moved(20), 11.0), "botocore may have repeated it"
        assert not table.advance(moved(10), 12.0)
        assert table.advance(moved(30, 2), 13.0)
        ended = table.read("one")
        assert ended is not None
        assert (ended.status, ended.position, ended.gone) == (ReplayStatus.SENT, 30, 2)
        assert list(table.running()) == []
        assert table.start("one", 14.0) is None
        assert table.cancel("one", 14.0) is None
        assert list(table.running()) == []

    def test_what_nobody_planned_cannot_run(self, table: ReplayTable) -> None:
        assert table.start("none", 1.0) is None
        assert table.cancel("none", 1.0) is None
        assert not table.advance(REPLAY.model_copy(update={"id": "none"}), 1.0)
        assert table.read("none") is None
        assert list(table.running()) == []


def test_chunks_come_back_and_one_that_is_gone_says_so() -> None:
    where: Any = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket="archive", CreateBucketConfiguration=where)
    chunks = ReplayChunks("archive")
    body = encode_chunk([Selected(group="g", event_id="e")])
    chunks.write_chunk("one", 3, body)
    assert chunks.read_chunk("one", 3) == body
    with pytest.raises(EventError, match="chunk 4 of the replay one"):
        chunks.read_chunk("one", 4)


def test_events_are_read_as_they_were_kept() -> None:
    events = EventsTable("events", 90, Clock())
    small = make_event(1)
    large = make_event(2, data={"note": "x" * 70_000})
    ref = ObjectRef(bucket="archive", key="claims/x.json")
    raw_ref = RawRef(bucket="archive", key="raw/x", line=3)
    events.append(Recorded("g", small, "", raw_ref, None, ()))
    events.append(Recorded("g", large, "", None, ref, ()))
    found = RecordedEvents("events").read([("g", small.id), ("g", large.id), ("g", "none")] * 2)
    assert found == {
        ("g", small.id): Kept(small, None, raw_ref),
        ("g", large.id): Kept(None, ref, None),
    }
