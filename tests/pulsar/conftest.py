"""The server that the scenarios run against: `PULSAR=real` takes Apache Pulsar itself."""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.pulsar.real import RealServer
from tests.pulsar.server import PulsarServer, cache_home
from tests.pulsar.simulated import SimulatedServer

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PulsarServer]:
    folder = tmp_path_factory.mktemp("pulsar")
    server: PulsarServer = (
        RealServer(cache_home(dict(os.environ)), folder)
        if os.environ.get("PULSAR") == "real"
        else SimulatedServer(folder)
    )
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def topic() -> str:
    return f"public/default/events{next(NUMBERS)}"
