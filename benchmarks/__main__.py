"""`python -m benchmarks [NAME …]`: run every measurement, or those that are named.

`memory` takes a quarter of an hour, and is run only by its name.
"""

import json
import sys

from rich.console import Console
from rich.table import Table

from benchmarks import (
    deliveries,
    imports,
    layers,
    mapping,
    normalising,
    reader,
    replay,
    requests,
    sqs_clients,
    stages,
    throughput,
)

MEASUREMENTS = {
    "imports": imports.measure,
    "layers": layers.measure,
    "throughput": throughput.measure,
    "mapping": mapping.measure,
    "normalising": normalising.measure,
    "stages": stages.measure,
    "deliveries": deliveries.measure,
    "reader": reader.measure,
    "sqs": sqs_clients.measure,
    "replay": replay.measure,
    "requests": requests.measure,
}
BY_NAME = {**MEASUREMENTS, "memory": stages.measure_memory}


def main() -> None:
    """Measure and print: a table for a person, and with --json an object for a program."""
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or list(MEASUREMENTS)
    console = Console(stderr=True)
    found: dict[str, dict[str, str]] = {}
    for name in wanted:
        with console.status(f"measuring {name}"):
            found[name] = BY_NAME[name]()
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
        return
    table = Table("what", "measured", "budget")
    for rows in found.values():
        for what, text in rows.items():
            measured, _, budget = text.partition(" | ")
            table.add_row(what, measured, budget)
    Console().print(table)


if __name__ == "__main__":
    main()
