"""A cell of the fault matrix: what it does, and running it from start to verdict."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.faults.scene import Payloads, Scene, Stalled
from tests.faults.verdict import Verdict, judge

LEAST = 2_000
"""Events in a cell; fewer prove little."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`act` publishes what it is given, starts tasks, and injects `faults`; the rest is alike.

    `seconds` is about how long it takes: the long ones begin first. `document` is what the
    source's document has beside the address, `server` more arguments of the simulator's.
    """

    name: str
    about: str
    faults: tuple[str, ...]
    events: int
    seconds: float
    act: Callable[[Scene, Payloads], None]
    document: Mapping[str, Any] = field(default_factory=dict)
    server: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    cell: Cell
    seed: int
    verdict: Verdict
    seconds: float


def run(cell: Cell, seed: int, folder: Path) -> Result:
    """Run a cell; what goes wrong is in its verdict."""
    began = time.monotonic()
    problems = []
    with Scene(folder, seed, dict(cell.document), *cell.server) as scene:
        try:
            cell.act(scene, scene.payloads(cell.events))
            scene.edge.inject()
            scene.until_all_arrived()
        except Stalled as stalled:
            problems.append(str(stalled))
        codes = scene.stop_tasks()
        if not codes or any(codes):
            problems.append(f"exit codes of the tasks that were left: {codes}")
        verdict = judge(scene.evidence(cell.faults), min(LEAST, cell.events))
    verdict = replace(verdict, problems=(*problems, *verdict.problems))
    return Result(cell, seed, verdict, time.monotonic() - began)
