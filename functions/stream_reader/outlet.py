"""Where a source's events leave: live or bulk, decided per group and told to SQS in its order."""

from collections.abc import Callable

from functions.stream_reader.catch_up import CatchUp
from functions.stream_reader.forwarder import Forwarder
from functions.stream_reader.intake import Arrived


class Outlet:
    """The two queues of one source. `clock` gives epoch seconds."""

    def __init__(
        self, live: Forwarder, bulk: Forwarder, catch_up: CatchUp, clock: Callable[[], float]
    ) -> None:
        self.catch_up = catch_up
        self._live = live
        self._bulk = bulk
        self._clock = clock

    @property
    def bulk_is_idle(self) -> bool:
        """Whether SQS has everything that was sent to bulk."""
        return self._bulk.is_idle

    def forward(self, arrived: Arrived, confirm: Callable[[], None]) -> None:
        """Send an event on; `confirm` is called once SQS has it."""
        event, group = arrived.event, arrived.group
        late = self.catch_up.goes_to_bulk(group, event.id, arrived.published, self._clock())
        (self._bulk if late else self._live).submit(arrived, confirm)
