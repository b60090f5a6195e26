from collections.abc import Callable
from typing import Any

import pytest

from desk.emulator.limits import SqsError
from desk.emulator.polled import LONGEST_VISIBILITY
from desk.emulator.queues import DEDUPLICATION_SECONDS, Queue


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue("q.fifo", clock=clock, visibility=30)


def fill(queue: Queue, *bodies: str) -> None:
    """`a0` goes to group `a`."""
    for body in bodies:
        queue.send(body, body[0], body)


def bodies(received: list[dict[str, Any]]) -> list[str]:
    return [message["Body"] for message in received]


def test_keeps_the_order_of_a_group(queue: Queue) -> None:
    fill(queue, "a0", "b0", "a1", "b1", "a2")
    received = bodies(queue.receive(10, 0))
    assert [body for body in received if body[0] == "a"] == ["a0", "a1", "a2"]
    assert [body for body in received if body[0] == "b"] == ["b0", "b1"]


def test_locks_a_group_while_any_of_its_messages_is_in_flight(queue: Queue) -> None:
    fill(queue, "a0", "a1", "b0")
    (head,) = queue.receive(1, 0)
    assert head["Body"] == "a0"
    assert bodies(queue.receive(10, 0)) == ["b0"]
    queue.delete(head["ReceiptHandle"])
    assert bodies(queue.receive(10, 0)) == ["a1"]


def test_gives_a_batch_back_in_order_after_the_visibility_time_out(
    queue: Queue, clock: Clock
) -> None:
    fill(queue, "a0", "a1", "a2")
    assert bodies(queue.receive(10, 0)) == ["a0", "a1", "a2"]
    clock.now += 29
    assert queue.receive(10, 0) == []
    clock.now += 1
    fill(queue, "a3")
    assert bodies(queue.receive(10, 0)) == ["a0", "a1", "a2", "a3"]


def test_followers_with_visibility_0_stay_locked_behind_their_head(
    queue: Queue, clock: Clock
) -> None:
    fill(queue, "a0", "a1", "a2")
    head, *followers = queue.receive(10, 0)
    queue.change_visibility(head["ReceiptHandle"], 5)
    for follower in followers:
        queue.change_visibility(follower["ReceiptHandle"], 0)
    assert queue.receive(10, 0) == []
    clock.now += 5
    assert bodies(queue.receive(10, 0)) == ["a0", "a1", "a2"]


def test_a_head_left_with_the_queues_own_visibility_locks_its_group(
    queue: Queue, clock: Clock
) -> None:
    fill(queue, "a0", "a1")
    head, follower = queue.receive(10, 0)
    queue.change_visibility(head["ReceiptHandle"], 1)
    del follower
    clock.now += 2
    assert queue.receive(10, 0) == []
    clock.now += 28
    assert bodies(queue.receive(10, 0)) == ["a0", "a1"]


def test_counts_receives_of_followers_too(queue: Queue) -> None:
    fill(queue, "a0", "a1")
    for _ in range(3):
        for message in queue.receive(10, 0):
            queue.change_visibility(message["ReceiptHandle"], 0)
    received = queue.receive(10, 0)
    counts = [message["Attributes"]["ApproximateReceiveCount"] for message in received]
    assert counts == ["4", "4"]


def test_never_gives_a_message_twice_in_one_receive(queue: Queue) -> None:
    fill(queue, "a0")
    assert bodies(queue.receive(10, 0, visibility=0)) == ["a0"]


def test_swallows_a_seen_id_for_five_minutes_even_after_its_message_was_deleted(
    queue: Queue, clock: Clock
) -> None:
    first = queue.send("one", "g", "id")
    queue.delete(queue.receive(1, 0)[0]["ReceiptHandle"])
    clock.now += DEDUPLICATION_SECONDS - 1
    second = queue.send("two", "g", "id")
    assert second["MessageId"] == first["MessageId"]
    assert queue.receive(10, 0) == []
    clock.now += 1
    queue.send("three", "g", "id")
    assert bodies(queue.receive(10, 0)) == ["three"]


def test_a_swallowed_repeat_does_not_lengthen_the_five_minutes(queue: Queue, clock: Clock) -> None:
    queue.send("one", "g", "id")
    clock.now += 200
    queue.send("two", "g", "id")
    clock.now += 100
    queue.send("three", "g", "id")
    assert bodies(queue.receive(10, 0)) == ["one", "three"]


def test_the_same_id_in_another_group_is_another_message(queue: Queue) -> None:
    queue.send("one", "g", "id")
    queue.send("two", "h", "id")
    assert sorted(bodies(queue.receive(10, 0))) == ["one", "two"]


