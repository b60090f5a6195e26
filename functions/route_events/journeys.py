"""The records of a batch on their way, and what becomes of each that fails a step."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from functions.route_events.attempts import Attempts
from switchboard.envelope import DeliveryOrder, Envelope, RawRef
from switchboard.errors import EventError, SwitchboardError
from switchboard.event import Event
from switchboard.held import is_release
from switchboard.ledger import Entry
from switchboard.loop import Batch, Record
from switchboard.retry import back_off
from switchboard.routing import Choice


@dataclass(slots=True)
class Journey:
    """What is known of one record so far.

    `envelope` is as it came, `whole` has its claim put back in; `fresh` is the ledger entry that
    it would begin with, and `claimed` the one it has (most have none).
    `is_held`: it goes nowhere yet. `is_fed`: its destinations have room for it.
    """

    record: Record
    envelope: Envelope
    whole: Envelope
    event: Event
    fresh: Entry
    claimed: Entry | None = None
    raw_ref: RawRef | None = None
    choices: Sequence[Choice] = ()
    is_held: bool = False
    is_fed: bool = False

    @property
    def is_release(self) -> bool:
        """Whether it was held, and is ordered to be routed now."""
        return is_release(self.envelope.delivery)

    @property
    def is_news(self) -> bool:
        """Whether it arrives for the first time: no order, and no repetition."""
        return self.envelope.delivery is None and self.record.receive_count == 1

    @property
    def is_to_be_archived(self) -> bool:
        """Whether its line is not in the archive yet: an order's always is."""
        came = self.whole.raw is not None
        return self.raw_ref is None and (came or self.envelope.delivery is None)

    @property
    def is_anew(self) -> bool:
        """Whether its event is to be made anew from the archived payload."""
        return self.order is not None and bool(self.order.from_raw)

    @property
    def passed_on(self) -> DeliveryOrder | None:
        """The order as its destination gets it."""
        return self.order and self.order.model_copy(update={"from_raw": None})

    @property
    def order(self) -> DeliveryOrder | None:
        """The order to its one destination, where it has one."""
        return None if self.is_release else self.envelope.delivery


class Journeys:
    """The journeys of one batch. A step that raises takes its record, and its group, off the way.

    EventError dead-letters the record, one of Switchboard's other errors makes it wait, and
    anything else counts as a bug of this record.
    """

    def __init__(self, batch: Batch, attempts: Attempts) -> None:
        self._batch = batch
        self._attempts = attempts
        self._journeys: dict[str, Journey] = {}
        self._settled: set[str] = set()

    def begin(self, journey: Journey) -> None:
        """Take `journey` on."""
        self._journeys[journey.record.message_id] = journey

    def live(self) -> Iterator[Journey]:
        """Those that still go on, in the batch's order."""
        for record in self._batch.live():
            journey = self._journeys.get(record.message_id)
            if journey is not None:
                yield journey

    def each(self, step: Callable[[Journey], None]) -> None:
        """Do `step` for every live journey."""
        for journey in self.live():
            try:
                step(journey)
            except Exception as error:  # noqa: BLE001 - whatever a step raises has its treatment
                self.stop(journey, error)

    def stop(self, journey: Journey, error: Exception) -> None:
        """End or delay `journey` for `error`."""
        claimed, fresh, envelope = journey.claimed, journey.fresh, journey.envelope
        if isinstance(error, EventError):
            ended = self.settle(
                journey.record, lambda: self._attempts.refuse(claimed, fresh, envelope, error)
            )
        elif isinstance(error, SwitchboardError):
            ended = self.settle(
                journey.record, lambda: self._attempts.wait(claimed, journey.record, error)
            )
        else:
            ended = self.settle(
                journey.record, lambda: self._attempts.bug(claimed, fresh, envelope, error)
            )
        self._attempts.telemetry.count(
            "dead_lettered" if ended else "retried", source=journey.event.source
        )

    def stop_all(self, concerned: Sequence[Journey], error: SwitchboardError) -> None:
        """Delay those of `concerned` that are still on their way.

        What follows another of its group goes back without a try of its own: one that waits for
        longer than the one before it would be what the group waits for.
        """
        stopped = {journey.record.message_id for journey in concerned}
        for journey in self.live():
            if journey.record.message_id in stopped:
                self.stop(journey, error)

    def settle(self, record: Record, ending: Callable[[], float | None]) -> bool:
        """Take `record` off the way with what `ending` answers: done (None), or put back.

        Returns:
            Whether it is done with.
        """
        self._settled.add(record.message_id)
        try:
            seconds = ending()
        except SwitchboardError:
            seconds = back_off(min(record.receive_count, 6), self._attempts.jitter)
        if seconds is None:
            self._batch.done(record)
        else:
            self._batch.put_back(record, seconds)
        return seconds is None

    def wait_for_room(self, journey: Journey, seconds: float) -> None:
        """Put `journey` back for no fault of its own; a claim is given back with it."""
        self._batch.put_back(journey.record, seconds)

    def give_back(self) -> None:
        """End the claims of those that wait for room, or for an earlier record of their group.

        Left as they are, they would look like those of a process that died: the group would wait
        for their leases, and after the third time be dead-lettered.
        """
        for message_id, journey in self._journeys.items():
            if journey.claimed is not None and message_id not in self._settled:
                self._attempts.give_back(journey.claimed)
