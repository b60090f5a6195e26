"""One attempt at a claimed delivery: map the event, name what would be looked for, send it."""

from dataclasses import replace

from switchboard.arrival import Claimed
from switchboard.delivery import Configuration, Ports, prepared
from switchboard.destination import Delivery
from switchboard.errors import OurOwn, Unavailable
from switchboard.ledger import Entry, Ledger
from switchboard.settlement import Settlement


class Attempts:
    """A sandbox's attempts at one destination."""

    def __init__(self, ports: Ports, settlement: Settlement) -> None:
        self._ports = ports
        self._settlement = settlement

    def make(self, claimed: Claimed) -> float | None:
        """Send it: None when the message is done with, else the seconds for which it goes back."""
        entry = claimed.send.entry
        if claimed.send.may_duplicate:
            self._settlement.possible_duplicate(entry)
        configuration = claimed.configuration
        destination = configuration.destination
        in_doubt = claimed.send.look_first
        try:
            fresh = prepared(claimed.event, claimed.raw_ref, configuration, entry)
            delivery = continued(self._ports.ledger, fresh, configuration)
            receipt = destination.find(delivery) if in_doubt else None
            if receipt is None:
                in_doubt = False
                entry = referenced(self._ports.ledger, entry, destination.reference(delivery))
                receipt = destination.send(replace(delivery, reference=entry.reference))
        except Exception as error:  # noqa: BLE001 - whatever a destination raises has its treatment
            return self._settlement.failed(
                claimed.envelope, entry, error, configuration.repeat, in_doubt=in_doubt
            )
        self._settlement.delivered(entry, receipt)
        return None


def referenced(ledger: Ledger, entry: Entry, reference: str) -> Entry:
    """Record what `find` would look for, before the send; most kinds have nothing new.

    Raises:
        OurOwn: another execution took the delivery over, or the ledger cannot be reached.
    """
    if reference == entry.reference:
        return entry
    named = replace(entry, reference=reference, revision=entry.revision + 1)
    try:
        found = ledger.put(named, expected=entry.revision)
    except Unavailable as error:
        raise OurOwn(f"recording the reference: {error}") from error
    if found is not None:
        raise OurOwn("recording the reference: another execution took the delivery over")
    return named


def continued(ledger: Ledger, delivery: Delivery, configuration: Configuration) -> Delivery:
    """The delivery with what became of the first one of its group, where that is asked."""
    if not configuration.continues:
        return delivery
    try:
        first = ledger.first_delivered(delivery.group, delivery.destination)
    except Unavailable as error:
        raise OurOwn(f"looking for the first of its group: {error}") from error
    return replace(delivery, first=first.remote_id if first else "")