def test_moves_a_message_after_max_receives(queue: Queue, clock: Clock) -> None:
    dead = Queue("dead.fifo", clock=clock)
    dead.send("an older one", "a", "a0")
    queue.max_receives, queue.dead_letters = 2, dead
    fill(queue, "a0")
    for _ in range(2):
        (message,) = queue.receive(10, 0)
        queue.change_visibility(message["ReceiptHandle"], 0)
    fill(queue, "a1")
    assert bodies(queue.receive(10, 0)) == ["a1"]
    moved = dead.receive(10, 0)
    # No deduplication memory swallows what SQS itself moves, and its count starts anew.
    assert bodies(moved) == ["an older one", "a0"]
    assert moved[1]["Attributes"]["ApproximateReceiveCount"] == "1"
    assert queue.moved == 1


def test_deleting_twice_is_no_error(queue: Queue) -> None:
    fill(queue, "a0")
    (message,) = queue.receive(1, 0)
    queue.delete(message["ReceiptHandle"])
    queue.delete(message["ReceiptHandle"])


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(SqsError) as caught:
        act()
    return caught.value.code


def test_a_run_out_receipt_deletes_nothing(queue: Queue, clock: Clock) -> None:
    fill(queue, "a0")
    (first,) = queue.receive(1, 0)
    clock.now += 30
    assert refused(lambda: queue.delete(first["ReceiptHandle"])) == "ReceiptHandleIsInvalid"
    (second,) = queue.receive(1, 0)
    assert refused(lambda: queue.delete(first["ReceiptHandle"])) == "ReceiptHandleIsInvalid"
    assert refused(lambda: queue.change_visibility(first["ReceiptHandle"], 1)) == (
        "MessageNotInflight"
    )
    queue.delete(second["ReceiptHandle"])
    assert queue.counts()["ApproximateNumberOfMessages"] == "0"


def test_a_foreign_receipt_is_refused(queue: Queue) -> None:
    assert refused(lambda: queue.delete("foreign")) == "ReceiptHandleIsInvalid"


def test_visibility_ends_12_hours_after_the_receive(queue: Queue, clock: Clock) -> None:
    fill(queue, "a0")
    (message,) = queue.receive(1, 0)
    receipt = message["ReceiptHandle"]
    assert refused(lambda: queue.change_visibility(receipt, LONGEST_VISIBILITY + 1)) == (
        "InvalidParameterValue"
    )
    clock.now += 10
    assert refused(lambda: queue.change_visibility(receipt, LONGEST_VISIBILITY)) == (
        "InvalidParameterValue"
    )
    queue.change_visibility(receipt, LONGEST_VISIBILITY - 10)


def test_counts_what_waits_and_what_is_in_flight(queue: Queue, clock: Clock) -> None:
    fill(queue, "a0", "a1", "b0")
    queue.receive(1, 0)
    counts = queue.counts()
    assert counts["ApproximateNumberOfMessages"] == "2"
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1"
    clock.now += 30
    assert queue.counts()["ApproximateNumberOfMessages"] == "3"


def test_a_purge_deletes_what_is_in_flight_as_well(queue: Queue) -> None:
    fill(queue, "a0", "a1", "b0")
    queue.receive(1, 0)
    queue.purge()
    fill(queue, "c0")
    assert bodies(queue.receive(10, 0)) == ["c0"]


def test_gives_groups_their_turns(queue: Queue) -> None:
    fill(queue, *(f"a{number}" for number in range(10)), "b0")
    assert bodies(queue.receive(2, 0)) == ["a0", "a1"]
    assert bodies(queue.receive(2, 0)) == ["b0"]


def test_a_deep_queue_loses_nothing(queue: Queue) -> None:
    for number in range(3000):
        queue.send(str(number), str(number % 700), str(number))
    seen: list[str] = []
    while received := queue.receive(10, 0):
        seen.extend(bodies(received))
        for message in received:
            queue.delete(message["ReceiptHandle"])
    assert sorted(seen, key=int) == [str(number) for number in range(3000)]
    for group in range(700):
        mine = [int(body) for body in seen if int(body) % 700 == group]
        assert mine == sorted(mine)


def test_a_waiting_receive_sees_a_message_that_becomes_visible() -> None:
    import time

    queue = Queue("q.fifo", clock=time.time, visibility=30)
    fill(queue, "a0")
    queue.receive(1, 0, visibility=1)
    assert bodies(queue.receive(1, 20)) == ["a0"]
