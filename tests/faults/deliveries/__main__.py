"""`python -m tests.faults.deliveries`: the fault matrix of deliveries, by kind and mode."""

import argparse
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from rich.console import Console

from tests.faults.deliveries.cell import Cell, Result, run
from tests.faults.deliveries.cells import CELLS
from tests.faults.lanes import in_lanes
from tests.faults.report import Row, tell, wide_console

EXAMPLES = """examples:
  python -m tests.faults.deliveries                                every cell, five at a time
  python -m tests.faults.deliveries --cell "s3 ordered" --seed 7   one cell as it was
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.deliveries",
        description="Delivers through the real core, over real sockets and moto's tables, while"
        " vendor, executions, ledger and queue fail by seed; judges what the vendor stored.",
        epilog=EXAMPLES + "\ncells:\n" + "\n".join(f"  {cell.name}" for cell in CELLS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [cell.name for cell in CELLS]
    parser.add_argument("--cell", action="append", choices=names, metavar="NAME", help="this one")
    parser.add_argument("--seed", type=int, help="of every cell (each draws its own)")
    parser.add_argument("--lanes", type=int, default=5, help="cells at the same time (5)")
    parser.add_argument("--deliveries", type=int, help="in each cell (10,000)")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    console = wide_console()
    cells = [
        replace(cell, deliveries=chosen.deliveries or cell.deliveries)
        for cell in CELLS
        if not chosen.cell or cell.name in chosen.cell
    ]
    results, failed = _run(cells, chosen, console)
    tell([row(result) for result in results], last_line(results), console)
    return 1 if failed or any(result.verdict.problems for result in results) else 0


def _run(
    cells: Sequence[Cell], chosen: argparse.Namespace, console: Console
) -> tuple[Sequence[Result], int]:
    """The results in the order of the matrix, and how many cells did not come to one."""
    jobs = {}
    for cell in cells:
        seed = random.randrange(1_000_000) if chosen.seed is None else chosen.seed
        console.print(f"{cell.name}: seed {seed}", markup=False)
        jobs[cell.name] = partial(run, cell, seed)
    with ProcessPoolExecutor(chosen.lanes) as lanes:
        results, failed = in_lanes(lanes, jobs, line, console)
    return list(results.values()), failed


def line(result: Result) -> str:
    """What is told as soon as a cell has ended."""
    said = "; ".join(result.verdict.problems) or "ok"
    name, faults = result.cell.name, result.verdict.injected
    return f"{name}: {faults:,} faults, {result.seconds:.0f} s: {said}"


def row(result: Result) -> Row:
    """Of a cell."""
    verdict = result.verdict
    numbers = {
        "deliveries": verdict.deliveries,
        "faults": verdict.injected,
        "lost": verdict.lost,
        "stored twice": verdict.duplicates,
        "owned up": verdict.owned_up,
        "overtakings": verdict.overtakings,
        "cpu s": round(result.cpu),
        "seconds": round(result.seconds),
    }
    return Row(result.cell.name, result.seed, numbers, verdict.problems)


def last_line(results: Sequence[Result]) -> str:
    """The sum."""
    deliveries = sum(result.verdict.deliveries for result in results)
    lost = sum(result.verdict.lost for result in results)
    return f"DELIVERIES: {len(results)} cells, {deliveries:,} deliveries, {lost:,} lost"


if __name__ == "__main__":
    sys.exit(main())
