"""What an event of the stream costs in each stage on its way, and whether a million leave a trace.

Every event is another interaction's, with a phone number that was not seen before, so that nothing
is answered from a cache which no real stream would fill like that.
"""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from benchmarks.normalising import SAMPLE
from switchboard.archive import RawLine, encode_lines
from switchboard.drift_watch import DriftWatch
from switchboard.envelope import DeliveryOrder, Envelope, Raw, decode, encode
from switchboard.event import Event
from switchboard.interactions import fold
from switchboard.mapping import compile_expression, compile_mapping
from switchboard.routing import Route, choose
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event
from switchboard.testing.shape_store import MemoryShapes
from switchboard.testing.stores import RecordingTelemetry

EVENTS = 1_000_000
FIRST = 200_000
"""Until here caches fill; the memory of the rest is held against it."""

ROUND = 2_000
STATM = Path("/proc/self/statm")
RECEIVED = "2026-11-24T09:30:00.000Z"
FIELDS = {
    "id": "data.interaction",
    "phone": "e164(data.customer.phone)",
    "queue": "coalesce(data.queue_name, data.queue)",
    "agent": "data.agent",
    "at": "local_time(time, 'Europe/Berlin')",
    "media": "lower(data.media)",
    "subject": "concat(type, ': ', data.customer.name)",
    "direction": "when(data.direction == 'in', 'inbound', 'outbound')",
}


class Way:
    """An event's way through one sandbox, stage by stage, without its requests to AWS."""

    def __init__(self) -> None:
        self._body = SAMPLE.read_text()
        self._numbers = count(2_000_000)
        self._normalise = KINDS["stream"].normalise
        self._drift = DriftWatch(MemoryShapes(), time.time, RecordingTelemetry())
        self._mapping = compile_mapping(FIELDS)
        self._routes = [
            Route(f"d{n}", compile_expression("starts_with(type, 'interaction.')"), 1)
            for n in range(3)
        ]

    def arrived(self) -> Envelope:
        """Another event, as the reader of the stream makes it of its frame."""
        number = next(self._numbers)
        body = self._body.replace("2025550123", f"415{number}").replace("int-", f"int-{number}-")
        event = stream_event("contact-center", body.encode(), datetime.now(UTC)).event
        raw = Raw(kind="stream", body=body, received_at=RECEIVED)
        return Envelope(event=event, group=f"interaction:{number}", raw=raw)

    def stages(self) -> Iterator[tuple[str, Callable[[], object]]]:
        """Each stage, with what the one before it made."""
        envelopes = [self.arrived() for _ in range(ROUND)]
        bodies = [encode(one) for one in envelopes]
        events = [self._canonical(one) for one in envelopes]
        lines = [
            RawLine(event.id, event.source, event.time, one.raw)
            for one, event in zip(envelopes, events, strict=True)
            if one.raw is not None
        ]
        turn = count()
        yield "read the stream's event", self.arrived
        yield "write the envelope", lambda: encode(envelopes[next(turn) % ROUND])
        yield "read the envelope", lambda: decode(bodies[next(turn) % ROUND])
        yield "normalise (numbers known)", lambda: self._canonical(envelopes[next(turn) % ROUND])
        yield "write its line of the archive", lambda: encode_lines([lines[next(turn) % ROUND]])
        yield "watch drift", lambda: self._drift.observe("stream", events[next(turn) % ROUND])
        yield "route to three", lambda: choose(events[next(turn) % ROUND], self._routes)
        yield "map eight fields", lambda: self._mapping.apply(events[next(turn) % ROUND])
        yield "write an order", lambda: encode(self._order(events[next(turn) % ROUND]))
        yield "fold an interaction of ten", lambda: fold(events[next(turn) % 1000 :][:10])

    def whole(self) -> None:
        """All of it once."""
        envelope = decode(encode(self.arrived()))
        event = self._canonical(envelope)
        self._drift.observe("stream", event)
        for choice in choose(event, self._routes).choices:
            json.dumps(self._mapping.apply(event))
            encode(self._order(event, choice.name))
        fold([event])

    def _canonical(self, envelope: Envelope) -> Event:
        if envelope.event is None or envelope.raw is None:
            raise AssertionError("it has been read from its frame")
        return self._normalise(envelope.event, envelope.raw)

    def _order(self, event: Event, name: str = "crm") -> Envelope:
        return Envelope(event=event, group=event.subject or "", delivery=DeliveryOrder(only=name))


def measure() -> dict[str, str]:
    """Microseconds of processor time for each stage, and as a share of all of them once."""
    way = Way()
    whole = _microseconds(way.whole)
    found = {
        name: f"{(each := _microseconds(stage)):,.1f} µs, {each / whole:.2f} x the whole way"
        for name, stage in way.stages()
    }
    return {"an event's whole way, to three": f"{whole:,.1f} µs, 1.00 x", **found}


def measure_memory() -> dict[str, str]:
    """The process's memory after a part of a million events, and after all of them."""
    way = Way()
    for _ in range(FIRST):
        way.whole()
    before = _resident_mb()
    for _ in range(EVENTS - FIRST):
        way.whole()
    after = _resident_mb()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        f"memory after {EVENTS:,} events": f"{after:,.1f} MB, {after / before:.3f} x that after"
        f" {FIRST:,}; at most {peak:,.1f} MB | flat"
    }


def _microseconds(stage: Callable[[], object]) -> float:
    """The best of some rounds: what else runs on the machine counts little."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(ROUND):
            stage()
        best = min(best, time.process_time() - began)
    return best / ROUND * 1e6


def _resident_mb() -> float:
    pages = int(STATM.read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
