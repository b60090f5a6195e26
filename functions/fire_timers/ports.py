"""What a round touches, and how it tells what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from switchboard.claims import ClaimStore, check_in
from switchboard.envelope import Envelope
from switchboard.errors import Unavailable
from switchboard.event import Event, queue_safe
from switchboard.events import GroupReader
from switchboard.queue import Outbox, Outgoing
from switchboard.telemetry import Telemetry
from switchboard.timers import Timer, TimerStore, Waits


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a round touches."""

    timers: TimerStore
    groups: GroupReader
    ingest: Outbox
    claims: ClaimStore
    rules: Callable[[], Sequence[Timer]]
    waits: Waits
    telemetry: Telemetry
    clock: Callable[[], float]

    def tell(self, found: Sequence[tuple[str, Event]]) -> None:
        """Send what is told, each fact with its group.

        Raises:
            Unavailable: SQS did not take all of it.
        """
        messages = [
            Outgoing(
                check_in(Envelope(event=fact, group=group), self.claims), queue_safe(group), fact.id
            )
            for group, fact in found
        ]
        if not messages:
            return
        for why in self.ingest.send(messages):
            if why is not None:
                raise Unavailable(f"telling a fact: {why}")
