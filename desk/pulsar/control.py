"""What a test or an operator can do to the server, by name and JSON."""

import asyncio
import base64
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from desk.pulsar.interactions import publish_interactions
from desk.pulsar.server import Simulator
from desk.pulsar.session import Delivering
from desk.pulsar.tokens import issue
from desk.pulsar.topic import Message

Call = Callable[..., Awaitable[Any]]


class Control:
    """Each public coroutine is a call; faults are written to the server's log as they happen."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._cluster = simulator.cluster
        self._faults = simulator.faults

    async def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do what `name` says.

        Raises:
            KeyError: for a name that is none.
            TypeError: for arguments that do not fit.
        """
        chosen: Call | None = getattr(self, name, None)
        if name.startswith("_") or name == "call" or chosen is None:
            raise KeyError(name)
        answer = await chosen(**arguments)
        if name not in READS:
            told = {key: value for key, value in arguments.items() if key != "messages"}
            self._simulator.journal.write("call", call=name, arguments=told, answer=answer)
        return answer

    async def token(self, subject: str | None = "admin", ttl: float | None = None) -> str:
        """A token that this server takes."""
        return issue(self._simulator.settings.secret, subject, ttl)

    async def publish(
        self,
        topic: str,
        messages: list[dict[str, Any]],
        batched: bool = False,
        at: int | None = None,
    ) -> list[str]:
        """Store messages; `payload` is base64 or null. Batched: all as one entry."""
        made = [
            Message(
                None if each.get("payload") is None else base64.b64decode(each["payload"]),
                each.get("key"),
                each.get("properties", {}),
                each.get("event_time", 0),
            )
            for each in messages
        ]
        groups = [made] if batched else [[each] for each in made]
        ids = []
        for group in groups:
            entry = self._cluster.publish(topic, group, batched=batched, at=at)
            ids += [entry.id_of(number).encode() for number in range(len(group))]
        return ids

    async def play(self, topic: str, interactions: int, seed: int, per_second: float = 0.0) -> int:
        """Publish seeded interactions; the number of events."""
        return await publish_interactions(self._cluster, topic, interactions, seed, per_second)

    async def ledgers(self, topic: str) -> list[list[int]]:
        """The ledgers of a topic: number and entries."""
        return [[each.number, each.entries] for each in self._cluster.open(topic)[0].ledgers]

    async def trim(self, topic: str) -> int:
        """Drop old ledgers."""
        return self._cluster.trim(topic)

    async def terminate(self, topic: str) -> None:
        """Let the topic take no more."""
        for each in self._cluster.open(topic):
            each.terminate()

    async def delete(self, topic: str) -> None:
        """Delete a topic by force; connected sessions create it again."""
        self._cluster.replace(topic)

    async def partitions(self, topic: str, count: int) -> None:
        """Make a partitioned topic, or more partitions."""
        self._cluster.make_partitions(topic, count)

    async def skip(self, topic: str, subscription: str, entries: int = 1) -> None:
        """Move a subscription past entries."""
        self._cluster.subscriptions[topic][subscription].skip(entries)

    async def subscriptions(self, topic: str) -> dict[str, int]:
        """The topic's subscriptions and how many entries each has not acked."""
        named = self._cluster.subscriptions.get(topic, {})
        return {name: each.backlog for name, each in named.items()}

    async def grant(self, namespace: str, role: str) -> None:
        """Let a role use a namespace."""
        self._simulator.settings.grants.setdefault(namespace, set()).add(role)

    async def revoke(self, namespace: str, role: str) -> None:
        """Let it no longer; open sessions stay."""
        self._simulator.settings.grants.get(namespace, set()).discard(role)

    async def namespace(self, name: str) -> None:
        """Create a namespace."""
        self._simulator.settings.namespaces.add(name)

    async def configure(self, **settings: Any) -> None:
        """Change `idle_seconds`, `auto_creation` or `api_keys`; new connections see it."""
        for name, value in settings.items():
            setattr(self._simulator.settings, name, value)

    async def unload(self, topic: str, away: float = 0.0) -> None:
        """The topic's broker goes away for some seconds: sockets stay, un-acked comes again."""
        found = self._simulator.sessions(topic)
        for connection in found:
            if connection.session:
                connection.session.detach()
        for each in self._cluster.open(topic):
            each.roll_over()
        await asyncio.sleep(away)
        for connection in found:
            if connection.session and connection in self._simulator.connections:
                connection.session.attach()

    async def restart(self, killed: bool = False, away: float = 0.0) -> None:
        """Stop, wait, and listen again on the same port with the same topics."""
        await self._simulator.stop(killed=killed)
        for topic in self._cluster.topics.values():
            topic.roll_over()
        await asyncio.sleep(away)
        await self._simulator.start()
        self._faults.count("kill" if killed else "restart")

    async def drop(self, topic: str | None = None, ghost_seconds: float = 0.0) -> int:
        """Cut sockets; with `ghost_seconds` the server keeps their consumers that long."""
        found = self._simulator.sessions(topic)
        for connection in found:
            if connection.session:
                connection.session.ghost_seconds = ghost_seconds
            connection.drop()
        self._faults.count("drop", len(found))
        return len(found)

    async def half_open(self, topic: str | None = None) -> int:
        """Serve the open sockets no longer, without closing them."""
        found = self._simulator.sessions(topic)
        for connection in found:
            connection.hang()
        self._faults.count("half_open", len(found))
        return len(found)

    async def mute(self, topic: str | None = None) -> int:
        """Deliver nothing more on the open sessions; pings are still answered."""
        found = self._simulator.sessions(topic)
        for connection in found:
            if connection.session:
                connection.session.mute()
        self._faults.count("mute", len(found))
        return len(found)

    async def refuse(self, status: int, times: int, reason: str = "refused on purpose") -> None:
        """Answer so many handshakes with a status."""
        self._faults.refuse_status = status
        self._faults.refuse_times = times
        self._faults.refuse_reason = reason

    async def disturb(self, seed: int = 0, **faults: Any) -> None:
        """Set faults that last: shares, delays and switches of `Faults`; 0 ends one."""
        self._faults.dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
        for name, value in faults.items():
            if name not in LASTING:
                raise KeyError(name)
            setattr(self._faults, name, value)

    async def other_cluster(self) -> None:
        """Become another cluster: sockets are cut, topics empty, ledger ids begin again."""
        await self.drop()
        self._cluster.start_over()
        self._faults.count("other_cluster")

    async def injected(self) -> dict[str, int]:
        """How often each fault really happened."""
        return dict(self._faults.injected)

    async def swapped(self) -> list[tuple[str, str]]:
        """The ids of messages that changed places, each pair as it was sent."""
        return list(self._faults.swaps)

    async def connected(self, topic: str | None = None) -> int:
        """How many sessions are open."""
        return len(self._simulator.sessions(topic))

    async def unanswered(self, topic: str | None = None) -> list[int]:
        """How many frames each open session that delivers was sent and has not answered."""
        return [
            connection.session.window.pending
            for connection in self._simulator.sessions(topic)
            if isinstance(connection.session, Delivering)
        ]

    async def backlog(self, topic: str | None = None) -> int | None:
        """Messages that open sessions were not sent, or did not answer; None: none is open."""
        found = [each.session for each in self._simulator.sessions(topic)]
        delivering = [each for each in found if isinstance(each, Delivering)]
        return sum(each.backlog for each in delivering) if delivering else None


READS = frozenset(
    {
        "backlog",
        "connected",
        "injected",
        "ledgers",
        "play",
        "publish",
        "subscriptions",
        "swapped",
        "token",
        "unanswered",
    }
)
LASTING = frozenset(
    {
        "handshake_seconds",
        "delay_seconds",
        "duplicate_share",
        "swap_share",
        "muted",
        "tokens_expired",
    }
)
