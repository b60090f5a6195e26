"""What a session of a source is given, and what is asked of it; the same for every kind."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from functions.stream_reader.arrivals import Forward
from functions.stream_reader.checkpoint import Checkpoint
from functions.stream_reader.measures import Measures
from functions.stream_reader.pace import Pace


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sessions of a source share.

    `credentials` gives the source's secret (True: read it anew, for it was refused); `forward`
    takes an event and what to call when SQS has it; `connected` is called at each new session.
    """

    source: str
    credentials: Callable[[bool], Awaitable[Mapping[str, str]]]
    forward: Forward
    connected: Callable[[], None]
    measures: Measures
    pace: Pace


class PlaceSession(Protocol):
    """Reading of one place, connection after connection."""

    @property
    def unconfirmed(self) -> int:
        """What came and SQS has not taken."""
        ...

    def checkpoint(self) -> Checkpoint:
        """Where a new task goes on; it may be asked at any time, and is always confirmed."""
        ...

    async def run(self) -> None:
        """Read until stopped; nothing that a connection fails of ends it."""
        ...

    def stop(self) -> None:
        """Take in no more; `run` ends when all that came is confirmed."""
        ...

    async def stopped(self) -> None:
        """Wait until `run` has ended."""
        ...
