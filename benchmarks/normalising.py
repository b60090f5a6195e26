"""Contact Center's events a second, made canonical; what a number in them costs."""

import json
from datetime import UTC, datetime
from itertools import count

from benchmarks.throughput import rate
from infra.bundling import ROOT
from switchboard.catalogue import event_type
from switchboard.envelope import Raw
from switchboard.phone import parse
from switchboard.sources import KINDS
from switchboard.sources.stream import stream_event

SAMPLE = ROOT / "events" / "stream" / "InteractionAssigned.json"


def measure() -> dict[str, str]:
    """Each part, as events per second and as a multiple of one JSON round trip."""
    body = SAMPLE.read_text()
    event = stream_event("contact-center", body.encode(), datetime.now(UTC)).event
    raw = Raw(kind="stream", body=body, received_at="2026-11-24T09:30:00.000Z")
    normalise = KINDS["stream"].normalise
    data = normalise(event, raw).data
    known = event_type("stream", "interaction.assigned")
    model = None if known is None else known.data
    numbers = count(2_000_000)
    parts = {
        "normalise an event of the stream": lambda: normalise(event, raw),
        "a number that was never seen": lambda: parse(f"+1415{next(numbers)}"),
        "validate its data (on no way of an event)": lambda: model and model.model_validate(data),
    }
    json_rate = rate(lambda: json.loads(json.dumps(data)))
    found: dict[str, str] = {}
    for name, part in parts.items():
        measured = rate(part)
        found[name] = f"{measured:,.0f}/s, {measured / json_rate:.2f} x a JSON round trip"
    return found
