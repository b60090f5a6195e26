from collections import Counter

import pytest

from desk.emulator.limits import SqsError
from desk.emulator.standard_queues import StandardQueue


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> StandardQueue:
    return StandardQueue("lake", clock=clock, visibility=30)


def emptied(queue: StandardQueue) -> list[str]:
    """The bodies in the order of their receipt; each is deleted."""
    bodies: list[str] = []
    while received := queue.receive(10, 0):
        for message in received:
            bodies.append(message["Body"])
            queue.delete(message["ReceiptHandle"])
    return bodies


def test_delivers_everything_at_least_once_some_twice_and_in_no_order(queue: StandardQueue) -> None:
    sent = [str(number) for number in range(200)]
    for body in sent:
        queue.send(body)
    bodies = emptied(queue)
    assert set(bodies) == set(sent)
    assert {1, 2} == set(Counter(bodies).values())
    assert bodies != sorted(bodies, key=int)


def test_does_the_same_again_under_the_same_name(clock: Clock) -> None:
    runs = []
    for _ in range(2):
        queue = StandardQueue("lake", clock=clock)
        for number in range(50):
            queue.send(str(number))
        runs.append(emptied(queue))
    assert runs[0] == runs[1]


def test_a_copy_has_the_id_of_its_message_and_a_receipt_of_its_own(queue: StandardQueue) -> None:
    for _ in range(100):
        queue.send("same")
    received = [one for _ in range(20) for one in queue.receive(10, 0)]
    ids = {one["MessageId"] for one in received}
    receipts = {one["ReceiptHandle"] for one in received}
    assert len(ids) == 100 < len(receipts) == len(received)


def test_has_neither_group_nor_sequence(queue: StandardQueue) -> None:
    queue.send("x")
    (message, *_) = queue.receive(1, 0)
    assert not {"MessageGroupId", "SequenceNumber"} & set(message["Attributes"])


def test_what_is_in_flight_comes_back_after_its_visibility(
    queue: StandardQueue, clock: Clock
) -> None:
    queue.send("x")
    (message, *_) = queue.receive(10, 0)
    assert queue.counts()["ApproximateNumberOfMessagesNotVisible"] == "1"
    queue.change_visibility(message["ReceiptHandle"], 5)
    clock.now += 4
    assert queue.receive(10, 0) == []
    clock.now += 1
    (again,) = queue.receive(10, 0)
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_run_out_receipt_deletes_nothing(queue: StandardQueue, clock: Clock) -> None:
    queue.send("x")
    (message,) = queue.receive(10, 0)
    clock.now += 31
    (again,) = queue.receive(10, 0)
    queue.delete(message["ReceiptHandle"])
    assert queue.counts()["ApproximateNumberOfMessagesNotVisible"] == "1"
    queue.delete(again["ReceiptHandle"])
    assert queue.counts()["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_receipt_of_another_queue_is_refused(queue: StandardQueue) -> None:
    with pytest.raises(SqsError):
        queue.delete("nonsense")


def test_a_delayed_message_waits(queue: StandardQueue, clock: Clock) -> None:
    queue.send("x", 10)
    assert queue.receive(10, 0) == []
    clock.now += 10
    assert len(queue.receive(10, 0)) == 1


def test_what_is_received_too_often_is_moved(queue: StandardQueue, clock: Clock) -> None:
    queue.max_receives, queue.dead_letters = 2, StandardQueue("dead", clock=clock)
    queue.send("x")
    for _ in range(3):
        queue.receive(1, 0)
        clock.now += 31
    assert (queue.moved, emptied(queue.dead_letters)) == (1, ["x"])
