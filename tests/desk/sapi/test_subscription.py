"""What a subscription keeps for its client; the rows are those of the reference."""

from hypothesis import given
from hypothesis import strategies as st

from desk.sapi.subscription import Subscription


def test_replay_what_comes_while_nobody_is_connected_waits() -> None:
    """Reference: replay up to 2 h."""
    subscription = Subscription(7200)
    subscription.connect(0)
    subscription.leave(10)
    subscription.publish(b"one", 20)
    subscription.connect(10 + 7200)
    assert subscription.take(10) == [b"one"]


def test_replay_beyond_the_window_it_is_a_brand_new_subscription() -> None:
    """Reference: beyond 2 h nothing is replayed."""
    subscription = Subscription(7200)
    subscription.connect(0)
    subscription.leave(10)
    subscription.publish(b"one", 20)
    subscription.connect(10 + 7200.1)
    assert subscription.take(10) == []
    subscription.publish(b"two", 8000)
    assert subscription.take(10) == [b"two"]


@given(st.lists(st.integers(1, 4)), st.integers(0, 20))
def test_what_could_not_be_written_is_written_later_in_its_order(
    sizes: list[int], failing: int
) -> None:
    subscription = Subscription(1)
    subscription.connect(0)
    payloads = [str(number).encode() for number in range(20)]
    for payload in payloads:
        subscription.publish(payload, 0)
    written: list[bytes] = []
    for number, size in enumerate([*sizes, 20]):
        taken = subscription.take(size)
        if number == failing and taken:
            subscription.put_back(taken)
            taken = subscription.take(len(taken))
        written += taken
    assert written == payloads
