"""The laptop stack, with the demo's documents and a stand-in of its own.

Each module has its own: what one leaves waiting, dead or paused is nothing to the next.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from desk.demo.documents import CHAT, CHAT_BOT, CHAT_CHANNEL, configure
from desk.demo.main import synthesize
from desk.demo.stream import StreamPlan, StreamProcess
from desk.laptop import LaptopStack
from desk.laptop.outside import redirect
from desk.standins.slack import Workspace
from switchboard.testing.stand_in import Arrived, Reply, StandIn


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize(Console(quiet=True), out=tmp_path_factory.mktemp("cdk") / "laptop")


@pytest.fixture(scope="module")
def vendor() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def chat() -> Iterator[StandIn]:
    workspace = Workspace(CHAT_BOT, [CHAT_CHANNEL])

    def answer(arrived: Arrived) -> Reply:
        taken = workspace.take(arrived.path, arrived.headers, arrived.body, time.time())
        return Reply(taken.status, taken.headers, taken.body)

    with StandIn(answer) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamProcess]:
    """A simulator that plays nothing by itself."""
    plan = StreamPlan(interactions=0, seed=1, seconds=1.0, kills=0, drops=0)
    with StreamProcess(tmp_path_factory.mktemp("stream"), plan) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def name() -> str:
    """Another one for every process that tests, so that none meets another."""
    return f"whole{os.getpid()}"


@pytest.fixture(scope="module")
def stack(
    assembly: Path, name: str, vendor: StandIn, chat: StandIn, stream: StreamProcess
) -> Iterator[LaptopStack]:
    with LaptopStack(assembly, name=name, log_sends=True) as running:
        urls = {name: f"{vendor.url}/{name}" for name in ("crm", "pager")}
        configure(running.client, running.stage, {**urls, "stream": stream.host})
        redirect(running, CHAT, api_url=f"{chat.url}/api")
        running.redeploy_tasks()
        yield running
    for left in running.folder.iterdir():
        left.unlink()
    running.folder.rmdir()
