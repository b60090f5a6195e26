"""What a person sees of the matrix."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tests.faults.cell import Result

COLUMNS = (
    "seed",
    "events",
    "faults",
    "lost",
    "duplicates",
    "by SQS",
    "by id",
    "overtakings",
    "trimmed",
    "gaps",
    "seconds",
)


def table(results: Sequence[Result]) -> Table:
    """One row a cell; duplicates are removed by SQS within its five minutes, else by their id."""
    made = Table(box=SIMPLE_HEAD)
    made.add_column("cell")
    for column in COLUMNS:
        made.add_column(column, justify="right")
    made.add_column("")
    for result in results:
        verdict = result.verdict
        numbers = (
            verdict.events,
            verdict.injected,
            verdict.lost,
            verdict.duplicates,
            verdict.swallowed,
            verdict.duplicates - verdict.swallowed,
            verdict.overtakings,
            verdict.trimmed,
            verdict.gaps,
            round(result.seconds),
        )
        holds = "[red]FAILED[/red]" if verdict.problems else "ok"
        row = (result.cell.name, str(result.seed), *(f"{number:,}" for number in numbers), holds)
        made.add_row(*row)
    return made


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
