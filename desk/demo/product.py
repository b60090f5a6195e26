"""What the product says of itself in its logs: shown in the table, and no part of the verdict."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Metrics = Mapping[tuple[str, str], float]


def metrics(folder: Path) -> Metrics:
    """The sum of each metric by (name, source or destination), from the EMF lines of all logs."""
    sums: Counter[tuple[str, str]] = Counter()
    for path in folder.glob("switchboard-*.log"):
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith('{"_aws"'):
                _add(sums, json.loads(line))
    return sums


def _add(sums: "Counter[tuple[str, str]]", line: dict[str, Any]) -> None:
    of = str(line.get("source") or line.get("destination"))
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            sums[metric["Name"], of] += sum(line[metric["Name"]])
