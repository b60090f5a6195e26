"""A tolerant mapping of twenty fields, decode to encode: compiled, interpreted, written by hand.

Rates are of processor time, in the best of several rounds, so that what else runs on the machine
counts little.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jmespath
from jmespath.visitor import Options
from pydantic_core import from_json, to_json

from benchmarks.mapping_by_hand import by_hand
from switchboard.event import Event
from switchboard.gathering import looked_up
from switchboard.mapping import Given, compile_mapping
from switchboard.mapping.beside import EXAMPLE
from switchboard.reference import Lookups
from switchboard.testing.interpreter import OurFunctions
from switchboard.testing.reference_store import MemoryReference

ROUND = 2000

FIELDS: Mapping[str, str] = {
    "Subject": "concat('Call from ', coalesce(data.customer.name, data.customer.number, 'me'))",
    "Type": "type",
    "CallObject": "data.interaction.id",
    "Direction": "when(data.interaction.direction == 'in', 'Inbound', 'Outbound')",
    "Media": "lower(data.interaction.media)",
    "Queue": "data.queue.name || data.queue.id",
    "QueueId": "data.queue.id",
    "Agent": "coalesce(data.agent.name, data.agent.id)",
    "AgentId": "data.agent.id",
    "Customer": "trim(data.customer.name)",
    "Phone": "data.customer.number",
    "Account": "data.customer.account.id",
    "Tier": "data.customer.account.tier || 'standard'",
    "TalkSeconds": "data.durations.talk_seconds",
    "Talk": "hhmmss(data.durations.talk_seconds)",
    "HoldSeconds": "data.durations.hold_seconds",
    "WaitMinutes": "minutes(data.durations.wait_seconds)",
    "Vip": "data.customer.account.tier == 'gold' && data.durations.wait_seconds > `60`",
    "Disposition": "data.disposition.codes[0].name",
    "At": "time",
}
"""What a CRM's activity of a call is made of."""

LOOKUPS: Mapping[str, str] = {
    **FIELDS,
    "Queue": "lookup('queues', data.queue.id, 'name')",
    "Tier": "lookup('accounts', data.customer.account.id, 'tier', 'standard')",
}
PHONES: Mapping[str, str] = {
    **FIELDS,
    "Phone": "e164(data.customer.number)",
    "Account": "e164(data.called, 'GB')",
}


def measure() -> dict[str, str]:
    """Events per second and core, and how much of a hand-written function's speed that is."""
    compiled, phones = compile_mapping(FIELDS), compile_mapping(PHONES)
    texts = [_event(number) for number in range(20_000)]
    _check_equal(texts[:50], compiled.evaluate)
    found = {}
    hand = _rate(texts, by_hand)
    rows: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
        "20 fields, compiled": (compiled.evaluate, "80,000/s"),
        "20 fields, the library's interpreter": (_interpreted(FIELDS), ""),
        "20 fields, two new E.164 numbers": (phones.evaluate, "30,000/s"),
        "20 fields, two new numbers, interpreted": (_interpreted(PHONES), ""),
    }
    found["20 fields, written by hand in Python"] = f"{hand:,.0f}/s, 1.00 x | "
    for name, (mapped, budget) in rows.items():
        rate = _rate(texts, mapped)
        found[name] = f"{rate:,.0f}/s, {rate / hand:.2f} x by hand | {budget}"
    found.update(_looking_up(texts, compiled.evaluate))
    model = _rate(texts, lambda document: compiled.apply(_as_event(document)))
    found["20 fields, as the functions read events"] = f"{model:,.0f}/s, {model / hand:.2f} x | "
    return found


def _looking_up(
    texts: list[bytes], plain: Callable[[dict[str, Any]], Any]
) -> Iterator[tuple[str, str]]:
    """Two fields out of reference data: its rows at hand, and collected first from a warm cache."""
    texts = texts[:ROUND] * (len(texts) // ROUND)
    documents = [json.loads(text) for text in texts[:ROUND]]
    reference = MemoryReference({("queues", "1162"): {"name": "Support"}})
    for number in range(0, ROUND, 2):
        reference.rows["accounts", f"001{number:012d}"] = {"tier": "gold"}
    mapping, lookups = compile_mapping(LOOKUPS), Lookups(reference, time.time)
    asking = mapping.asking
    lookups.prefetch([asking.about(document, None) for document in documents])
    given = Given(reference.rows)
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        "20 fields, two looked up, rows at hand": lambda one: mapping.evaluate(one, given),
        "20 fields, two looked up, keys collected": lambda one: mapping.evaluate(
            one, looked_up(lookups, asking, one)
        ),
    }
    base = _rate(texts, plain)
    for name, mapped in ways.items():
        rate = _rate(texts, mapped)
        yield name, f"{rate:,.0f}/s, {rate / base:.2f} x without | "
    if len(reference.reads) != 1:
        raise AssertionError("the batch was read with more than one request")


def _as_event(document: dict[str, Any]) -> Event:
    return Event.model_validate(document)


def _interpreted(fields: Mapping[str, str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    parsed = {field: jmespath.compile(text) for field, text in fields.items()}
    options = Options(custom_functions=OurFunctions(EXAMPLE))

    def mapped(document: dict[str, Any]) -> dict[str, Any]:
        return {field: one.search(document, options=options) for field, one in parsed.items()}

    return mapped


def _check_equal(texts: list[bytes], compiled: Callable[[dict[str, Any]], Any]) -> None:
    for text in texts:
        document = json.loads(text)
        if not compiled(document) == by_hand(document) == _interpreted(FIELDS)(document):
            raise AssertionError("what is measured are not equals")


def _rate(texts: list[bytes], mapped: Callable[[dict[str, Any]], Any]) -> float:
    """Events per second, from the bytes of an event to the bytes of an output: the best round."""
    found = 0.0
    for first in range(0, len(texts), ROUND):
        began = time.process_time()
        for text in texts[first : first + ROUND]:
            to_json(mapped(from_json(text)))
        found = max(found, ROUND / (time.process_time() - began))
    return found


def _event(number: int) -> bytes:
    """An event; no two have the same phone numbers, and half lack something."""
    customer: dict[str, Any] = {
        "name": f" Customer {number} ",
        "number": f"+1415555{number % 8000 + 2000:04d}"
        if number % 2
        else f"(212) 555-{number % 8000 + 2000:04d}",
        "account": {"id": f"001{number:012d}", "tier": ("gold", "silver")[number % 2]},
    }
    if number % 2:
        del customer["name"]
    data: dict[str, Any] = {
        "interaction": {"id": f"int-{number}", "direction": "in", "media": "Phone"},
        "queue": {"id": 1162, "name": "Support"} if number % 3 else {"id": 1162},
        "agent": {"id": f"ag{number % 100}", "name": "Ada"},
        "customer": customer,
        "called": f"+4420794{number % 89_999 + 10_000:05d}",
        "durations": {"talk_seconds": str(number % 3600), "hold_seconds": 0, "wait_seconds": 61},
        "disposition": {"codes": [{"id": 1, "name": "Solved"}]} if number % 5 else None,
    }
    event = {
        "specversion": "1.0",
        "id": f"{number:040x}",
        "source": "pbx",
        "type": "interaction.closed",
        "subject": f"int-{number}",
        "time": "2026-11-24T09:30:00.000Z",
        "data": data,
        "sourceeventid": str(number),
    }
    return json.dumps(event).encode()
