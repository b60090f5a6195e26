"""Where a delivery stands, in a word and in a sentence. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from switchboard.event import utc_text
from switchboard.ledger import Entry, State

QUEUED = "queued"

COLOURS: Mapping[str, str] = {
    State.DELIVERED: "green",
    State.DEAD: "bold red",
    State.UNKNOWN: "magenta",
    State.WAITING: "yellow",
    State.SENDING: "cyan",
    State.HELD: "yellow",
    State.SKIPPED: "dim",
    State.DISCARDED: "dim",
    State.REDIRECTED: "dim",
}


def coloured(state: str) -> str:
    """A state as it is shown to a person."""
    colour = COLOURS.get(state)
    return f"[{colour}]{state}[/]" if colour else state


def clock(moment: float) -> str:
    """Epoch seconds as they are shown; empty where there are none."""
    return utc_text(datetime.fromtimestamp(moment, UTC)) if moment else ""


def sentence(entry: Entry, now: float) -> str:
    """What the ledger says of a delivery, for a person."""
    parts = [_state(entry, now)]
    if entry.attempt > 1:
        parts.append(f"{entry.attempt} attempts")
    if entry.possible_duplicates:
        parts.append("possibly stored twice")
    if entry.generation:
        parts.append(f"sent again {entry.generation} times")
    if entry.reason:
        parts.append(entry.reason)
    if entry.answer:
        parts.append(f"the answer: {entry.answer}")
    return "; ".join(parts)


def _state(entry: Entry, now: float) -> str:
    match entry.state:
        case State.DELIVERED:
            return f"delivered as {entry.remote_id}" if entry.remote_id else "delivered"
        case State.SENDING if entry.lease_until > now:
            return f"being sent, under a lease until {clock(entry.lease_until)}"
        case State.SENDING:
            return (
                f"its execution ended without a word; the lease ran out {clock(entry.lease_until)}"
            )
        case State.WAITING | State.UNKNOWN if entry.until > now:
            return f"{entry.state}, next try {clock(entry.until)}"
        case State.WAITING | State.UNKNOWN:
            return f"{entry.state}, due since {clock(entry.until or entry.updated_at)}"
        case _:
            return str(entry.state)
