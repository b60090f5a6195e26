from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from switchboard.loop import Batch, Record, deliver, read_records, report


class RecordingVisibility:
    def __init__(self) -> None:
        self.calls: list[list[tuple[str, int]]] = []

    def change_visibility(self, receipts: Sequence[tuple[str, int]]) -> None:
        self.calls.append(list(receipts))


def record(number: int, group: str) -> Record:
    return Record(f"m{number}", f"r{number}", "", group, 1, 0.0, "arn")


@given(
    groups=st.lists(st.sampled_from("abc"), min_size=1, max_size=10),
    waits=st.lists(st.none() | st.integers(0, 900), min_size=10, max_size=10),
    stop_after=st.integers(0, 10),
)
def test_order_per_group_and_nothing_lost(
    groups: list[str], waits: list[int | None], stop_after: int
) -> None:
    records = [record(number, group) for number, group in enumerate(groups)]
    handled: list[Record] = []
    batch = Batch(records)

    def handle(one: Record) -> float | None:
        handled.append(one)
        return waits[records.index(one)]

    deliver(batch, handle, has_time=lambda: len(handled) < stop_after)

    back = dict(batch.failures())
    done = [one for one in records if one not in back]
    # Every record is either done or back, and nothing is done that was not handled.
    assert all(waits[records.index(one)] is None and one in handled for one in done)
    for group in set(groups):
        ours = [one for one in records if one.group == group]
        states = [one in back for one in ours]
        # Once a record of a group is back, all later ones are.
        assert states == sorted(states)
        behind = [back[one] for one in ours if one in back][1:]
        # Only the head waits; its followers are visible at once, locked behind it.
        assert all(seconds == 0 for seconds in behind)
    assert len(handled) <= stop_after


def test_the_whole_answer_is_one_call() -> None:
    records = [record(1, "a"), record(2, "a"), record(3, "b")]
    batch = Batch(records)
    batch.put_back(records[0], 7.2)
    batch.done(records[2])
    visibility = RecordingVisibility()
    assert report(batch, visibility) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]
    }
    assert visibility.calls == [[("r1", 8), ("r2", 0)]]


def test_a_batch_that_is_done_makes_no_call() -> None:
    batch = Batch([record(1, "a")])
    batch.done(record(1, "a"))
    visibility = RecordingVisibility()
    assert report(batch, visibility) == {"batchItemFailures": []}
    assert visibility.calls == []


def test_a_held_destination_gives_everything_back_with_its_heads_waiting() -> None:
    records = [record(1, "a"), record(2, "a"), record(3, "b")]
    batch = Batch(records)
    batch.put_all_back(900)
    assert [seconds for _, seconds in batch.failures()] == [900, 0, 900]
    deliver(batch, lambda _: None, has_time=lambda: True)
    assert len(batch.failures()) == 3


def test_what_is_before_one_that_is_put_back_goes_on() -> None:
    records = [record(number, "a") for number in range(4)]
    batch = Batch(records)
    batch.put_back(records[2], 60)
    assert list(batch.live()) == records[:2]
    batch.put_back(records[1], 7)
    assert list(batch.live()) == records[:1]
    batch.done(records[0])
    assert batch.failures() == [(records[1], 7), (records[2], 0), (records[3], 0)]


def test_a_wait_is_at_most_what_sqs_takes() -> None:
    batch = Batch([record(1, "a")])
    batch.put_back(record(1, "a"), 10**9)
    assert batch.failures() == [(record(1, "a"), 12 * 60 * 60)]


def test_records_are_read_from_lambdas_event() -> None:
    (one,) = read_records(
        {
            "Records": [
                {
                    "messageId": "m1",
                    "receiptHandle": "r1",
                    "body": "{}",
                    "attributes": {
                        "MessageGroupId": "interaction:one",
                        "ApproximateReceiveCount": "3",
                        "SentTimestamp": "1790000000123",
                    },
                    "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:q.fifo",
                }
            ]
        }
    )
    assert (one.group, one.receive_count, one.sent_at) == ("interaction:one", 3, 1790000000.123)
