"""A group's events as the `events` table has them, for whoever folds them."""

from collections.abc import Sequence

from switchboard.aws.group_items import group_items
from switchboard.aws.recorded_events import kept_of
from switchboard.canonical import recorded_event
from switchboard.claims import ClaimStore
from switchboard.event import Event


class GroupEvents:
    """See GroupReader. Events that are too large for their items are read from their claims."""

    def __init__(self, table: str, claims: ClaimStore) -> None:
        self._table = table
        self._claims = claims

    def of_group(self, group: str) -> Sequence[Event]:
        """See GroupReader; one request for a group of up to a megabyte."""
        items = group_items(self._table, group, ("event", "event_ref"))
        found = (recorded_event(kept_of(item), self._claims) for item in items)
        return [event for event in found if event is not None]
