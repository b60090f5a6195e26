"""One destination's trouble is nobody else's: by counts in the queues and the stand-ins' logs.

Events are sent in waves, and a wave once the others have stored the one before it. So an event of
another destination may find its own wave ahead of it in a queue, and nothing more.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from desk.drill.flood import Flood
from desk.drill.recovery import read_queued
from desk.laptop import LaptopStack
from switchboard.testing.stand_in import TAKEN, Arrived, Reply, StandIn
from tests.integration.operating import (
    ACCOUNT,
    get_document,
    put_document,
    restart_functions,
    send,
    until,
)

WAVES = 4
WAVE = 10
FLOOD = 600
OTHERS = ("pager", "lake")
Figure = Callable[[str], None]


@dataclass(frozen=True)
class Trouble:
    """What `crm` answers, and how many messages more than its own it is given."""

    reply: Reply = TAKEN
    flood: int = 0


TROUBLES = {
    "down": Trouble(Reply(503)),
    "hanging": Trouble(Reply(silent=True)),
    "flooded": Trouble(flood=FLOOD),
}


class Outside:
    """Both stand-ins; `crm` answers as it is told, `pager` takes everything and says when."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.stored_at: dict[str, float] = {}

    def crm(self, _: Arrived) -> Reply:
        return self.reply

    def pager(self, arrived: Arrived) -> Reply:
        name = json.loads(arrived.body)["data"]["id"]
        self.stored_at.setdefault(name, time.monotonic())
        return Reply()


@pytest.fixture(scope="module")
def outside(stack: LaptopStack, vendor: StandIn) -> Iterator[Outside]:
    """Two destinations that are this module's while it runs."""
    answering = Outside()
    with StandIn(answering.crm) as crm, StandIn(answering.pager) as pager:
        before = {name: get_document(stack, f"destinations/{name}") for name in ("crm", "pager")}
        for name, stand_in in (("crm", crm), ("pager", pager)):
            text = before[name].replace(vendor.url, stand_in.url)
            put_document(stack, f"destinations/{name}", text)
        restart_functions(stack)
        yield answering
        answering.reply = Reply()
        _empty(stack, "crm")
        for name, text in before.items():
            put_document(stack, f"destinations/{name}", text)
        restart_functions(stack)


@pytest.fixture(scope="module")
def calm(stack: LaptopStack, outside: Outside) -> list[float]:
    """Pager's seconds for each event of some waves before there is any trouble."""
    _waves(stack, outside, "cold")
    seconds, ahead = _waves(stack, outside, "calm")
    for other in OTHERS:
        assert len(ahead[other]) == WAVES * WAVE
        assert max(ahead[other]) < WAVE
    return seconds


@pytest.mark.parametrize("trouble", TROUBLES)
def test_nobody_waits_for_a_destination_that_is(
    trouble: str, stack: LaptopStack, outside: Outside, calm: list[float], figure: Figure
) -> None:
    given = TROUBLES[trouble]
    flood = Flood(stack, "crm", events=given.flood, after=0)
    outside.reply = given.reply
    try:
        flood(0)
        troubled, ahead = _waves(stack, outside, trouble)
    finally:
        outside.reply = Reply()
        _empty(stack, "crm")
    figure(
        f"crm {trouble}: pager took {_ratio(troubled, calm, 50):.2f} (p50) and"
        f" {_ratio(troubled, calm, 99):.2f} (p99) of its time without; at most"
        f" {max(ahead['pager'])} ahead at pager, {max(ahead['lake'])} at lake, {max(ahead['crm'])}"
        " at crm"
    )
    assert "crm" in behind(ahead), "it was no trouble"
    assert behind(ahead) == {"crm"}, "others wait behind what is not their own"
    for other in OTHERS:
        assert len(ahead[other]) == WAVES * WAVE


def test_who_shares_its_queue_with_a_flood_is_seen(stack: LaptopStack, outside: Outside) -> None:
    Flood(stack, "pager", events=FLOOD // 3, after=0)(0)
    _, ahead = _waves(stack, outside, "shared")
    assert behind(ahead) & set(OTHERS) == {"pager"}


def behind(ahead: Mapping[str, Sequence[int]]) -> set[str]:
    """The queues in which an event found more ahead of it than its own wave."""
    return {queue for queue, found in ahead.items() if max(found) >= WAVE}


def _waves(
    stack: LaptopStack, outside: Outside, name: str
) -> tuple[list[float], dict[str, list[int]]]:
    """Send waves; pager's seconds for each event, and what each found ahead, by queue."""
    held = _waiting(stack, "ingest")
    seconds: list[float] = []
    for wave in range(WAVES):
        sent_at: dict[str, float] = {}
        for number in range(WAVE):
            event = f"isolated-{name}-{wave}-{number}"
            sent_at[event] = time.monotonic()
            demo = {"id": event, "interaction": event, "sequence": 0}
            assert send(stack, event, title="one of a wave", demo=demo) == 202
        until(partial(_is_stored, stack, outside, set(sent_at), held))
        seconds += [outside.stored_at[event] - at for event, at in sent_at.items()]
    ahead = defaultdict(list)
    for one in read_queued(stack.sends):
        if one.id.startswith(f"isolated-{name}-"):
            queue = one.queue.removeprefix(f"switchboard-{stack.stage}-").removesuffix(".fifo")
            ahead[queue.removesuffix("-normal")].append(one.ahead)
    return seconds, ahead


def _is_stored(stack: LaptopStack, outside: Outside, events: set[str], held: int) -> bool:
    """Whether the others have all of them, and nothing of theirs is on its way."""
    waiting = [_waiting(stack, f"{other}-normal") for other in OTHERS]
    is_fanned_out = _waiting(stack, "ingest") <= held
    return is_fanned_out and not any(waiting) and events <= set(outside.stored_at)


def _waiting(stack: LaptopStack, queue: str) -> int:
    counts = stack.desk("state")["queues"][f"switchboard-{stack.stage}-{queue}.fifo"]
    return sum(int(count) for key, count in counts.items() if key.startswith("Approximate"))


def _empty(stack: LaptopStack, destination: str) -> None:
    """Drop what waits for a destination, so that nobody after this meets it."""
    name = f"switchboard-{stack.stage}-{destination}-normal.fifo"
    stack.client("sqs").purge_queue(QueueUrl=f"{stack.endpoint_url}/{ACCOUNT}/{name}")
    until(lambda: _waiting(stack, f"{destination}-normal") == 0)


def _ratio(troubled: Sequence[float], calm: Sequence[float], percent: int) -> float:
    return _percentile(troubled, percent) / _percentile(calm, percent)


def _percentile(of: Sequence[float], percent: int) -> float:
    return sorted(of)[min(len(of) - 1, len(of) * percent // 100)]
