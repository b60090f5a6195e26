"""A replay from raw: the event is made anew from what came, and goes where it is ordered to."""

import gzip

from switchboard.envelope import DeliveryOrder, Envelope, RawRef, encode
from switchboard.testing.deliveries import make_event
from tests.functions.route_events.bench import Bench, arrived, record


def ordered(ref: RawRef | None, **order: bool) -> Envelope:
    event = make_event(1, data={"details": {"number": "as it was understood"}})
    delivery = DeliveryOrder(only="crm", replay="r-1", generation=1, **order)
    return Envelope(event=event, group="interaction:one", raw_ref=ref, delivery=delivery)


def replayed(bench: Bench, envelope: Envelope) -> None:
    assert envelope.event is not None
    one = record(envelope, envelope.event)
    assert bench.route(one) == {}


def archived(bench: Bench) -> RawRef:
    """Where the payload of the first event is, once it was routed."""
    bench.route(arrived(1))
    ref = bench.sent("crm")[0].raw_ref
    assert ref is not None
    return ref


def test_the_event_is_what_its_payload_says_now() -> None:
    bench = Bench()
    ref = archived(bench)
    before = dict(bench.bucket.objects)
    replayed(bench, ordered(ref, from_raw=True))
    _, again = bench.sent("crm")
    assert again.event is not None
    assert again.event.data["details"] == {"number": 1}
    assert again.raw_ref == ref
    assert again.delivery == DeliveryOrder(only="crm", replay="r-1", generation=1)
    assert bench.bucket.objects == before
    assert len(bench.sent("lake")) == 1


def test_without_it_the_event_goes_as_it_was_recorded() -> None:
    bench = Bench()
    replayed(bench, ordered(archived(bench)))
    _, again = bench.sent("crm")
    assert again.event is not None
    assert again.event.data["details"] == {"number": "as it was understood"}


def test_a_payload_that_is_gone_or_blank_is_a_dead_letter_that_says_so() -> None:
    bench = Bench()
    ref = archived(bench)
    bench.bucket.objects[ref.key] = gzip.compress(b"\n")
    replayed(bench, ordered(ref, from_raw=True))
    bench.bucket.objects.clear()
    replayed(bench, ordered(ref, from_raw=True))
    assert len(bench.sent("crm")) == 1
    assert all("it holds no payload" in str(reason) for reason in bench.reasons())
    assert len(bench.reasons()) == 2


def test_other_orders_are_written_as_before() -> None:
    """Releases that do not know the field read them."""
    assert "from_raw" not in encode(ordered(None))
    assert "from_raw" in encode(ordered(None, from_raw=True))
