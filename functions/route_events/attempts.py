"""What becomes of a record that cannot be routed: put back, counted, or dead-lettered.

The router's own deliveries are in the ledger under the destination `route`, but only where
something went wrong: after a bug, and from a message's third receive on, so that one which kills
the process is found. Everything else leaves no entry.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from switchboard.claiming import Bury, Decision, Drop, Hold, Order, Wait, claim
from switchboard.closing import close, conclude
from switchboard.dead_letters import bury
from switchboard.destination import Receipt, Repeat
from switchboard.envelope import Envelope
from switchboard.errors import EventError, ReasonClass, SwitchboardError
from switchboard.held import ROUTE
from switchboard.ledger import Entry, Ledger, State
from switchboard.loop import Record
from switchboard.outcomes import Circumstances, dead, delivered, failed, given_back
from switchboard.queue import Outbox
from switchboard.retry import Jitter, back_off
from switchboard.settlement import LOST_RACE_SECONDS
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Attempts:
    """The router's use of the ledger and of the ingest queues' dead letters.

    Where seconds are returned, the message goes back for so long; None: it is done with.
    """

    ledger: Ledger
    dead_letters: Outbox
    telemetry: Telemetry
    clock: Callable[[], float]
    jitter: Jitter

    def claim(self, fresh: Entry) -> Decision:
        """Claim a message that came back often. Routing again is harmless: `repeat` is native."""
        return claim(self.ledger, Order(fresh, Repeat.NATIVE, self.clock()))

    def end(self, decision: Wait | Drop | Bury | Hold, envelope: Envelope) -> float | None:
        """Do what a claim other than `Send` says."""
        match decision:
            case Wait(seconds):
                return seconds
            case Bury(entry):
                return self._bury(entry, envelope)
            case Drop(entry) if entry.state is State.DEAD:
                return bury(self.dead_letters, entry, envelope)
            case Drop() | Hold():  # it has no groups to hold
                return None

    def routed(self, claimed: Entry) -> None:
        """Close a claim whose event is fanned out."""
        close(self.ledger, claimed, delivered(claimed, Receipt(), self.clock()), late=_never)

    def give_back(self, claimed: Entry) -> None:
        """End a claim that came to nothing through no fault of its event."""
        with suppress(SwitchboardError):
            close(self.ledger, claimed, given_back(claimed, self.clock()), late=_never)

    def refuse(
        self, claimed: Entry | None, fresh: Entry, envelope: Envelope | str, error: EventError
    ) -> float | None:
        """Dead-letter an event for which there is no way."""
        now = self.clock()
        return self._conclude(
            claimed, fresh, envelope, lambda entry: dead(entry, ReasonClass.EVENT, str(error), now)
        )

    def wait(self, claimed: Entry | None, record: Record, error: SwitchboardError) -> float | None:
        """Put a record back for what will pass; a claim is kept as waiting, not as crashed."""
        self.telemetry.warn("an event waits", why=str(error), message_id=record.message_id)
        if claimed is None:
            return back_off(min(record.receive_count, 6), self.jitter)
        ended = failed(claimed, error, self._circumstances())
        close(self.ledger, claimed, ended, late=_never)
        return ended.until - ended.updated_at

    def bug(
        self, claimed: Entry | None, fresh: Entry, envelope: Envelope, error: Exception
    ) -> float | None:
        """Count a bug that this record raised; the fifth one is its dead letter."""
        self.telemetry.count("bugs", destination=ROUTE, error=type(error).__name__)
        circumstances = self._circumstances()
        return self._conclude(
            claimed, fresh, envelope, lambda entry: failed(entry, error, circumstances)
        )

    def _circumstances(self) -> Circumstances:
        return Circumstances(self.clock(), float("-inf"), Repeat.NATIVE, self.jitter)

    def _conclude(
        self,
        claimed: Entry | None,
        fresh: Entry,
        envelope: Envelope | str,
        ending: Callable[[Entry], Entry],
    ) -> float | None:
        ended = conclude(self.ledger, claimed or fresh, stored=claimed is not None, ending=ending)
        if ended is None:
            return LOST_RACE_SECONDS
        entry, written = ended
        if not entry.is_final:
            return entry.until - entry.updated_at
        if written:
            return self._bury(entry, envelope)
        return bury(self.dead_letters, entry, envelope) if entry.state is State.DEAD else None

    def _bury(self, entry: Entry, envelope: Envelope | str) -> float | None:
        self.telemetry.count(
            "dead_lettered", destination=entry.destination, reason=str(entry.reason_class)
        )
        return bury(self.dead_letters, entry, envelope)


def _never() -> None:
    """A late success of the router needs no count: sending again was harmless."""
