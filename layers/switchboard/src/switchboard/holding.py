"""A sandbox's look at gaps: only where its destination's document asks for it (see gaps.py)."""

from dataclasses import replace

from switchboard.delivery import Configuration, Ports
from switchboard.errors import ReasonClass, SwitchboardError
from switchboard.gaps import Gap, HoldingLedger, settle_gap
from switchboard.ledger import Entry, State

LOST_RACE_SECONDS = 1.0


class Holding:
    """The gaps of one destination.

    Where seconds are returned, the message goes back for so long; None: it is done with.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def gap(self, configuration: Configuration, fresh: Entry) -> Gap | None:
        """The gap before an arriving delivery; None where nothing asks for one, or none is open."""
        if not configuration.holds:
            return None
        found = self._ports.gaps.read(fresh.group, fresh.destination)
        return None if found is None or found.closed else found

    def kept(self, entry: Entry, gap: Gap | None) -> float | None:
        """`entry` is held in the ledger: its message may go once the gap counts it.

        Where the gap closed meanwhile, nobody would send it again: it goes on by its message.
        """
        ports = self._ports
        if gap is None:
            doubtful = entry.reason_class is ReasonClass.UNKNOWN or entry.lapses > 0
            state = State.UNKNOWN if doubtful else State.WAITING
            goes_on = replace(entry, state=state, revision=entry.revision + 1)
            ports.ledger.put(goes_on, expected=entry.revision)
            return 0.0
        if not ports.gaps.write(gap.counted(), expected=gap.revision):
            return LOST_RACE_SECONDS
        ports.telemetry.count("held", destination=ports.name)
        return None

    def settle(self, gap: Gap | None) -> None:
        """After a delivery of the gap's group: release or close the gap."""
        if gap is not None:
            settle_gap(self._ports.gaps, gap.group, gap.destination)


def with_gaps(ports: Ports) -> Ports:
    """`ports` with a ledger in which a dead letter opens its gap."""

    def holds() -> bool:
        try:
            return ports.configured().holds
        except SwitchboardError:
            return False

    return replace(ports, ledger=HoldingLedger(ports.ledger, ports.gaps, holds))
