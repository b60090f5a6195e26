"""The stand-in for the legacy Streaming API, on a loop of its own."""

import asyncio
import base64
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from desk.sapi.control import Control
from desk.sapi.server import Simulator
from desk.sapi.settings import Settings

SECRET = {"username": "acme-user", "token": "data-request-token"}
PATIENCE = 60.0


class SapiServer:
    """Listens within its context; `call` is its control."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("heartbeat_seconds", 0.2)
        self._simulator = Simulator(Settings(**settings))
        self._control = Control(self._simulator)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._simulator.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def url(self) -> str:
        return self._simulator.url

    def call(self, call: str, /, **arguments: Any) -> Any:
        return self._run(self._control.call(call, arguments))

    def publish(self, payloads: Iterable[str | bytes]) -> None:
        made = [each.encode() if isinstance(each, str) else each for each in payloads]
        self.call("publish", payloads=[base64.b64encode(each).decode() for each in made])

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
