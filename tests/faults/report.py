"""What a person sees of a fault table: a row for each cell, then what did not hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

WIDTH = 130


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: its numbers by their columns, and what did not hold."""

    name: str
    seed: int
    numbers: Mapping[str, int]
    problems: Sequence[str]


def wide_console() -> Console:
    """Rows are not folded where nobody has a terminal."""
    return Console(width=max(Console().width, WIDTH))


def tell(rows: Sequence[Row], last_line: str, console: Console) -> None:
    """The table, each problem with the seed that repeats it, and the sum."""
    console.print(table(rows))
    for row in rows:
        for problem in row.problems:
            console.print(f"{row.name} (seed {row.seed}): {problem}", markup=False)
    console.print(last_line, markup=False)


def table(rows: Sequence[Row]) -> Table:
    """One row a cell."""
    made = Table(box=SIMPLE_HEAD)
    made.add_column("cell")
    for column in ("seed", *(rows[0].numbers if rows else ())):
        made.add_column(column, justify="right")
    made.add_column("")
    for row in rows:
        numbers = (f"{number:,}" for number in row.numbers.values())
        holds = "[red]FAILED[/red]" if row.problems else "ok"
        made.add_row(row.name, str(row.seed), *numbers, holds)
    return made
