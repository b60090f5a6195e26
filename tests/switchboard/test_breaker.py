from switchboard.breaker import Breaker, DestinationState, StateReader
from switchboard.errors import Unavailable
from switchboard.testing.stores import MemoryStates


def test_the_item_is_read_at_most_every_five_seconds() -> None:
    store = MemoryStates()
    reader = StateReader(store, "crm")
    for second in range(11):
        reader.read(1000.0 + second)
    assert store.reads == 3


def test_an_item_that_cannot_be_read_counts_as_closed() -> None:
    store = MemoryStates()
    store.states["crm"] = DestinationState(paused=True)
    reader = StateReader(store, "crm")
    assert reader.read(0.0).holds_for(0.0) > 0
    store.failure = Unavailable("throttled")
    assert reader.read(10.0).holds_for(10.0) == 0


def test_what_holds_a_destination() -> None:
    assert DestinationState().holds_for(100.0) == 0
    assert DestinationState(paused=True).holds_for(100.0) == 900
    assert DestinationState(breaker=Breaker.OPEN, until=130.0).holds_for(100.0) == 30
    assert DestinationState(not_before=120.0).holds_for(100.0) == 20
