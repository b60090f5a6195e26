"""`switchboard drift`."""

from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from desk.command.names import SourceName
from desk.command.output import DONE, console, print_json, results
from desk.records.shapes import watched
from desk.target import reach

Flag = Annotated[bool, Parameter(negative="")]
COLUMNS = ("found_at", "source", "type", "drift", "path", "before", "kinds", "example")


def drift(source: SourceName | None = None, /, *, stage: str = "laptop", json: Flag = False) -> int:
    """Show which payloads have changed their shape: fields new, renamed, retyped or vanished.

    An event type is learned from its first 500 events. Each difference is told once, and from then
    on belongs to the shape; of what a new field holds only the form is kept.

    Examples:
        switchboard drift
        switchboard drift contact-centre --stage prod --json

    Args:
        source: one source; without it, all of them.
        stage: whose sources they are.
        json: print them as JSON.
    """
    types = list(watched(reach(stage), source))
    found: list[dict[str, Any]] = [
        {"source": one.source, "type": one.type, **finding.model_dump(mode="json")}
        for one in types
        for finding in one.shape.findings
    ]
    found.sort(key=lambda one: (one["found_at"], one["source"], one["type"], one["path"]))
    if json:
        print_json(found)
        return DONE
    learning = sum(not one.shape.is_learned for one in types)
    console.print(f"{len(types)} event types are watched; {learning} are still being learned")
    if not found:
        results.print("none has changed its shape")
        return DONE
    table = Table(*COLUMNS)
    for one in found:
        told = {**one, "kinds": " or ".join(one["kinds"])}
        table.add_row(*(str(told[column]) for column in COLUMNS))
    results.print(table)
    return DONE
