"""Metrics and logs: one EMF line per source or destination, and one log line, an invocation.

Each combination of dimensions is a custom metric with a price, so the dimensions are `stage` and
one of `source` and `destination`; type, lane and reason travel as properties.
"""

from collections import Counter, defaultdict
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

NAMESPACE = "Switchboard"
LARGEST_DISTRIBUTION = 99
"""Values of one metric: with the hundredth Powertools would write a line of its own accord."""


class Telemetry(Protocol):
    """Where counts go."""

    def count(
        self,
        name: str,
        value: float = 1,
        *,
        source: str | None = None,
        destination: str | None = None,
        **properties: str,
    ) -> None:
        """Add `value` to the metric `name` of one source or one destination."""
        ...

    def observe(self, name: str, value: float, *, source: str) -> None:
        """A value of the metric `name` of one source, of which the highest counts."""
        ...

    def took_seconds(
        self,
        name: str,
        seconds: float,
        *,
        source: str | None = None,
        destination: str | None = None,
    ) -> None:
        """One duration of the metric `name`: each counts, so that percentiles can be asked for."""
        ...

    def warn(self, message: str, **fields: Any) -> None:
        """A structured warning at once: for what an operator must read whole."""
        ...


class InvocationTelemetry:
    """Collects during one invocation, or one `period` of a task; `flush` writes it out."""

    def __init__(self, stage: str, logger: Logger, period: str = "invocation") -> None:
        self._stage = stage
        self._logger = logger
        self._period = period
        self._counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._seconds: defaultdict[tuple[str, str], dict[str, list[float]]] = defaultdict(dict)
        self._properties: defaultdict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)

    def count(
        self,
        name: str,
        value: float = 1,
        *,
        source: str | None = None,
        destination: str | None = None,
        **properties: str,
    ) -> None:
        """See Telemetry."""
        key = _key(source, destination)
        self._counts[key][name] += value  # type: ignore[assignment]  # Counter adds floats as well
        for property_name, text in properties.items():
            self._properties[key].setdefault(property_name, set()).add(text)

    def observe(self, name: str, value: float, *, source: str) -> None:
        """See Telemetry. A Counter's highest value, so that one EMF line holds all of a source."""
        counts = self._counts["source", source]
        counts[name] = max(counts[name], value)  # type: ignore[assignment]  # floats as well

    def took_seconds(
        self,
        name: str,
        seconds: float,
        *,
        source: str | None = None,
        destination: str | None = None,
    ) -> None:
        """See Telemetry. EMF takes a hundred values of a metric in a line: more are left out."""
        kept = self._seconds[_key(source, destination)].setdefault(name, [])
        if len(kept) < LARGEST_DISTRIBUTION:
            kept.append(round(seconds, 3))

    def warn(self, message: str, **fields: Any) -> None:
        """See Telemetry."""
        self._logger.warning(message, extra=fields)

    def flush(self, **summary: Any) -> None:
        """Write the metrics and the invocation's one log line; start again from nothing."""
        for key in {**self._counts, **self._seconds}:
            self._write(key)
        totals = {
            f"{value}.{name}": count
            for (_, value), counts in self._counts.items()
            for name, count in counts.items()
        }
        self._logger.info(self._period, extra={"counts": totals, **summary})
        self._counts.clear()
        self._seconds.clear()
        self._properties.clear()

    def _write(self, key: tuple[str, str]) -> None:
        """One EMF line of a source or a destination."""
        dimension, value = key
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        metrics.add_dimension(name="stage", value=self._stage)
        metrics.add_dimension(name=dimension, value=value)
        for name, count in self._counts.get(key, Counter()).items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        for name, durations in self._seconds.get(key, {}).items():
            for seconds in durations:
                metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)
        for name, texts in self._properties.get(key, {}).items():
            metrics.add_metadata(key=name, value=sorted(texts)[:10])
        metrics.flush_metrics()


def _key(source: str | None, destination: str | None) -> tuple[str, str]:
    return ("source", source) if source is not None else ("destination", destination or "none")
