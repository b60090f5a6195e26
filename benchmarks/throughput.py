"""Events per second and core of the pure parts, against Python's own JSON on the same event."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from desk.apply.documents import read_documents
from desk.demo.documents import FOLDER
from desk.sender.scenario import PAYLOADS
from switchboard.destination_documents import compile_mapping_document
from switchboard.envelope import Raw
from switchboard.event import Event
from switchboard.mapping import compile_expression, compile_mapping
from switchboard.routing import Route, choose
from switchboard.sources import WEBHOOK_KINDS, Request
from switchboard.sources.jaas import JaasDocument

SECONDS = 1.0
NOW = 1_790_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """An event on its way."""

    request: Request
    event: Event
    raw: Raw


def measure() -> dict[str, str]:
    """Each part, as events per second and as a multiple of one JSON round trip."""
    sample = _sample()
    activity = read_documents(FOLDER)["mappings/activity"]
    mapping = compile_mapping_document("mappings/activity", activity)
    twenty = compile_mapping({f"F{n}": f"data.details.f{n}" for n in range(20)})
    routes = [Route(f"d{n}", compile_expression("type == 'x' || `true`"), 1) for n in range(3)]
    normalised = WEBHOOK_KINDS["jaas"].normalise(sample.event, sample.raw)

    def whole_way() -> None:
        event = WEBHOOK_KINDS["jaas"].normalise(sample.event, sample.raw)
        choose(event, routes)
        mapping.apply(event)

    json_rate = rate(lambda: json.loads(json.dumps(normalised.model_dump(mode="json"))))
    parts: dict[str, tuple[Callable[[], object], str]] = {
        "normalise, route to 3, map 8 fields": (whole_way, "10,000/s"),
        "a mapping of 20 paths": (lambda: twenty.apply(normalised), "80,000/s when compiled"),
    }
    found: dict[str, str] = {}
    for name, (part, budget) in parts.items():
        measured = rate(part)
        multiple = measured / json_rate
        found[name] = f"{measured:,.0f}/s, {multiple:.2f} x a JSON round trip | {budget}"
    return found


def _sample() -> Sample:
    payload = PAYLOADS["meetings"]("e1", "one", 1, NOW, {})
    body = json.dumps(payload).encode()
    request = Request((), body)
    document = JaasDocument()
    received = WEBHOOK_KINDS["jaas"].receive("meetings", request, document, float(NOW), float(NOW))
    raw = Raw(kind="jaas", body=body.decode(), received_at="2026-11-24T09:30:00.000Z")
    return Sample(request, received.event, raw)


def rate(part: Callable[[], object]) -> float:
    """Runs per second, over about a second."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        for _ in range(50):
            part()
        count += 50
    return count / (time.perf_counter() - began)
