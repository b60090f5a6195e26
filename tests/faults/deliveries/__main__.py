"""`python -m tests.faults.deliveries`: the fault matrix of deliveries, by kind and mode."""

import argparse
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from tests.faults.deliveries.cell import Cell, Result, run
from tests.faults.deliveries.cells import CELLS
from tests.faults.lanes import in_lanes

EXAMPLES = """examples:
  python -m tests.faults.deliveries                                every cell, four at a time
  python -m tests.faults.deliveries --cell "s3 ordered" --seed 7   one cell as it was
"""
COLUMNS = (
    "seed",
    "deliveries",
    "faults",
    "lost",
    "stored twice",
    "owned up",
    "overtakings",
    "cpu s",
)


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
    parser.add_argument("--lanes", type=int, default=4, help="cells at the same time (4)")
    parser.add_argument("--deliveries", type=int, help="in each cell (10,000)")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    console = Console()
    console = Console(width=max(console.width, 130))
    cells = [
        replace(cell, deliveries=chosen.deliveries or cell.deliveries)
        for cell in CELLS
        if not chosen.cell or cell.name in chosen.cell
    ]
    results, failed = _run(cells, chosen, console)
    console.print(table(results))
    for result in results:
        for problem in result.verdict.problems:
            console.print(f"{result.cell.name} (seed {result.seed}): {problem}", markup=False)
    deliveries = sum(result.verdict.deliveries for result in results)
    lost = sum(result.verdict.lost for result in results)
    console.print(f"DELIVERIES: {len(results)} cells, {deliveries:,} deliveries, {lost:,} lost")
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


def table(results: Sequence[Result]) -> Table:
    """One row a cell."""
    made = Table(box=SIMPLE_HEAD)
    made.add_column("cell")
    for column in COLUMNS:
        made.add_column(column, justify="right")
    made.add_column("")
    for result in results:
        verdict = result.verdict
        numbers = (
            verdict.deliveries,
            verdict.injected,
            verdict.lost,
            verdict.duplicates,
            verdict.owned_up,
            verdict.overtakings,
            round(result.cpu),
        )
        holds = "[red]FAILED[/red]" if verdict.problems else "ok"
        cells = (f"{number:,}" for number in numbers)
        made.add_row(result.cell.name, str(result.seed), *cells, holds)
    return made


if __name__ == "__main__":
    sys.exit(main())
