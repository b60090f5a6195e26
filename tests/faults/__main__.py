"""`python -m tests.faults`: the fault matrix of the stream reader, cell by cell."""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.faults import of_aws, of_catching_up, of_streams, of_tasks
from tests.faults.cell import Cell, Result, run
from tests.faults.lanes import in_lanes
from tests.faults.report import Row, tell, wide_console

CELLS = (*of_tasks.CELLS, *of_streams.CELLS, *of_aws.CELLS, *of_catching_up.CELLS)
EXAMPLES = """examples:
  python -m tests.faults                             every cell, two at a time
  python -m tests.faults --cell kill --seed 4711     one cell as it was, to repeat it
  python -m tests.faults --cell kill --keep /tmp/it  and keep its logs
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description="Runs the stream reader between the Pulsar simulator and the AWS emulator,"
        " injects faults, and judges what arrived by what was published.",
        epilog=EXAMPLES + "\ncells:\n" + "\n".join(f"  {c.name:16}{c.about}" for c in CELLS),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [cell.name for cell in CELLS]
    parser.add_argument("--cell", action="append", choices=names, metavar="NAME", help="this one")
    parser.add_argument("--seed", type=int, help="of every cell (each draws its own)")
    parser.add_argument("--lanes", type=int, default=2, help="cells at the same time (2)")
    parser.add_argument("--keep", type=Path, help="folder that keeps every cell's logs")
    return parser.parse_args()


def main() -> int:
    chosen = arguments()
    console = wide_console()
    cells = [cell for cell in CELLS if not chosen.cell or cell.name in chosen.cell]
    with tempfile.TemporaryDirectory(prefix="faults") as made:
        results, failed = _run(cells, chosen, chosen.keep or Path(made), console)
    tell([row(result) for result in results], last_line(results), console)
    return 1 if failed or any(result.verdict.problems for result in results) else 0


def _run(
    cells: Sequence[Cell], chosen: argparse.Namespace, folder: Path, console: Console
) -> tuple[list[Result], int]:
    """The results in the order of the matrix, and how many cells did not come to one."""

    def run_one(cell: Cell) -> Result:
        seed = random.randrange(1_000_000) if chosen.seed is None else chosen.seed
        console.print(f"{cell.name} begins, seed {seed}: {cell.about}", markup=False)
        within = folder / cell.name
        within.mkdir(parents=True)
        return run(cell, seed, within)

    longest_first = sorted(cells, key=lambda cell: -cell.seconds)
    jobs = {cell.name: partial(run_one, cell) for cell in longest_first}
    with ThreadPoolExecutor(chosen.lanes) as lanes:
        results, failed = in_lanes(lanes, jobs, line, console)
    return [results[cell.name] for cell in cells if cell.name in results], failed


def row(result: Result) -> Row:
    """Of a cell; duplicates are removed by SQS within its five minutes, else by their id."""
    verdict = result.verdict
    numbers = {
        "events": verdict.events,
        "faults": verdict.injected,
        "lost": verdict.lost,
        "duplicates": verdict.duplicates,
        "by SQS": verdict.swallowed,
        "by id": verdict.duplicates - verdict.swallowed,
        "overtakings": verdict.overtakings,
        "trimmed": verdict.trimmed,
        "gaps": verdict.gaps,
        "seconds": round(result.seconds),
    }
    return Row(result.cell.name, result.seed, numbers, verdict.problems)


def line(result: Result) -> str:
    """What is told as soon as a cell has ended."""
    verdict = result.verdict
    said = "; ".join(verdict.problems) or "ok"
    return (
        f"{result.cell.name}: {verdict.events:,} events, {verdict.injected:,} faults,"
        f" {verdict.lost} lost, {verdict.duplicates} duplicates, {verdict.overtakings} overtakings,"
        f" {result.seconds:.0f} s: {said}"
    )


def last_line(results: Sequence[Result]) -> str:
    """The sum."""
    events = sum(result.verdict.events for result in results)
    lost = sum(result.verdict.lost for result in results)
    return f"FAULTS: {len(results)} cells, {events:,} events, {lost:,} lost"


if __name__ == "__main__":
    sys.exit(main())
