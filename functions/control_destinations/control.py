"""One look at every destination: switch its mappings, count what waits, start what is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from functions.control_destinations.decision import Deployed, Wanted, next_drain, wanted
from switchboard.breaker import Breaker, DestinationState
from switchboard.drain import DrainOrder, DrainStore
from switchboard.errors import SwitchboardError
from switchboard.gate import StateStore
from switchboard.polling import Mappings
from switchboard.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything it touches.

    `depth` counts the messages of a queue by its url; `start` lets a function drain, and does not
    wait for it.
    """

    deployed: Callable[[], Mapping[str, Deployed]]
    states: StateStore
    mappings: Mappings
    drains: DrainStore
    start: Callable[[str, DrainOrder], None]
    depth: Callable[[str], int]
    telemetry: Telemetry
    clock: Callable[[], float]


class Control:
    """Asserts the wanted state of every mapping; what fails for one destination stops no other."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def run(self) -> Mapping[str, bool]:
        """Look once at every destination; which of them are to be polled."""
        ports = self._ports
        deployed = ports.deployed()
        states = {name: self._state(name) for name in deployed}
        waiting = {name: self._count(name, deployed[name], states[name]) for name in deployed}
        plan = wanted(deployed, states, ports.clock())
        for one in plan:
            polled = [self._assert(one, mapping_id) for mapping_id in one.mapping_ids]
            if not any(polled):
                name = one.destination
                self._drain(name, deployed[name], states[name], waiting[name])
        return {one.destination: one.polled for one in plan}

    def _state(self, name: str) -> DestinationState:
        """One that cannot be read counts as closed, as everywhere."""
        try:
            return self._ports.states.read(name)
        except SwitchboardError as error:
            self._warn("a destination's state cannot be read", name, error)
            return DestinationState()

    def _assert(self, one: Wanted, mapping_id: str) -> bool:
        """Whether it is polled, or may be: only what was off before is certainly off."""
        ports = self._ports
        try:
            enabled = ports.mappings.is_enabled(mapping_id)
            if enabled is None or enabled == one.polled:
                return enabled is not False
            switched = ports.mappings.switch(mapping_id, enabled=one.polled)
        except SwitchboardError as error:
            self._warn("a mapping could not be switched", one.destination, error)
            return True
        if switched:
            polled = "on" if one.polled else "off"
            ports.telemetry.count("switched", destination=one.destination, polled=polled)
        return True

    def _drain(self, name: str, found: Deployed, state: DestinationState, waiting: int) -> None:
        """Start the drain that is due. One that runs already answers that it is busy."""
        ports = self._ports
        try:
            last = ports.drains.read(name)
            order = next_drain(found.mode, state, last, waiting, ports.clock())
            if order is None or not found.function:
                return
            ports.start(found.function, order)
        except SwitchboardError as error:
            self._warn("a drain could not be started", name, error)
        else:
            ports.telemetry.count("drain_started", destination=name, kind=order.kind)

    def _count(self, name: str, found: Deployed, state: DestinationState) -> int:
        """Each minute's numbers: 0 or 1, so that an alarm may ask for how long; what waits."""
        count = self._ports.telemetry.count
        count("breaker_open", float(state.breaker is not Breaker.CLOSED), destination=name)
        count("paused", float(state.paused), destination=name)
        try:
            waiting = sum(self._ports.depth(url) for url in found.queues.values())
        except SwitchboardError as error:
            self._warn("what waits cannot be counted", name, error)
            return 0
        count("waiting", float(waiting), destination=name)
        return waiting

    def _warn(self, message: str, name: str, error: SwitchboardError) -> None:
        self._ports.telemetry.warn(message, destination=name, why=str(error))
