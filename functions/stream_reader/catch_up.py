"""Which events are live, and which go to `ingest-bulk` because they are catching up: pure.

A group must never be in both queues, or its later events overtake its earlier ones. So once an
event of a group went to bulk, all that follow it go there too, until the router has fanned out the
last of them (`events` then says `routed`). After a restart it may not be known which groups have
events in bulk; then each is taken to have some until it is proven otherwise, or until bulk is seen
to be empty.

The other way needs no such care as long as the router takes from `ingest` within the age from
which events are late: what was sent live is routed long before its group could go to bulk.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from pydantic import BaseModel, ConfigDict

from switchboard.event import EventKey

KEPT_GROUPS = 1_000
"""More than these are not named in the checkpoint; a restart then suspects every group."""

SETTLED_SECONDS = 120.0
"""SQS's counts are approximate; a minute after the last send they are right."""


class CatchUpState(BaseModel):
    """What is kept: the groups in bulk with their last event's id, or that any group may be."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    groups: dict[str, str] = {}
    everything: bool = False


@dataclass(frozen=True, slots=True)
class _Last:
    event_id: str
    sent_at: float


class CatchUp:
    """One source's groups. `old_after` is the age in seconds from which an event is late."""

    def __init__(self, state: CatchUpState, *, old_after: float, now: float) -> None:
        self._old_after = old_after
        self._in_bulk: OrderedDict[str, _Last] = OrderedDict(
            (group, _Last(event_id, now)) for group, event_id in state.groups.items()
        )
        self._suspected_since: float | None = now if state.everything else None
        self._cleared: set[str] = set()

    @property
    def is_catching_up(self) -> bool:
        """Whether any group is, or may be, in bulk."""
        return bool(self._in_bulk) or self._suspected_since is not None

    def goes_to_bulk(self, group: str, event_id: str, published: float | None, now: float) -> bool:
        """Where an event goes; it is remembered as its group's last where it goes to bulk."""
        late = published is not None and now - published > self._old_after
        suspect = self._suspected_since is not None and group not in self._cleared
        if not (late or suspect or group in self._in_bulk):
            return False
        self._in_bulk[group] = _Last(event_id, now)
        self._cleared.discard(group)
        return True

    def suspect_everything(self, now: float) -> None:
        """Another reader may have sent any group's events to bulk until now."""
        self._suspected_since = now
        self._cleared.clear()

    def to_ask(self, limit: int) -> Sequence[EventKey]:
        """The events of which it should be asked whether they were routed; each has its turn."""
        asked = [(group, last.event_id) for group, last in islice(self._in_bulk.items(), limit)]
        for group, _ in asked:
            self._in_bulk.move_to_end(group)
        return asked

    def routed(self, events: Iterable[EventKey]) -> None:
        """These were fanned out; a group whose last event is among them is live again."""
        for group, event_id in events:
            last = self._in_bulk.get(group)
            if last is not None and last.event_id == event_id:
                del self._in_bulk[group]
                if self._suspected_since is not None:
                    self._cleared.add(group)

    def bulk_was_empty(self, looked_at: float) -> None:
        """When it was looked at, the queue was empty, and nothing waited to be sent to it.

        So nothing is left of what was sent a while before: groups whose last event was
        dead-lettered, and is never routed, come back so, and a suspicion ends.
        """
        settled = looked_at - SETTLED_SECONDS
        for group in [group for group, last in self._in_bulk.items() if last.sent_at < settled]:
            del self._in_bulk[group]
        if self._suspected_since is not None and self._suspected_since < settled:
            self._suspected_since = None
            self._cleared.clear()

    def state(self) -> CatchUpState:
        """What to keep; it must be kept before any mark that passed an event sent to bulk."""
        named = self._in_bulk if len(self._in_bulk) <= KEPT_GROUPS else {}
        unnamed = len(self._in_bulk) > KEPT_GROUPS
        return CatchUpState(
            groups={group: last.event_id for group, last in named.items()},
            everything=unnamed or self._suspected_since is not None,
        )
