"""The dead letter that an alarm is about, for whoever reads the alarm."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from functions.to_slack.alarm import Alarm
from switchboard.dead_letters import DeadLetterReader
from switchboard.errors import ReasonClass, SwitchboardError
from switchboard.event import Event
from switchboard.events import EventReader
from switchboard.ledger import Entry
from switchboard.mapping.origins import Path
from switchboard.policy import without
from switchboard.telemetry import Telemetry

SAMPLED: Mapping[str, Collection[ReasonClass]] = {
    "dead_lettered": frozenset(ReasonClass),
    "bugs": frozenset({ReasonClass.BUG}),
}
"""Metrics of a destination that dead letters explain, and of which classes those are.

What waits for its configuration or its credentials is no dead letter.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A dead letter and its event without what may not be shown.

    It is None where the event is too large for its item, or gone.
    """

    entry: Entry
    event: Event | None


class Samples:
    """Looks for what explains an alarm. That it finds nothing keeps no alarm from being told."""

    def __init__(
        self, dead_letters: DeadLetterReader, events: EventReader, telemetry: Telemetry
    ) -> None:
        self._dead_letters = dead_letters
        self._events = events
        self._telemetry = telemetry

    def of(self, alarm: Alarm, withheld: Collection[Path] = ()) -> Sample | None:
        """The newest dead letter of the destination that an alarm is about.

        Of its event nothing is shown that stands at a `withheld` path.
        """
        classes = SAMPLED.get(alarm.metric, ())
        destination = alarm.dimensions.get("destination")
        if alarm.state != "ALARM" or not classes or destination is None:
            return None
        try:
            entry = self._dead_letters.newest(destination)
            if entry is None or (entry.reason_class or ReasonClass.BUG) not in classes:
                return None
            event = self._event(entry)
            return Sample(entry, None if event is None else shown_of(event, withheld))
        except SwitchboardError as error:
            self._telemetry.warn("an alarm is told without a sample", why=str(error))
            return None

    def _event(self, entry: Entry) -> Event | None:
        key = (entry.group, entry.event_id)
        kept = self._events.read([key]).get(key)
        return None if kept is None else kept.event


def shown_of(event: Event, withheld: Collection[Path]) -> Event:
    """`event` without what stands at a `withheld` path of its data."""
    data = without({"data": event.data}, withheld).get("data", {})
    return event.model_copy(update={"data": data})
