"""How the command speaks: tables and colour to a person, JSON to a program, errors in one line."""

import json
import sys
from typing import Any

from rich.console import Console

DONE = 0
FAILED = 1
USAGE = 2

# Both follow NO_COLOR and print plainly into pipes. stdout is for results only.
console = Console(stderr=True, highlight=False)
results = Console(highlight=False)


def print_json(value: Any) -> None:
    """A result for a program."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def fail(message: str) -> int:
    """One line that says what is wrong and what to do."""
    console.print(f"[bold red]error[/]: {message}", soft_wrap=True)
    return FAILED
