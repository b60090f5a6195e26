"""The loop over a FIFO batch: one group's failure holds back that group and nobody else.

Record k of a group fails: k gets its back-off as visibility, its later followers 0. They stay
locked behind it (a group is locked while any of its messages is in flight), so order holds; with
the queue's own visibility they would lock the group for minutes. All of them are reported as
failures; an expected retry is never an error of the function.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from switchboard.queue import Visibility

LONGEST_VISIBILITY = 12 * 60 * 60


@dataclass(frozen=True, slots=True)
class Record:
    """A message of an SQS event. `sent_at` is in epoch seconds.

    `sequence` is SQS's number of it, which grows within a group.
    """

    message_id: str
    receipt_handle: str
    body: str
    group: str
    receive_count: int
    sent_at: float
    queue_arn: str
    sequence: str = ""

    @property
    def order(self) -> str:
        """Its place among the messages of its group: sorts as text, the same on every receive."""
        return f"{round(self.sent_at * 1000):015d}#{self.sequence:>020}"


def read_records(event: Mapping[str, Any]) -> list[Record]:
    """The records of a Lambda SQS event, in their order.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    return [
        Record(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            group=record["attributes"].get("MessageGroupId", record["messageId"]),
            receive_count=int(record["attributes"].get("ApproximateReceiveCount", "1")),
            sent_at=int(record["attributes"].get("SentTimestamp", "0")) / 1000,
            queue_arn=record["eventSourceARN"],
            sequence=record["attributes"].get("SequenceNumber", ""),
        )
        for record in event["Records"]
    ]


class Batch:
    """A batch on its way: what is done, what is put back, and what is held behind it."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = list(records)
        # The first of each: a standard queue may give a message twice, even in one batch.
        self._places = {record.message_id: place for place, record in [*enumerate(records)][::-1]}
        self._done: set[str] = set()
        self._back: dict[str, float] = {}
        self._blocked: dict[str, int] = {}

    def live(self) -> Iterator[Record]:
        """The records that still go on.

        Behind one that is put back its group drops out, also meanwhile; before it, it goes on.
        """
        for place, record in enumerate(self._records):
            is_blocked = place >= self._blocked.get(record.group, len(self._records))
            if not is_blocked and record.message_id not in self._done:
                yield record

    def from_here(self, head: Record) -> list[Record]:
        """`head` and what follows it in its group."""
        mine = [record for record in self._records if record.group == head.group]
        return mine[mine.index(head) :]

    def done(self, record: Record) -> None:
        """`record` is finished: its message may be deleted."""
        self._done.add(record.message_id)

    def put_back(self, record: Record, seconds: float) -> None:
        """Give `record` back to the queue for `seconds`, and its later followers with it."""
        self._back[record.message_id] = seconds
        place = self._places[record.message_id]
        self._blocked[record.group] = min(place, self._blocked.get(record.group, place))

    def put_all_back(self, seconds: float) -> None:
        """Give back everything that is live: each group's first record for `seconds`."""
        for record in self.live():
            self.put_back(record, seconds)

    def failures(self) -> list[tuple[Record, int]]:
        """Every record that is not done, with its visibility: only the head of a group waits."""
        heads: set[str] = set()
        failures: list[tuple[Record, int]] = []
        for record in self._records:
            if record.message_id in self._done:
                continue
            waits = self._back.get(record.message_id, 0.0) if record.group not in heads else 0.0
            heads.add(record.group)
            failures.append((record, _whole(waits)))
        return failures


def _whole(seconds: float) -> int:
    """SQS takes whole seconds; rounding up never wakes a delivery before its time."""
    return min(LONGEST_VISIBILITY, max(0, int(-(-seconds // 1))))


def report(batch: Batch, visibility: Visibility) -> dict[str, list[dict[str, str]]]:
    """Set the visibilities in one call and make Lambda's partial-batch answer."""
    failures = batch.failures()
    if failures:
        visibility.change_visibility(
            [(record.receipt_handle, seconds) for record, seconds in failures]
        )
    return {"batchItemFailures": [{"itemIdentifier": record.message_id} for record, _ in failures]}


def deliver(
    batch: Batch,
    handle: Callable[[Record], float | None],
    *,
    has_time: Callable[[], bool],
) -> None:
    """Hand each live record to `handle`, whose answer is None (done) or the seconds to wait.

    When `has_time` says that the next one might not finish, the rest goes back at once, with no
    attempt counted.
    """
    for record in batch.live():
        if not has_time():
            batch.put_all_back(0.0)
            return
        seconds = handle(record)
        if seconds is None:
            batch.done(record)
        else:
            batch.put_back(record, seconds)
