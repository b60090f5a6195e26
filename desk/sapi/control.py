"""What a test or an operator can do to the server, by name and JSON."""

import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from desk.pulsar.interactions import interactions
from desk.sapi.server import Simulator

Call = Callable[..., Awaitable[Any]]


class Control:
    """Each public coroutine is a call."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._faults = simulator.faults

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """See Controlled."""
        chosen: Call | None = getattr(self, name, None)
        if name.startswith("_") or name == "call" or chosen is None:
            raise KeyError(name)
        answer = await chosen(**arguments)
        self._simulator.journal.write("call", call=name, answer=answer)
        return answer

    async def publish(self, payloads: list[str]) -> int:
        """Events, each in base64."""
        for payload in payloads:
            self._simulator.publish(base64.b64decode(payload))
        return len(payloads)

    async def play(self, count: int, seed: int = 1, now: int | None = None) -> int:
        """The events of so many interactions; how many they were."""
        made = list(interactions(count, seed, int(time.time()) if now is None else now))
        for event in made:
            self._simulator.publish(json.dumps(event).encode())
        return len(made)

    async def drop(self) -> int:
        """Reset every connection."""
        return await self._simulator.drop()

    async def refuse(self, status: int, times: int) -> None:
        """Answer so many handshakes with a status."""
        self._faults.refuse_status, self._faults.refuse_times = status, times

    async def silence(self, silent: bool = True) -> None:
        """Send nothing, not even heartbeats, on sockets that stay open; or send again."""
        self._faults.silent = silent
        self._faults.count("silence", int(silent))

    async def restart(self) -> None:
        """Stop, and listen again on the same port with the same subscriptions."""
        await self._simulator.stop()
        await self._simulator.start()
        self._faults.count("restart")

    async def configure(self, **settings: float) -> None:
        """Change settings by name; what is connected sees it too."""
        for name, value in settings.items():
            if not hasattr(self._simulator.settings, name):
                raise KeyError(name)
            setattr(self._simulator.settings, name, value)

    async def connected(self) -> list[str]:
        """The subscriptions that have a client."""
        return sorted(self._simulator.clients)

    async def injected(self) -> dict[str, int]:
        """How often each fault really happened."""
        return dict(self._faults.injected)
