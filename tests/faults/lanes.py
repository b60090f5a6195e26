"""Cells side by side: each is told as soon as it has ended, and one that breaks stops no other."""

import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, as_completed
from typing import TypeVar

from rich.console import Console

R = TypeVar("R")


def in_lanes(
    lanes: Executor, jobs: Mapping[str, Callable[[], R]], line: Callable[[R], str], console: Console
) -> tuple[Mapping[str, R], int]:
    """The results of `jobs` by their names, in their order, and how many did not come to one."""
    results: dict[str, R] = {}
    failed = 0
    running = {lanes.submit(job): name for name, job in jobs.items()}
    for number, done in enumerate(as_completed(running), 1):
        name = running[done]
        try:
            results[name] = result = done.result()
        except Exception:  # noqa: BLE001 - the other cells go on
            failed += 1
            console.print(f"{name} broke:\n{traceback.format_exc()}", markup=False)
        else:
            console.print(f"{number}/{len(jobs)} {line(result)}", markup=False)
    return {name: results[name] for name in jobs if name in results}, failed
