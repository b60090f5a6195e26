"""The record of an interaction, in a few lines for people. Pure."""

from collections.abc import Iterator

from switchboard.event import utc_text
from switchboard.interactions import Interaction
from switchboard.interactions.record import Spent

DIRECTIONS = {"in": "from", "out": "to"}


def folded(record: Interaction) -> Iterator[str]:
    """What became of it, how long it took, who took part, and how it ended."""
    customer = record.customer
    whom = customer.name or customer.phone or customer.email or "somebody"
    direction = DIRECTIONS.get(record.direction or "", "with")
    yield f"{record.state}: {record.media or 'interaction'} {direction} {whom}, {record.outcome}"
    yield f"  {_seconds(record.durations)}{_doubt(record)}"
    if record.end_lost:
        yield "  its end was not seen: nothing was heard of it for too long"
    if record.waiting_since is not None:
        yield f"  waiting in a queue since {utc_text(record.waiting_since)}"
    for agent in record.agents:
        yield f"  agent {agent.id}: {_seconds(agent.durations)}"
    if record.original_interaction is not None:
        yield f"  transferred from {record.original_interaction}"
    for transfer in record.transfers:
        yield f"  transferred by {transfer.agent} to {', '.join(transfer.to) or 'somebody'}"
    if record.disposition is not None:
        yield f"  disposition {record.disposition}"
    if record.hangup.by is not None:
        yield f"  ended by the {record.hangup.by}"


def _seconds(spent: Spent) -> str:
    found = [
        f"{name.removesuffix('_seconds')} {seconds} s"
        for name, seconds in spent.model_dump().items()
        if seconds
    ]
    return ", ".join(found) or "no time"


def _doubt(record: Interaction) -> str:
    """The durations of which a beginning or an end was not seen."""
    return f" (not sure of {', '.join(record.unsure)})" if record.unsure else ""
