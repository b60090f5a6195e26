"""The laptop stack, once per session, with the demo's documents and a stand-in of its own."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from desk.demo.documents import configure
from desk.demo.main import synthesize
from desk.laptop import LaptopStack
from switchboard.testing.stand_in import StandIn


@pytest.fixture(scope="session")
def assembly() -> Path:
    return synthesize(Console(quiet=True))


@pytest.fixture(scope="session")
def vendor() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def stack(assembly: Path, vendor: StandIn) -> Iterator[LaptopStack]:
    with LaptopStack(assembly) as running:
        urls = {name: f"{vendor.url}/{name}" for name in ("crm", "pager")}
        configure(running.client, running.stage, urls)
        yield running


def until(done: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `done` is true; a run that never gets there fails, and says nothing of time."""
    for _ in range(int(seconds * 5)):
        if done():
            return
        time.sleep(0.2)
    raise AssertionError("it never came to be")
