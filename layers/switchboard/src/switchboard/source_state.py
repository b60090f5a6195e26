"""The state item of a source: whether its events go on, are held, or are refused at the edge.

    running ──pause──▶ paused ──resume──▶ resuming ──nothing is held any more──▶ running

A paused source is taken from, archived and appended as ever, but its events are held: they go to
no destination. While it is resuming, what is held goes through `ingest-bulk` in the order of each
group, and a new event is held as long as its own group still holds one: it cannot overtake.

A fact of ours (`OWN_SOURCE`) follows the held events of its group, whichever source's they are:
they hold it too. The item of `OWN_SOURCE` names the sources that may hold any, so that a fact costs
no look at its group as long as none is paused.

One item per source, read at most every five seconds per sandbox and written by the operator
alone. That is why a pause begins `NOTICE_SECONDS` after it was said: by then every sandbox has
read it, and no two of them treat two events of one group differently.
"""

from typing import Protocol

from pydantic import BaseModel, ConfigDict

from switchboard.errors import SwitchboardError

READ_EVERY_SECONDS = 5.0
NOTICE_SECONDS = 10.0
"""Between a pause and its beginning: twice the age that a sandbox's view may have."""


class SourceState(BaseModel):
    """`holds_from` is in epoch seconds; `discarded` counts the held events that were dropped.

    `follows` is of OWN_SOURCE alone: the sources that its facts follow.

    Whatever else it says, `paused`: an event is held as long as its group holds an earlier one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    paused: bool = False
    holds_from: float = 0.0
    resuming: bool = False
    refuse: bool = False
    discarded: int = 0
    follows: frozenset[str] = frozenset()

    def holds(self, now: float) -> bool:
        """Whether all of its events are held."""
        return self.paused and not self.resuming and now >= self.holds_from


class SourceStateStore(Protocol):
    """Where the state items of sources are kept."""

    def read_source(self, source: str) -> SourceState:
        """The source's item, or the default one where there is none.

        Raises:
            Unavailable: the store cannot be reached.
        """
        ...


class SourceStateReader:
    """A sandbox's view of the sources' states, each at most five seconds old.

    While the store cannot be reached the last view serves: what is held may not be overtaken.
    """

    def __init__(self, store: SourceStateStore) -> None:
        self._store = store
        self._read: dict[str, tuple[float, SourceState | None]] = {}

    def read(self, source: str, now: float) -> SourceState:
        """The state of `source`.

        Raises:
            Unavailable: it was never read, and cannot be now.
        """
        read_at, state = self._read.get(source, (float("-inf"), None))
        if state is None or now - read_at >= READ_EVERY_SECONDS:
            try:
                state = self._store.read_source(source)
            except SwitchboardError:
                if state is None:
                    raise
            self._read[source] = now, state
        return state
