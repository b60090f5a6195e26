"""The catalogue of event types: each canonical type, its version, and the model of its `data`.

For documentation and tests; nothing that carries events reads it.
"""

from collections.abc import Sequence

from switchboard.catalogue.contact_center_types import contact_center_types
from switchboard.catalogue.event_type import EventType, Family
from switchboard.catalogue.facts import fact_types
from switchboard.catalogue.meeting_types import meeting_types
from switchboard.catalogue.message_types import message_types
from switchboard.catalogue.own import own_types, passing_types

CATALOGUE: Sequence[EventType] = (
    *contact_center_types(),
    *meeting_types(),
    *message_types(),
    *own_types(),
    *fact_types(),
    *passing_types(),
)


def event_type(kind: str, name: str) -> EventType | None:
    """What is known of the type `name` from a source of kind `kind`."""
    return next((one for one in CATALOGUE if one.takes(kind, name)), None)


__all__ = ["CATALOGUE", "EventType", "Family", "event_type"]
