"""How a replay's deliveries ended: what the ledger says of each."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from desk.records.events import Key
from desk.records.ledger import LedgerRecords, by_delivery
from desk.records.tables import BATCH_KEYS, batches
from desk.replay.plans import Replays
from desk.target import Target
from switchboard.ledger import Entry, State
from switchboard.replay_id import is_earlier
from switchboard.replays import Replay, ReplayStatus, Selected, planned_deliveries

NOT_SENT = "not sent yet"
ON_ITS_WAY = "on its way"
DELIVERED_BEFORE = "delivered already"
LATER_REPLAY = "taken by a later replay"
GONE = "event no longer kept"
_UNDER_WAY = {NOT_SENT, ON_ITS_WAY, State.SENDING, State.WAITING, State.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Deliveries by what became of them, and the reason classes of those that are dead."""

    counts: Mapping[str, int]
    reasons: Mapping[str, int]

    @property
    def under_way(self) -> int:
        """Those that have no end yet."""
        return sum(count for what, count in self.counts.items() if what in _UNDER_WAY)


def outcomes(
    target: Target, replay: Replay, seen: Callable[[int], None] = lambda _: None
) -> Outcomes:
    """Count every delivery of `replay`, a hundred at a time; `seen` is told how many."""
    ledger, to = LedgerRecords(target), replay.destination
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    number = 0
    for batch in batches(planned_deliveries(replay, Replays(target).chunks), BATCH_KEYS):
        keys = [(Key(one.group, one.event_id), to) for one in batch]
        found = by_delivery(ledger.get(keys))
        for one in batch:
            entry = found.get((one.event_id, to))
            what = outcome(replay, one, entry) if number < replay.position else NOT_SENT
            counts[what] += 1
            if what == State.DEAD and entry is not None:
                reasons[str(entry.reason_class)] += 1
            number += 1
        seen(len(batch))
    # Which ones were gone, nobody noted: they were sent nowhere.
    gone = min(replay.gone, counts[ON_ITS_WAY])
    counts.update({ON_ITS_WAY: -gone, GONE: gone})
    return Outcomes({what: count for what, count in counts.items() if count}, dict(reasons))


def outcome(replay: Replay, one: Selected, entry: Entry | None) -> str:
    """What became of a delivery that is sent, by its entry in the ledger."""
    if entry is None:
        return ON_ITS_WAY
    if entry.replay == replay.id:
        return str(entry.state)
    if is_earlier(replay.id, entry.replay):
        return LATER_REPLAY
    if entry.state is State.DELIVERED and entry.generation >= one.generation:
        return DELIVERED_BEFORE
    return ON_ITS_WAY


def is_done(replay: Replay, found: Outcomes) -> bool:
    """Whether everything is sent and the ledger has an end for each."""
    return replay.status is ReplayStatus.SENT and found.under_way == 0
