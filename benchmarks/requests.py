"""AWS requests per event and destination, counted at the emulator's socket.

Once with every event alone in its batch, and once with batches as full as the queues make them.
What the platform does by itself is left out: polls that find nothing, and logs.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from desk.demo.documents import configure
from desk.demo.evidence import read_calls
from desk.demo.main import synthesize
from desk.demo.prices import shares, together
from desk.laptop import LaptopStack
from desk.sender.scenario import PAYLOADS
from switchboard.envelope import Envelope, Raw
from switchboard.event import group_of
from switchboard.sources import WEBHOOK_KINDS, Request
from switchboard.sources.jaas import JaasDocument
from switchboard.testing.stand_in import StandIn

ACCOUNT = "123456789012"
DESTINATIONS = 3


def measure() -> dict[str, str]:
    """Requests and dollars per million, at single and at full batches."""
    assembly = synthesize(Console(quiet=True))
    found: dict[str, str] = {}
    with StandIn() as vendor, LaptopStack(assembly) as stack:
        configure(stack.client, stack.stage, {n: f"{vendor.url}/{n}" for n in ("crm", "pager")})
        _send(stack, 0, 1)
        for name, count, at_once, budget in (
            ("alone", 12, 1, "10, $12"),
            ("in full batches", 400, 400, "4, $4"),
        ):
            before = len(read_calls(stack.calls))
            for start in range(0, count, at_once):
                _send(stack, 1000 + start, at_once)
            found[f"AWS requests per event and destination, {name}"] = (
                _counted(stack.calls, before, count * DESTINATIONS) + f" | {budget}"
            )
    return found


def _counted(calls: Path, before: int, deliveries: int) -> str:
    made = read_calls(calls)[before:]
    share = together(list(shares(made).values())).of(deliveries)
    return f"{share['requests_each']:.2f}, ${share['dollars_per_million']:.2f} per million"


def _send(stack: LaptopStack, first: int, count: int) -> None:
    """Put events straight into `ingest`, and wait until all queues are empty."""
    sqs = stack.client("sqs")
    url = f"{stack.endpoint_url}/{ACCOUNT}/switchboard-{stack.stage}-ingest.fifo"
    for start in range(first, first + count, 10):
        entries = [_entry(number) for number in range(start, min(start + 10, first + count))]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    empty = 0
    while empty < 3:
        time.sleep(0.2)
        empty = empty + 1 if _waiting(stack) == 0 else 0


def _entry(number: int) -> Mapping[str, str]:
    now = time.time()
    body = json.dumps(PAYLOADS["meetings"](f"e{number}", f"i{number}", 0, int(now), {})).encode()
    received = WEBHOOK_KINDS["jaas"].receive(
        "meetings", Request((), body), JaasDocument(), now, now
    )
    raw = Raw(kind="jaas", body=body.decode(), received_at="2026-11-24T09:30:00.000Z")
    envelope = Envelope(event=received.event, group=received.group, raw=raw)
    return {
        "Id": str(number),
        "MessageBody": envelope.model_dump_json(exclude_none=True),
        "MessageGroupId": group_of("", received.event.time, interaction=f"i{number}"),
        "MessageDeduplicationId": received.event.id,
    }


def _waiting(stack: LaptopStack) -> int:
    counts: Counter[str] = Counter()
    for queue in stack.desk("state")["queues"].values():
        counts.update({name: int(n) for name, n in queue.items() if name.startswith("Approx")})
    return sum(counts.values())
