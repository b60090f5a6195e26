"""The port that the scenarios know: a server that speaks Pulsar's WebSocket protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ENTRIES_PER_LEDGER = 10


@dataclass(frozen=True, slots=True)
class Special:
    """A message that no WebSocket producer can send: a null value, or one of several megabytes."""

    payload: bytes | None
    key: bytes | None = None


class PulsarServer(Protocol):
    """Topics are named tenant/namespace/topic. Ledgers roll over after ENTRIES_PER_LEDGER entries.

    `silence` is for how many seconds nothing must have come before a stream counts as silent, and
    `idle` after how many seconds without traffic the server ends a connection.
    """

    version: str
    silence: float
    idle: float

    @property
    def url(self) -> str: ...

    @property
    def http(self) -> str:
        """The same port for plain requests."""

    def token(self, subject: str | None = "admin", ttl: float | None = None) -> str: ...

    def publish_special(
        self, topic: str, messages: Sequence[Special], *, batched: bool = False
    ) -> None: ...

    def unload(self, topic: str) -> None: ...

    def trim(self, topic: str) -> None:
        """Drop all ledgers but the open one, as far as no durable subscription needs them."""

    def ledgers(self, topic: str) -> list[int]:
        """The numbers of the ledgers."""

    def terminate(self, topic: str) -> None: ...

    def delete(self, topic: str) -> None: ...

    def partitions(self, topic: str, count: int) -> None: ...

    def subscriptions(self, topic: str) -> list[str]: ...

    def skip(self, topic: str, subscription: str, entries: int) -> None: ...

    def grant(self, namespace: str, role: str) -> None: ...

    def namespace(self, name: str) -> None:
        """Create a namespace of an existing tenant."""

    def stop(self) -> None: ...

    def start(self) -> None: ...

    def kill(self) -> None:
        """End at once, as by SIGKILL, and be there again with the same data on the same port."""

    def restart(self) -> None:
        """End in order and be there again."""


def cache_home(environment: dict[str, str]) -> Path:
    """Where downloads stay, outside the checkout."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "switchboard" / "pulsar"
