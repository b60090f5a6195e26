"""Everything the server holds: namespaces, topics with their partitions, and subscriptions."""

import hashlib
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from desk.pulsar.journal import Journal
from desk.pulsar.message_id import ABSENT
from desk.pulsar.subscription import Later, Subscription
from desk.pulsar.tokens import subject_of
from desk.pulsar.topic import Entry, Message, Topic

PARTITION = re.compile(r"^(.*)-partition-(\d+)$")
SUPERUSER = "admin"


class NotFound(Exception):
    """There is no such tenant, namespace, topic or partition."""


@dataclass(slots=True)
class Settings:
    """How the server is set up. `secret` signs tokens; without it and keys, anyone may enter."""

    secret: bytes = b""
    api_keys: Sequence[str] = ()
    entries_per_ledger: int = 50_000
    idle_seconds: float = 300.0
    auto_creation: bool = True
    namespaces: set[str] = field(default_factory=lambda: {"public/default"})
    grants: dict[str, set[str]] = field(default_factory=dict)


class Cluster:
    """Topics are named tenant/namespace/topic; a partition's name ends in `-partition-n`."""

    def __init__(self, settings: Settings, later: Later, journal: Journal) -> None:
        self.settings = settings
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, dict[str, Subscription]] = {}
        self.moved: list[Callable[[str, Topic], None]] = []
        self._partitions: dict[str, int] = {}
        self._later = later
        self._journal = journal
        self._ledger = 0
        self._turns: dict[str, int] = {}
        self._gaps = random.Random(1)  # noqa: S311 - repeatable, not secret

    def role(self, token: str | None, api_key: str | None) -> str | None:
        """Who comes with these credentials; None for nobody."""
        if not self.settings.secret and not self.settings.api_keys:
            return SUPERUSER
        if api_key is not None and api_key in self.settings.api_keys:
            return SUPERUSER
        if token is None or not self.settings.secret:
            return None
        return subject_of(self.settings.secret, token, time.time())

    def allows(self, role: str, topic: str) -> bool:
        """Whether `role` may use the topic.

        Raises:
            NotFound: for an unknown tenant, which Pulsar answers with an exception.
        """
        tenant, namespace, _ = topic.split("/", 2)
        if role == SUPERUSER:
            return True
        if not any(known.startswith(f"{tenant}/") for known in self.settings.namespaces):
            raise NotFound("Tenant does not exist")
        return role in self.settings.grants.get(f"{tenant}/{namespace}", set())

    def partitions(self, name: str) -> int:
        """How many partitions the topic has; 0 for one that is not partitioned."""
        return self._partitions.get(name, 0)

    def make_partitions(self, name: str, count: int) -> None:
        """Create a partitioned topic, or add partitions to one."""
        self._partitions[name] = count
        for number in range(count):
            self._topic(f"{name}-partition-{number}", create=True)

    def open(self, name: str) -> list[Topic]:
        """The topic, created where that is allowed, or all partitions of a partitioned one.

        Raises:
            NotFound: when it is not there and may not be created.
        """
        namespace = name.rsplit("/", 1)[0]
        if namespace not in self.settings.namespaces:
            raise NotFound("Namespace not found")
        count = self.partitions(name)
        names = [f"{name}-partition-{n}" for n in range(count)] or [name]
        return [self._topic(each, create=self.settings.auto_creation) for each in names]

    def subscription(self, topic: Topic, name: str, *, earliest: bool) -> Subscription:
        """The subscription, created at the topic's end or beginning when it is new."""
        named = self.subscriptions.setdefault(topic.name, {})
        if name not in named:
            named[name] = Subscription(name, topic, self._later, earliest=earliest)
        return named[name]

    def unsubscribe(self, topic: Topic, name: str) -> None:
        """Forget a subscription with its cursor."""
        if gone := self.subscriptions.get(topic.name, {}).pop(name, None):
            gone.close()

    def publish(
        self,
        name: str,
        messages: Sequence[Message],
        *,
        batched: bool,
        at: int | None = None,
        partition: int | None = None,
    ) -> Entry:
        """Store one entry, in the partition of its first key, in `partition`, or in turn.

        `at` is its publish time in ms, now when left out.

        Raises:
            Terminated: when the topic was terminated.
        """
        topics = self.open(name)
        turn = self._turns[name] = self._turns.get(name, -1) + 1
        if partition is not None:
            turn = partition
        if (key := messages[0].key) is not None:
            turn = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        chosen = topics[turn % len(topics)]
        now = int(time.time() * 1000) if at is None else at
        entry = chosen.append(messages, batched=batched, at=now)
        for number, message in enumerate(entry.messages):
            self._journal.published(chosen.name, entry.id_of(number).encode(), message, now)
        return entry

    def trim(self, name: str) -> int:
        """Drop every closed ledger that no durable subscription needs; the entries gone."""
        gone = 0
        for topic in self.open(name):
            named = self.subscriptions.get(topic.name, {}).values()
            gone += topic.trim(min((each.mark for each in named), default=topic.end))
        return gone

    def replace(self, name: str) -> None:
        """Delete the topic and let whoever is connected create it again."""
        for old in self.open(name):
            del self.topics[old.name]
            self._move(old)

    def start_over(self) -> None:
        """Another cluster under the same name: no messages, and ledger ids from the start."""
        self._ledger = 0
        olds = list(self.topics.values())
        self.topics.clear()
        for old in olds:
            self._move(old)

    def _move(self, old: Topic) -> None:
        new = self._topic(old.name, create=True)
        for subscription in self.subscriptions.get(old.name, {}).values():
            subscription.move(new)
        for listener in tuple(self.moved):
            listener(old.name, new)

    def _topic(self, name: str, *, create: bool) -> Topic:
        if name in self.topics:
            return self.topics[name]
        part = PARTITION.match(name)
        number = int(part[2]) if part else ABSENT
        if part and number >= self.partitions(part[1]) > 0:
            raise NotFound(f"Topic partition {name} does not exist")
        if not create:
            raise NotFound(f"Topic persistent://{name} does not exist")
        self.topics[name] = Topic(name, self._new_ledger, self.settings.entries_per_ledger, number)
        return self.topics[name]

    def _new_ledger(self) -> int:
        """Increasing, with gaps: other topics and cursors take numbers too."""
        self._ledger += self._gaps.randint(1, 4)
        return self._ledger
