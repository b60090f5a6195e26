"""An event as the events table has it: canonical, in its item or in a claim."""

from switchboard.claims import ClaimStore, load_claim
from switchboard.envelope import Claim
from switchboard.errors import EventError
from switchboard.event import Event
from switchboard.events import Kept


def recorded_event(kept: Kept, claims: ClaimStore) -> Event | None:
    """The event; None: it is gone, from its item or with its claim.

    Raises:
        Unavailable: the claims cannot be reached.
    """
    if kept.event is not None or kept.event_ref is None:
        return kept.event
    try:
        return _canonical(load_claim(kept.event_ref, claims))
    except EventError:
        return None


def _canonical(claim: Claim) -> Event:
    """An item of release 0.1.0 may refer to the claim of its arrival, which has the payload.

    That release knew nothing of tenants, and what is made of it here says nothing of them either.
    """
    if claim.raw is None:
        return claim.event
    # A destination has no other use for the kinds of sources.
    from switchboard.sources import normalised

    return normalised(claim.event, claim.raw)
