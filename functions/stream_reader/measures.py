"""What is counted of one source; cheap to add to, for it is done for every frame."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from switchboard.telemetry import Telemetry


class Measures:
    """The counts and values of a source since they were last gathered."""

    def __init__(self, source: str, telemetry: Telemetry) -> None:
        self.source = source
        self._telemetry = telemetry
        self._counts: Counter[str] = Counter()
        self._peaks: dict[str, float] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, name: str, value: int = 1) -> None:
        """Add to a count."""
        self._counts[name] += value

    def peak(self, name: str, value: float) -> None:
        """Keep the highest value."""
        if value > self._peaks.get(name, 0.0):
            self._peaks[name] = value

    def event(self, name: str, **properties: str) -> None:
        """Count what is rare enough to be told with its properties."""
        self._telemetry.count(name, 1, source=self.source, **properties)

    def warn(self, message: str, **fields: Any) -> None:
        """A structured warning at once."""
        self._telemetry.warn(message, source=self.source, **fields)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Read a value each time the measures are gathered."""
        self._gauges[name] = read

    def gather(self) -> None:
        """Hand everything to the telemetry and start again from nothing."""
        for name, value in self._counts.items():
            self._telemetry.count(name, value, source=self.source)
        for name, read in self._gauges.items():
            self.peak(name, read())
        for name, peak in self._peaks.items():
            self._telemetry.observe(name, peak, source=self.source)
        self._telemetry.count("alive", source=self.source)
        self._counts.clear()
        self._peaks.clear()
