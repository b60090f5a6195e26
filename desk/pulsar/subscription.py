"""A subscription: the cursor the server keeps, and who gets which entry."""

import hashlib
from bisect import insort
from collections.abc import Callable, Iterable
from enum import StrEnum

from desk.pulsar.inbox import Inbox
from desk.pulsar.topic import Topic

Later = Callable[[float, Callable[[], None]], object]
TAKE_OVER_SECONDS = 1.0


class Kind(StrEnum):
    """The exact names of the query parameter `subscriptionType`."""

    EXCLUSIVE = "Exclusive"
    SHARED = "Shared"
    FAILOVER = "Failover"
    KEY_SHARED = "Key_Shared"

    @property
    def single(self) -> bool:
        """Whether one consumer at a time gets everything, in order."""
        return self in {Kind.EXCLUSIVE, Kind.FAILOVER}


class Busy(Exception):
    """Another consumer is connected, or consumers of another kind are."""


class Subscription:
    """The cursor is kept in entries: a batch comes again whole until all of it is acked.

    `later` runs a function after some seconds; with it a Failover standby takes over.
    """

    def __init__(self, name: str, topic: Topic, later: Later, *, earliest: bool) -> None:
        self.name = name
        self.kind = Kind.EXCLUSIVE
        self.consumers: list[Inbox] = []
        self._topic = topic
        self._later = later
        self._mark = topic.first if earliest else topic.end
        self._acked: set[int] = set()
        self._read = self._mark
        self._replay: list[int] = []
        self._owners: dict[int, Inbox] = {}
        self._redeliveries: dict[int, int] = {}
        self._active: Inbox | None = None
        self._turn = 0
        topic.watchers.append(self.dispatch)

    @property
    def mark(self) -> int:
        """The index of the first entry that is not acked."""
        return max(self._mark, self._topic.first)

    @property
    def backlog(self) -> int:
        """How many entries are not acked."""
        return self._topic.end - self.mark - len(self._acked)

    @property
    def active(self) -> Inbox | None:
        """Who gets everything on a kind that is `single`."""
        return self._active

    def attach(self, inbox: Inbox, kind: Kind) -> None:
        """Connect a consumer.

        Raises:
            Busy: when the subscription is taken.
        """
        if self.consumers and (kind is not self.kind or kind is Kind.EXCLUSIVE):
            reason = (
                "Exclusive consumer is already connected"
                if self.kind is Kind.EXCLUSIVE and kind is self.kind
                else "Subscription is of different type. Active subscription type of "
                f"'{self.kind}' is different than the connecting consumer's type '{kind}'."
            )
            raise Busy(reason)
        self.kind = kind
        inbox.on_permits = self.dispatch
        self.consumers.append(inbox)
        if len(self.consumers) == 1:
            self._elect()
        else:
            self._later(TAKE_OVER_SECONDS, self._elect)
            self.dispatch()

    def detach(self, inbox: Inbox) -> None:
        """Disconnect a consumer; what it did not ack goes to others."""
        if inbox not in self.consumers:
            return
        self.consumers.remove(inbox)
        for index in [i for i, owner in self._owners.items() if owner is inbox]:
            self._again(index)
        if not self.consumers:
            self._redeliveries.clear()
        if inbox is self._active:
            self._active = None
            self._later(TAKE_OVER_SECONDS if self.consumers else 0.0, self._elect)
        self.dispatch()

    def ack(self, index: int) -> None:
        """Take an entry as done."""
        if index < self.mark:
            return
        self._acked.add(index)
        self._owners.pop(index, None)
        self._redeliveries.pop(index, None)
        while self._mark in self._acked or self._mark < self._topic.first:
            self._acked.discard(self._mark)
            self._mark += 1

    def redeliver(self, inbox: Inbox, indexes: Iterable[int]) -> None:
        """Send entries again: just these, or, on a kind that is `single`, all that is not acked."""
        if self.kind.single:
            if inbox is self._active:
                inbox.clear()
                self._read = self.mark
        else:
            for index in indexes:
                if self._owners.get(index) is inbox and self._open(index):
                    self._redeliveries[index] = self._redeliveries.get(index, 0) + 1
                    self._again(index)
        self.dispatch()

    def rewind(self) -> None:
        """Begin again at the first un-acked entry, as after an unload or a restart."""
        self._read = self.mark
        self._replay.clear()
        self._owners.clear()
        self._redeliveries.clear()
        for inbox in self.consumers:
            inbox.clear()
        self.dispatch()

    def skip(self, entries: int) -> None:
        """Take the first `entries` that are not acked as done."""
        for _ in range(entries):
            if self.mark < self._topic.end:
                self.ack(self.mark)
        self.rewind()

    def move(self, topic: Topic) -> None:
        """Go on, from its beginning, on the topic that took the place of a deleted one."""
        self.close()
        self._topic = topic
        self._mark = topic.first
        self._acked.clear()
        topic.watchers.append(self.dispatch)
        self.rewind()

    def close(self) -> None:
        """Watch the topic no longer."""
        if self.dispatch in self._topic.watchers:
            self._topic.watchers.remove(self.dispatch)

    def dispatch(self) -> None:
        """Hand out what can be handed out."""
        blocked: set[int] = set()
        while (index := self._choose(blocked)) is not None:
            inbox = self._consumer_for(index)
            if inbox is None:
                if self.kind is not Kind.KEY_SHARED:
                    return
                blocked.add(index)
                continue
            if index in self._replay:
                self._replay.remove(index)
            else:
                self._read = index + 1
            if not self.kind.single:
                self._owners[index] = inbox
            entry = self._topic.entry(index)
            inbox.put(entry, index, redeliveries=self._redeliveries.get(index, 0))

    def _choose(self, blocked: set[int]) -> int | None:
        """The entry whose turn it is, those to be sent again first."""
        while self._replay and not self._open(self._replay[0]):
            self._replay.pop(0)
        for index in self._replay:
            if index not in blocked and self._open(index):
                return index
        if blocked:
            return None
        self._read = max(self._read, self.mark)
        while self._read in self._acked:
            self._read += 1
        return self._read if self._read < self._topic.end else None

    def _consumer_for(self, index: int) -> Inbox | None:
        match self.kind:
            case Kind.EXCLUSIVE | Kind.FAILOVER:
                chosen = self._active
            case Kind.SHARED:
                chosen = self._next_with_permits()
            case Kind.KEY_SHARED:
                chosen = self._by_key(index)
        return chosen if chosen is not None and chosen.permits > 0 else None

    def _next_with_permits(self) -> Inbox | None:
        for _ in self.consumers:
            self._turn = (self._turn + 1) % len(self.consumers)
            if self.consumers[self._turn].permits > 0:
                return self.consumers[self._turn]
        return None

    def _by_key(self, index: int) -> Inbox | None:
        """A key stays where it has un-acked entries, else goes by its hash."""
        if not self.consumers:
            return None
        key = self._key(index)
        for other, owner in self._owners.items():
            if self._key(other) == key:
                return owner
        return self.consumers[_spread(key) % len(self.consumers)]

    def _key(self, index: int) -> str:
        entry = self._topic.entry(index)
        key = entry.messages[0].key
        return f"={key}" if key is not None else f"{entry.position}"

    def _again(self, index: int) -> None:
        self._owners.pop(index, None)
        if self._open(index) and index not in self._replay:
            insort(self._replay, index)

    def _open(self, index: int) -> bool:
        return index >= self.mark and index not in self._acked

    def _elect(self) -> None:
        """Choose by the partition, or by the topic's name, among the consumers by their names."""
        if not self.consumers:
            return
        number = self._topic.partition
        if number < 0:
            number = _spread(self._topic.name)
        ordered = sorted(self.consumers, key=lambda inbox: inbox.name)
        chosen = ordered[number % len(ordered)]
        if chosen is not self._active:
            self._active = chosen
            if self.kind.single:
                self._read = self.mark
            self.dispatch()


def _spread(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
