"""The pure part of the simulator, whatever the order of things."""

import itertools
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from desk.pulsar.inbox import Inbox
from desk.pulsar.reading import EARLIEST, Reading
from desk.pulsar.subscription import Kind, Subscription
from desk.pulsar.topic import Message, Topic

SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=12)
KINDS = st.sampled_from(Kind)


def filled(sizes: list[int]) -> Topic:
    """Entries of so many messages, numbered through."""
    ledgers = itertools.count(1, 3)
    topic = Topic("t", lambda: next(ledgers), entries_per_ledger=3)
    numbers = itertools.count()
    for size in sizes:
        messages = [Message(str(next(numbers)).encode()) for _ in range(size)]
        topic.append(messages, batched=size > 1, at=0)
    return topic


def at_once(_: float, run: Callable[[], None]) -> None:
    run()


def never(_: float, run: Callable[[], None]) -> None:
    """No time passes."""


@given(SIZES, st.integers(1, 8), st.data())
def test_a_reading_goes_on_behind_any_message(
    sizes: list[int], queue: int, data: st.DataObject
) -> None:
    topic = filled(sizes)
    whole = list(iter(Reading(topic, EARLIEST, queue).take, None))
    assert [each.message.payload for each in whole] == [str(n).encode() for n in range(sum(sizes))]
    cut = data.draw(st.integers(0, len(whole) - 1))
    rest = list(iter(Reading(topic, whole[cut].id, queue).take, None))
    assert rest == whole[cut + 1 :]


@given(SIZES, st.integers(1, 8), st.data())
def test_a_reading_that_is_attached_again_misses_and_repeats_nothing(
    sizes: list[int], queue: int, data: st.DataObject
) -> None:
    topic = filled(sizes)
    reading = Reading(topic, EARLIEST, queue)
    taken = []
    while (delivery := reading.take()) is not None:
        taken.append(delivery.message.payload)
        if data.draw(st.booleans()):
            topic.roll_over()
            reading.attach(topic)
    assert taken == [str(n).encode() for n in range(sum(sizes))]


@given(SIZES, KINDS, st.integers(1, 6), st.data())
def test_a_subscription_delivers_everything_in_the_end(
    sizes: list[int], kind: Kind, queue: int, data: st.DataObject
) -> None:
    """Whatever is acked, taken without an ack, nacked or left behind by a consumer that goes."""
    topic = filled(sizes)
    subscription = Subscription("one", topic, at_once, earliest=True)
    inbox = Inbox(queue)
    subscription.attach(inbox, kind)
    acked: set[int] = set()
    for _ in range(60):
        match data.draw(st.sampled_from(["ack", "take", "nack", "leave"])):
            case "leave":
                subscription.detach(inbox)
                inbox = Inbox(queue)
                subscription.attach(inbox, kind)
            case action:
                delivery = inbox.take()
                if delivery is None:
                    continue
                assert delivery.index not in acked or action != "ack" or len(delivery.unacked) > 0
                if action == "nack":
                    subscription.redeliver(inbox, [delivery.index])
                elif action == "ack":
                    delivery.unacked.discard(max(0, delivery.id.batch_index))
                    if not delivery.unacked:
                        subscription.ack(delivery.index)
                        acked.add(delivery.index)
    subscription.detach(inbox)
    last = Inbox(1000)
    subscription.attach(last, kind)
    came = {delivery.index for delivery in iter(last.take, None)}
    assert came == set(range(len(sizes))) - acked
    assert subscription.backlog == len(came)


def test_trimming_keeps_what_a_durable_subscription_needs() -> None:
    topic = filled([1] * 10)
    subscription = Subscription("one", topic, never, earliest=True)
    for index in range(4):
        subscription.ack(index)
    assert topic.trim(subscription.mark) == 3
    assert topic.first == 3
    assert topic.trim(topic.end) == 6
    assert topic.entry(9).messages[0].payload == b"9"
    assert subscription.mark == 9
