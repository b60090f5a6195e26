"""The events table in memory."""

from collections.abc import Mapping, Sequence

from switchboard.errors import Unavailable
from switchboard.event import Event, EventKey
from switchboard.events import Appended, GroupSoFar, Kept, Recorded
from switchboard.routing import Choice
from switchboard.testing.stores import Failing


class MemoryEvents(Failing):
    """See EventStore, EventReader, GroupReader.

    `held` has the place of each that is held, `held_by` the source that holds it.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Recorded] = {}
        self.routed: set[tuple[str, str]] = set()
        self.held: dict[tuple[str, str], str] = {}
        self.held_by: dict[tuple[str, str], str] = {}
        self._chosen: dict[tuple[str, str], Sequence[Choice]] = {}

    def append(self, recorded: Recorded) -> Appended:
        """See EventStore."""
        self.check()
        key = (recorded.group, recorded.event.id)
        if key not in self.kept:
            self.kept[key] = recorded
            if recorded.held_order:
                self.held[key] = recorded.held_order
                self.held_by[key] = recorded.holder
            else:
                self._chosen[key] = recorded.destinations
        return Appended(self._chosen.get(key, ()), key in self.held)

    def read(self, keys: Sequence[EventKey]) -> Mapping[EventKey, Kept]:
        """See EventReader."""
        self.check()
        found = {key: self.kept[key] for key in keys if key in self.kept}
        return {
            key: Kept(None if one.event_ref else one.event, one.event_ref, one.raw_ref)
            for key, one in found.items()
        }

    def of_group(self, group: str) -> Sequence[Event]:
        """See GroupReader."""
        self.check()
        return [recorded.event for (name, _), recorded in self.kept.items() if name == group]

    def mark_routed(self, group: str, event_id: str) -> None:
        """See EventStore."""
        self.check()
        if (group, event_id) not in self.kept:
            raise Unavailable("marking an event as routed: it is not in the events table")
        self.routed.add((group, event_id))

    def group_so_far(self, group: str) -> GroupSoFar:
        """See EventStore."""
        self.check()
        held: dict[str, frozenset[str]] = {}
        for name, event_id in self.held:
            if name == group:
                source = self.held_by[name, event_id]
                held[source] = held.get(source, frozenset()) | {event_id}
        return GroupSoFar(
            held,
            {
                choice.name: choice.lane
                for (name, _), choices in self._chosen.items()
                for choice in choices
                if name == group
            },
        )

    def choose_held(
        self, group: str, event_id: str, destinations: Sequence[Choice]
    ) -> Sequence[Choice] | None:
        """See EventStore."""
        self.check()
        if (group, event_id) not in self.held:
            return None
        return self._chosen.setdefault((group, event_id), destinations)

    def hold_for(self, group: str, event_id: str, source: str) -> None:
        """See EventStore."""
        self.check()
        if (group, event_id) in self.held:
            self.held_by[group, event_id] = source

    def mark_released(self, group: str, event_id: str) -> None:
        """See EventStore."""
        self.check()
        self.held.pop((group, event_id), None)
        self.routed.add((group, event_id))
