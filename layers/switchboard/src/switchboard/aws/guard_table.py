"""Guards in the ledger's table, and the records behind them in the events table."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from switchboard.aws.group_items import group_items
from switchboard.aws.items import Plain
from switchboard.aws.marks import Marks
from switchboard.aws.recorded_events import kept_of
from switchboard.canonical import recorded_event
from switchboard.claims import ClaimStore
from switchboard.errors import Unavailable
from switchboard.guards import NOTHING, Fact, Guard
from switchboard.version import Version

TRIES = 5

_RECORDED = ("event", "event_ref", "raw_ref", "destinations")


class GuardTable:
    """See GuardStore. Items expire `days` after their last write, like the ledger's."""

    def __init__(self, table: str, days: int, clock: Callable[[], float]) -> None:
        self._marks = Marks("guard", table, days, clock)

    def read(self, group: str, destination: str) -> Guard:
        """See GuardStore."""
        return _guard_of(self._marks.read(group, destination) or {})

    def rise(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore. One request, but where something newer is in doubt."""
        found = self._marks.put(
            group,
            destination,
            _values(Guard(written=version)),
            "attribute_not_exists(delivery) OR (written < :mine AND"
            " (attribute_not_exists(possible) OR possible <= :mine))",
            {":mine": version.text},
        )
        self._change(group, destination, found, lambda guard: guard.risen(version))

    def doubt(self, group: str, destination: str, version: Version) -> None:
        """See GuardStore."""
        found = self._marks.put(
            group,
            destination,
            _values(Guard(possible=version)),
            "attribute_not_exists(delivery)",
        )
        self._change(group, destination, found, lambda guard: guard.doubted(version))

    def _change(
        self,
        group: str,
        destination: str,
        found: Mapping[str, Any] | None,
        change: Callable[[Guard], Guard],
    ) -> None:
        """Change what was `found`, unless that changes nothing, or nothing was in the way."""
        for _ in range(TRIES):
            if found is None:
                return
            guard = _guard_of(found)
            changed = change(guard)
            if changed == guard:
                return
            found = self._marks.put(
                group,
                destination,
                _values(changed),
                "written = :written AND (attribute_not_exists(possible) OR possible = :possible)",
                {":written": guard.written.text, ":possible": guard.possible.text},
            )
        raise Unavailable("writing a guard: other executions were always faster")


def _values(guard: Guard) -> Mapping[str, Plain]:
    """A guard as plain values. The release before this one reads `written` alone."""
    return {
        "written": guard.written.text,
        "possible": None if guard.possible == NOTHING else guard.possible.text,
    }


def _guard_of(values: Mapping[str, Any]) -> Guard:
    given = {name: Version.read(values[name]) for name in ("written", "possible") if name in values}
    return replace(Guard(), **given)


class EventRecords:
    """See RecordSource: the newest of the group's events is its record.

    An event that was forgotten on request has neither itself nor a claim in its item.
    """

    def __init__(self, table: str, claims: ClaimStore) -> None:
        self._table = table
        self._claims = claims

    def newest(self, group: str, destination: str) -> Fact | None:
        """See RecordSource; one request for a group of up to a megabyte, and one for each claim."""
        items = group_items(self._table, group, _RECORDED)
        sent = [kept_of(item) for item in items if _was_sent(item, destination)]
        whole = ((recorded_event(kept, self._claims), kept.raw_ref) for kept in sent)
        facts = [Fact(event, raw_ref) for event, raw_ref in whole if event is not None]
        return max(facts, key=lambda fact: Version.of(fact.event), default=None)


def _was_sent(item: Mapping[str, Any], destination: str) -> bool:
    chosen = json.loads(item.get("destinations", "[]"))
    return any(choice["name"] == destination for choice in chosen)
