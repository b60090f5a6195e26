"""What waits in the router, and what becomes of the rest of its group meanwhile."""

from collections.abc import Iterator

import pytest

from switchboard.errors import Unavailable
from switchboard.loop import Batch, Record
from switchboard.testing.deliveries import make_event
from tests.functions.route_events.bench import Bench, arrived, numbers


class HoldsBackWhatIsBefore(Batch):
    """One that waits takes its whole group off the way."""

    def live(self) -> Iterator[Record]:
        return (record for record in super().live() if record.group not in self._blocked)


def route_behind_one_that_waits(batches: type[Batch]) -> None:
    bench = Bench(batches=batches)
    one, two, three = (arrived(number, receive_count=3) for number in (1, 2, 3))
    bench.bucket.failure = Unavailable("away")
    wait = bench.route(two)[two.message_id]
    assert wait > 0
    bench.bucket.failure = None
    assert bench.route(one, two, three) == {two.message_id: wait, three.message_id: 0}
    assert numbers(bench.sent("crm")) == [1]
    bench.clock.forward(wait)
    assert bench.route(two, three) == {}
    assert numbers(bench.sent("crm")) == [1, 2, 3]


def test_one_that_waits_holds_back_what_follows_it_and_not_what_is_before_it() -> None:
    """Else the first comes back at once, for as long as the other waits, until SQS buries it."""
    route_behind_one_that_waits(Batch)


def test_it_is_found_if_what_is_before_is_held_back() -> None:
    with pytest.raises(AssertionError):
        route_behind_one_that_waits(HoldsBackWhatIsBefore)


@pytest.mark.parametrize("store", ["bucket", "events", "parameters"])
def test_what_follows_one_that_waits_has_no_wait_of_its_own(store: str) -> None:
    bench = Bench()
    records = [arrived(number, receive_count=3) for number in (1, 2, 3)]
    getattr(bench, store).failure = Unavailable("away")
    bench.route(*records)
    now = bench.clock()
    waits = {entry.event_id: entry.until > now for entry in bench.ledger.entries.values()}
    assert [waits.get(make_event(number).id, False) for number in (1, 2, 3)] == [
        store != "parameters",
        False,
        False,
    ]
