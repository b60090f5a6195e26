"""`switchboard reference`."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.progress import Progress
from rich.table import Table

from desk.command.output import DONE, FAILED, console, fail, print_json, results
from desk.reference_data.files import read_table
from desk.reference_data.tables import ReferenceTables
from desk.target import reach

app = App(name="reference", help="Reference data: what mappings and predicates look up.")

Flag = Annotated[bool, Parameter(negative="")]


@app.command
def load(
    file: Path,
    /,
    *,
    table: str | None = None,
    key: str | None = None,
    stage: str = "laptop",
    json: Flag = False,
) -> int:
    """Load a CSV file as a reference table: its rows replace those that were there.

    The first line names the columns. New rows are there before old ones go. A bad row is told, and
    the others are loaded; what stood before under its key stays, and the exit code is 1. Functions
    know a changed row after five minutes at most, and a new one after one.

    Examples:
        switchboard reference load accounts.csv --key phone --stage prod
        switchboard reference load export-2026-11-27.csv --table queues

    Args:
        file: CSV in UTF-8, separated by commas or semicolons.
        table: the reference table's name; else the file's.
        key: the column that is looked up by; else the first one.
        stage: where it is loaded.
        json: print what was done as JSON.
    """
    read = read_table(file, name=table, key=key)
    for bad in read.bad:
        console.print(f"line {bad.line}: {bad.why}", markup=False, soft_wrap=True)
    if not read.rows:
        return fail(f"{file} has no row that can be loaded; what was there before stays")
    tables = ReferenceTables(reach(stage))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"loading {read.name}", total=len(read.rows))
        done = tables.load(read, lambda count: progress.advance(task, count))
    if json:
        print_json({**asdict(done), "bad": [{"line": b.line, "why": b.why} for b in read.bad]})
    else:
        results.print(
            f"{read.name}: {len(read.rows)} rows loaded by {read.key}, {done.removed} removed,"
            f" {len(read.bad)} bad",
            markup=False,
        )
    return FAILED if read.bad else DONE


@app.command(name="list")
def list_(*, stage: str = "laptop", json: Flag = False) -> int:
    """List the reference tables of a stage: how many rows, by which column, and since when.

    Examples:
        switchboard reference list --stage prod

    Args:
        stage: whose tables they are.
        json: print them as JSON.
    """
    found = ReferenceTables(reach(stage)).tables()
    if json:
        print_json([asdict(one) for one in found])
        return DONE
    shown = Table("table", "rows", "key", "columns", "loaded at")
    for one in found:
        columns = ", ".join(one.columns)
        shown.add_row(one.table, f"{one.rows:,}", one.key, columns, one.loaded_at)
    results.print(shown if found else "no reference table is loaded")
    return DONE


@app.command
def show(
    table: str,
    key: str | None = None,
    /,
    *,
    stage: str = "laptop",
    first: int = 20,
    json: Flag = False,
) -> int:
    """Show rows of a reference table, or the one of a key.

    Examples:
        switchboard reference show accounts +14155552671 --stage prod
        switchboard reference show queues --first 100 --json

    Args:
        table: its name.
        key: one row's key.
        stage: whose table it is.
        first: how many rows are shown, in the order of their keys.
        json: print them as JSON.
    """
    tables = ReferenceTables(reach(stage))
    if key is None:
        rows = dict(islice(tables.rows(table), first))
    else:
        row = tables.row(table, key)
        rows = {} if row is None else {key: row}
    if not rows:
        return fail(f"{table} has no such row; `switchboard reference list` names the tables")
    if json:
        print_json(rows)
        return DONE
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    shown = Table("key", *columns)
    for name, row in rows.items():
        shown.add_row(name, *(row.get(column, "") for column in columns))
    results.print(shown)
    return DONE
