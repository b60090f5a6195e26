"""One topic (or one partition of one): entries in ledgers that roll over, and what is retained."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from desk.pulsar.message_id import ABSENT, MessageId, Position


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer sends. A payload of None is a null value; `event_time` is ms, 0 for none."""

    payload: bytes | None
    key: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    event_time: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What one write stored: a message, or a batch of them. `publish_time` is ms."""

    position: Position
    partition: int
    messages: Sequence[Message]
    batched: bool
    publish_time: int

    def id_of(self, index: int) -> MessageId:
        """The id of the message at `index`."""
        if not self.batched:
            return MessageId(*self.position, self.partition)
        return MessageId(*self.position, self.partition, index, len(self.messages))


@dataclass(slots=True)
class Ledger:
    """A run of entries; the last one of a topic is open."""

    number: int
    entries: int = 0


class Terminated(Exception):
    """The topic takes no more messages."""


class Topic:
    """Entries are addressed by an absolute index that trimming does not change.

    `first` is the index of the oldest retained entry and `end` the index after the newest.
    """

    def __init__(
        self,
        name: str,
        new_ledger: Callable[[], int],
        entries_per_ledger: int,
        partition: int = ABSENT,
    ) -> None:
        self.name = name
        self.partition = partition
        self.terminated = False
        self.first = 0
        self.watchers: list[Callable[[], None]] = []
        self._new_ledger = new_ledger
        self._entries_per_ledger = entries_per_ledger
        self._entries: list[Entry] = []
        self._positions: list[Position] = []
        self.ledgers = [Ledger(new_ledger())]

    @property
    def end(self) -> int:
        """The index of the entry that will be written next."""
        return self.first + len(self._entries)

    def append(self, messages: Sequence[Message], *, batched: bool, at: int) -> Entry:
        """Store `messages` as one entry, published `at` (ms).

        Raises:
            Terminated: when the topic was terminated.
        """
        if self.terminated:
            raise Terminated(self.name)
        ledger = self.ledgers[-1]
        position = Position(ledger.number, ledger.entries)
        entry = Entry(position, self.partition, tuple(messages), batched, at)
        self._entries.append(entry)
        self._positions.append(position)
        ledger.entries += 1
        if ledger.entries >= self._entries_per_ledger:
            self.roll_over()
        self._tell()
        return entry

    def roll_over(self) -> None:
        """Close the open ledger and open another, as a full ledger and an unload both do."""
        if self.ledgers[-1].entries:
            self.ledgers.append(Ledger(self._new_ledger()))

    def entry(self, index: int) -> Entry:
        """The entry at `index`, which must be retained."""
        return self._entries[index - self.first]

    def index_of(self, position: Position) -> int:
        """The index of the first retained entry at or after `position`."""
        return self.first + bisect_left(self._positions, position)

    def holds(self, position: Position) -> bool:
        """Whether the entry at `position` is retained."""
        index = self.index_of(position)
        return index < self.end and self.entry(index).position == position

    @property
    def last(self) -> Position:
        """The position of the newest entry; before the open ledger's first when there is none."""
        if self._positions:
            return self._positions[-1]
        return Position(self.ledgers[-1].number, ABSENT)

    def trim(self, keep_from: int) -> int:
        """Drop closed ledgers that end before the index `keep_from`; the number of entries gone."""
        gone = 0
        while len(self.ledgers) > 1 and self.first + gone + self.ledgers[0].entries <= keep_from:
            gone += self.ledgers.pop(0).entries
        del self._entries[:gone]
        del self._positions[:gone]
        self.first += gone
        return gone

    def terminate(self) -> Position:
        """Take no more messages; the position of the last one."""
        self.terminated = True
        self._tell()
        return self.last

    def _tell(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()
