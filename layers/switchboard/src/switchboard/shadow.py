"""Shadow destinations: a delivery is mapped, its request built and recorded, and not sent."""

from switchboard.delivery import Configuration, prepared
from switchboard.envelope import Envelope
from switchboard.errors import Unavailable
from switchboard.guards import Fact
from switchboard.ledger import Entry
from switchboard.settlement import Settlement


def show(
    settlement: Settlement,
    envelope: Envelope,
    fact: Fact,
    configuration: Configuration,
    entry: Entry,
) -> float | None:
    """Do all but send: None when it is done with, else the seconds for which it goes back.

    Only what the request is made with, such as a secret or reference data, may be unavailable here.
    """
    try:
        delivery = prepared(fact.event, fact.raw_ref, configuration, entry)
        request = configuration.destination.check(delivery)
    except Unavailable as error:
        return settlement.failed(envelope, entry, error, configuration.repeat)
    except Exception as error:  # noqa: BLE001 - whatever is raised is what the shadow shows
        return settlement.shadow_failed(entry, error)
    return settlement.shadowed(entry, request)
