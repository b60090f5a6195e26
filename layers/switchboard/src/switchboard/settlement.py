"""How a delivery ended: told to the ledger, to the dead letters, to the gate and to metrics."""

import hashlib

from switchboard.closing import close, conclude
from switchboard.dead_letters import bury
from switchboard.delivery import Ports
from switchboard.destination import Receipt, Repeat
from switchboard.envelope import Envelope
from switchboard.errors import ConfigurationError, CredentialsRefused, RateLimited, ReasonClass
from switchboard.ledger import Entry, State
from switchboard.outcomes import (
    Circumstances,
    dead,
    delivered,
    failed,
    given_back,
    skipped,
    spared,
)
from switchboard.retry import CONFIGURATION_WAIT
from switchboard.version import Version

LOST_RACE_SECONDS = 1.0


class Settlement:
    """A sandbox's endings. It knows when the destination last took anything.

    Where seconds are returned, the message goes back for so long; None: it is done with.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._taken_at = float("-inf")

    def delivered(self, entry: Entry, receipt: Receipt) -> None:
        """The destination took it."""
        ports = self._ports
        self._taken_at = ports.clock()
        ports.gate.took(self._taken_at)
        if receipt.quota is not None:
            ports.gate.told(receipt.quota, self._taken_at)
        ports.telemetry.count("delivered", destination=ports.name, lane=entry.lane)
        self._time(entry)
        if entry.version:
            ports.guards.rise(entry.group, entry.destination, Version.read(entry.version))
        closed = delivered(entry, receipt, self._taken_at)
        close(ports.ledger, entry, closed, late=lambda: self.possible_duplicate(entry))
        ports.trials.took(entry)

    def _time(self, entry: Entry) -> None:
        """From event to write. What is replayed is late by nature, and would hide what is not."""
        if entry.happened_at and entry.replay is None:
            seconds = max(0.0, self._taken_at - entry.happened_at)
            name = self._ports.name
            self._ports.telemetry.took_seconds("delivery_seconds", seconds, destination=name)

    def doubt(self, entry: Entry) -> None:
        """Its record may have been stored, though nobody can say so: nothing older comes after."""
        if entry.version:
            version = Version.read(entry.version)
            self._ports.guards.doubt(entry.group, entry.destination, version)

    def overtaken(self, entry: Entry, written: Version) -> float | None:
        """The record is written already, from this very event or from a newer one."""
        if written.event_id == entry.event_id:
            self.delivered(entry, Receipt())
            return None
        return self._skipped(entry, f"older: it was written from {written.event_id}", "skipped")

    def failed(
        self,
        envelope: Envelope,
        entry: Entry,
        error: Exception,
        repeat: Repeat,
        *,
        in_doubt: bool = False,
    ) -> float | None:
        """The attempt raised `error`; `in_doubt`, while looking for what an earlier one stored."""
        self.refused(error, entry)
        return self.close_failed(envelope, entry, error, repeat, in_doubt=in_doubt)

    def refused(self, error: Exception, entry: Entry) -> None:
        """A request failed: told to the gate once, for one of the deliveries that were in it.

        What versions on trial do wrong stops nobody; that there were too many requests, all.
        """
        if isinstance(error, RateLimited) or not self._ports.trials.tries(entry):
            self._refused(error, entry.group)
        else:
            self._ports.gate.unused(self._ports.clock())

    def _refused(self, error: Exception, group: str) -> None:
        self._ports.gate.failed(error, group, self._ports.clock())
        if isinstance(error, ConfigurationError):
            self._tell(error)

    def close_failed(
        self,
        envelope: Envelope,
        entry: Entry,
        error: Exception,
        repeat: Repeat,
        *,
        in_doubt: bool = False,
    ) -> float | None:
        """Write the end of an attempt whose request raised `error`."""
        ports = self._ports
        now = ports.clock()
        circumstances = Circumstances(
            now,
            self._taken_at,
            repeat,
            ports.jitter,
            in_doubt,
            holds=ports.gate.holds(now),
            held_seconds=ports.gate.held_seconds(now),
        )
        ends = failed(entry, error, circumstances)
        if ends.reason_class is ReasonClass.BUG:
            ports.telemetry.count("bugs", destination=ports.name, error=type(error).__name__)
        if ends.reason_class is ReasonClass.UNKNOWN:
            self.doubt(entry)
        ended = spared(ends, circumstances) if ports.trials.spares(entry, ends) else ends
        if not close(ports.ledger, entry, ended, late=_never):
            return LOST_RACE_SECONDS
        ports.trials.failed(entry, ends)
        if ended.state is State.DEAD:
            return self.bury(envelope, ended)
        ports.telemetry.count("retried", destination=ports.name, reason=str(ended.reason_class))
        return ended.until - now

    def give_back(self, entry: Entry) -> None:
        """End a claim after which nothing was sent: no attempt is counted."""
        ports = self._ports
        close(ports.ledger, entry, given_back(entry, ports.clock()), late=_never)

    def shadowed(self, entry: Entry, request: bytes) -> float | None:
        """It would have been sent as `request`, and was not: its destination is a shadow."""
        size, name = len(request), hashlib.sha256(request).hexdigest()[:16]
        why = f"shadow: {size} bytes would have been sent (sha256 {name})"
        closed = self._skipped(entry, why, "shadowed")
        self._ports.trials.took(entry)
        return closed

    def shadow_failed(self, entry: Entry, error: Exception) -> float | None:
        """It could not have been sent; nothing was lost, and nothing alarms."""
        ports = self._ports
        circumstances = Circumstances(
            ports.clock(), self._taken_at, Repeat.AT_MOST_ONCE, ports.jitter
        )
        ends = failed(entry, error, circumstances)
        closed = self._skipped(entry, f"shadow: {ends.reason}", "shadow_failed")
        ports.trials.failed(entry, ends)
        return closed

    def _skipped(self, entry: Entry, reason: str, metric: str) -> float | None:
        ports = self._ports
        if not close(ports.ledger, entry, skipped(entry, reason, ports.clock()), late=_never):
            return LOST_RACE_SECONDS
        ports.telemetry.count(metric, destination=ports.name)
        return None

    def end(
        self, envelope: Envelope | str, fresh: Entry, reason_class: ReasonClass, reason: str
    ) -> float | None:
        """Dead-letter what was never claimed here, over whatever open entry there is."""
        now = self._ports.clock()

        def ending(entry: Entry) -> Entry:
            if entry.state is State.SENDING:
                self.doubt(entry)
            return dead(entry, reason_class, reason, now)

        ended = conclude(self._ports.ledger, fresh, stored=False, ending=ending)
        if ended is None:
            return LOST_RACE_SECONDS
        entry, written = ended
        return self.bury(envelope, entry) if written else self.dropped(envelope, entry)

    def bury(self, envelope: Envelope | str, entry: Entry) -> float | None:
        """Count and send the dead letter of an entry that the ledger has as dead."""
        ports = self._ports
        ports.telemetry.count(
            "dead_lettered", destination=ports.name, reason=str(entry.reason_class)
        )
        return bury(ports.dead_letters, entry, envelope)

    def dropped(self, envelope: Envelope | str, entry: Entry) -> float | None:
        """A final state. A dead one may have crashed before its queue took it: send it again."""
        if entry.state is State.DEAD:
            return bury(self._ports.dead_letters, entry, envelope)
        return None

    def misconfigured(self, error: ConfigurationError, group: str) -> float:
        """Nothing can be sent with the documents as they are."""
        self._refused(error, group)
        return self._ports.gate.holds(self._ports.clock()) or CONFIGURATION_WAIT

    def _tell(self, error: ConfigurationError) -> None:
        refused = isinstance(error, CredentialsRefused)
        kind = "refused_credentials" if refused else "configuration_errors"
        self._ports.telemetry.count(kind, destination=self._ports.name)
        self._ports.telemetry.warn("the destination waits for its configuration", why=str(error))

    def possible_duplicate(self, entry: Entry) -> None:
        """Nobody can say that it is not stored twice."""
        self._ports.telemetry.count("possible_duplicates", destination=self._ports.name)
        self._ports.telemetry.warn(
            "a possible duplicate", event=entry.event_id, destination=entry.destination
        )


def _never() -> None:
    """Only `delivered` can come late and be accepted."""
